"""What a simulated life amounted to: counts, faults met, complaints of the checkers."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

MOST_KEPT = 20
"""Complaints of one life that are kept in words; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a checker said, and when."""

    checker: str
    text: str
    at_ms: int

    def __str__(self) -> str:
        """For people, with the true time."""
        at = datetime.fromtimestamp(self.at_ms / 1000, UTC)
        return f"{at:%Y-%m-%d %H:%M:%S} {self.checker}: {self.text}"


@dataclass(slots=True, kw_only=True)
class Report:
    """One life of some days.

    Attributes:
        seed: of everything.
        days: how many house-days.
        counts: what happened how often.
        faults: how often each kind was met.
        violations: how often each checker complained.
        complaints: the first of them.
        cpu_ms: what it took.
    """

    seed: int
    days: int
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    complaints: list[Complaint] = field(default_factory=list)
    cpu_ms: int = 0

    def complain(self, checker: str, text: str, at_ms: int) -> None:
        """Note what does not hold."""
        self.violations[checker] += 1
        if len(self.complaints) < MOST_KEPT:
            self.complaints.append(Complaint(checker=checker, text=text, at_ms=at_ms))

    @property
    def command(self) -> str:
        """What repeats this life."""
        return f".venv/bin/python tests/soak/edge.py --seed {self.seed} --days {self.days}"

    def text(self) -> str:
        """All complaints, and how to see them again."""
        return "\n".join([*map(str, self.complaints), f"repeat: {self.command}"])
