"""What a check can end with: outcomes, their exit codes and which one wins; findings; errors.

Must not know archives, files or programs. Invariants: the numbers are the contract with
scripts (`docs`, table of exit codes); ``worst`` is the only place that ranks them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from bitgrid_core.errors import BitgridError


class Outcome(IntEnum):
    """How a check ended; the value is the exit code of the program."""

    COMPLETE = 0
    TAMPERED = 1
    INCOMPLETE = 2
    STALE = 3
    CANNOT_CHECK = 4
    REPLAY_DIFFERS = 5
    WITHDRAWN = 6
    WRONG_USE = 64

    @property
    def label(self) -> str:
        """The outcome as people and JSON see it, for example ``cannot check``."""
        return self.name.lower().replace("_", " ")


PRECEDENCE = (
    Outcome.WRONG_USE,
    Outcome.TAMPERED,
    Outcome.WITHDRAWN,
    Outcome.INCOMPLETE,
    Outcome.REPLAY_DIFFERS,
    Outcome.STALE,
    Outcome.CANNOT_CHECK,
    Outcome.COMPLETE,
)
"""The first of these that occurs is the exit code of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be: where, and in one sentence what."""

    outcome: Outcome
    name: str
    what: str

    def as_json(self) -> dict[str, str]:
        """The finding as plain text values."""
        return {"outcome": self.outcome.label, "name": self.name, "what": self.what}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that decides the exit code; ``COMPLETE`` when there is none."""
    return min(outcomes, key=PRECEDENCE.index, default=Outcome.COMPLETE)


class ResearchError(BitgridError):
    """An error of the researcher's program; its exit code is an outcome's."""

    outcome = Outcome.CANNOT_CHECK

    def __init_subclass__(cls) -> None:
        """Keep the exit code equal to the outcome."""
        cls.exit_code = int(cls.outcome)


class Tampered(ResearchError):
    """Bytes are not what was signed, sealed or promised (exit 1)."""

    outcome = Outcome.TAMPERED


class Incomplete(ResearchError):
    """Something that the log promises is not there (exit 2)."""

    outcome = Outcome.INCOMPLETE


class CannotCheck(ResearchError):
    """A key, a pin or a source is missing, so that nothing can be said (exit 4)."""

    outcome = Outcome.CANNOT_CHECK


class Withdrawn(ResearchError):
    """The owner withdrew the consent, or it expired (exit 6)."""

    outcome = Outcome.WITHDRAWN


class WrongUse(ResearchError):
    """An argument, a file or a folder that cannot be used like that (exit 64)."""

    outcome = Outcome.WRONG_USE
