"""The researcher's settings: the only module of this member that reads the environment.

Keys for a bucket are not here: boto3 takes them from its usual chain (``AWS_PROFILE``,
``AWS_ACCESS_KEY_ID``, ``~/.aws``), so that this program never sees where they come from.
Invariant: an option on the command line wins over the environment, which wins over a default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from bitgrid_research.outcome import WrongUse

_MOST_JOBS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be set once instead of with every command.

    Args:
        endpoint: address of an S3 server, ``None`` for the provider's own.
        profile: profile of ``~/.aws``, ``None`` for the usual chain.
        jobs: downloads at the same time.
        max_age: default of ``verify --max-age``, ``None`` for not judging age.
    """

    endpoint: str | None = None
    profile: str | None = None
    jobs: int = 8
    max_age: str | None = None


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``BITGRID_RESEARCH_ENDPOINT, _PROFILE, _JOBS, _MAX_AGE``.

    Raises:
        WrongUse: the number of jobs is not one from 1 to 64.
    """
    values = os.environ if environment is None else environment
    jobs = values.get("BITGRID_RESEARCH_JOBS", "8")
    if not (jobs.isascii() and jobs.isdecimal() and 1 <= int(jobs) <= _MOST_JOBS):
        raise WrongUse(
            f"BITGRID_RESEARCH_JOBS is {jobs!r}.", f"Set a number from 1 to {_MOST_JOBS}."
        )
    return Settings(
        endpoint=values.get("BITGRID_RESEARCH_ENDPOINT") or None,
        profile=values.get("BITGRID_RESEARCH_PROFILE") or None,
        jobs=int(jobs),
        max_age=values.get("BITGRID_RESEARCH_MAX_AGE") or None,
    )
