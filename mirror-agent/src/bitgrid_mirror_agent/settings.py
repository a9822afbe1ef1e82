"""Where things lie and how often the agent runs: defaults, then a TOML file, then the environment.

The only place of the agent that reads the environment. What may leave the house is not a setting:
that stands in the consent, which core signs.

Each setting is a flat key of ``DATA/mirror.toml`` or ``BITGRID_MIRROR_`` + its name in capitals.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import cast

from bitgrid_core.errors import BadInput

FILE = "mirror.toml"
PREFIX = "BITGRID_MIRROR_"
_SECRETS = frozenset({"s3_access_key_id", "s3_secret_access_key"})


class Clock(StrEnum):
    """What tells the agent the time."""

    WALL = "wall"
    """The machine's clock."""
    OUTBOX = "outbox"
    """When the newest slice was closed: for a demo in virtual time, and for nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The agent's settings.

    Args:
        outbox: directory that core fills; only read.
        consent: the signed consent; only read.
        core_pub: file with core's public key in hex; only read.
        state: the agent's own directory.
        interval_s: seconds between two pushes of ``run``.
        jitter_s: up to so many seconds are added to each interval.
        s3_ca_file: certificate authority to trust instead of the system's.
    """

    outbox: Path
    consent: Path
    core_pub: Path
    state: Path
    interval_s: int = 3600
    jitter_s: int = 300
    clock: Clock = Clock.WALL
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    s3_ca_file: str = ""


def load(data: Path, options: Mapping[str, object] | None = None) -> Settings:
    """Settings for a data directory; ``options`` of the command line win over everything.

    Raises:
        BadInput: an unknown setting, a value of the wrong kind, or a secret that others can read.
    """
    given: dict[str, object] = {
        "outbox": data / "outbox",
        "consent": data / "consent.json",
        "core_pub": data / "keys" / "core.pub",
        "state": data / "mirror",
        **_from_file(data / FILE),
        **_from_environment(),
        **(options or {}),
    }
    known = {field.name for field in fields(Settings)}
    for name in given.keys() - known:
        raise BadInput(f"Setting {name!r} is unknown.", f"Known are {', '.join(sorted(known))}.")
    return Settings(**{name: _parsed(name, value) for name, value in given.items()})  # type: ignore[arg-type]  # _parsed gives each field its type


def _from_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            found = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", "Correct or remove it.") from error
    if found.keys() & _SECRETS and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(f"{path} holds a secret that others can read.", f"Run chmod 600 {path}.")
    return found


def _from_environment() -> dict[str, object]:
    names = {PREFIX + field.name.upper(): field.name for field in fields(Settings)}
    return {names[key]: value for key, value in os.environ.items() if key in names}


def _parsed(name: str, value: object) -> object:
    text = str(value)
    match name:
        case "outbox" | "consent" | "core_pub" | "state":
            return Path(text)
        case "interval_s" | "jitter_s":
            if not text.isdecimal() or (name == "interval_s" and int(text) < 1):
                raise BadInput(f"Setting {name} is {text!r}.", "Give whole seconds.")
            return int(text)
        case "clock":
            if text not in set(Clock):
                raise BadInput(f"Setting clock is {text!r}.", "Choose wall or outbox.")
            return Clock(text)
        case _:
            return cast("object", text)
