"""What the runtime needs from outside: protocols of one or two methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from bitgrid_core.chain import Record
from bitgrid_core.journal.protocol import Journal, JournalReader


class CoreJournal(Journal, Protocol):
    """The journal, with the one look-up that a restart needs."""

    def of_kind(self, kind: str, blocks: tuple[int, int]) -> Iterator[Record]:
        """Records of a kind that concern blocks between both bounds, in order."""


class Slices(Protocol):
    """Where closed parts of the journal are handed over."""

    @property
    def last_seq(self) -> int:
        """Number of the last record that was handed over."""

    def close_slice(self, journal: JournalReader, at_ms: int) -> str | None:
        """Hand over everything since."""


class Anchors(Protocol):
    """Signed heads, kept outside the journal."""

    def newest_at_ms(self) -> int | None:
        """When the last one was made."""

    def add(self, journal: Journal, at_ms: int) -> None:
        """Sign the present head, keep it, and record that."""


class Days(Protocol):
    """Closed days, exported beside the journal, and what retention makes of them."""

    def keep(self, handed_over: int, at_ms: int) -> None:
        """Export what has closed; take out what has expired and was handed over by then."""


LocalDay: TypeAlias = Callable[[int], int]
"""The site-local date of an instant in milliseconds, as yyyymmdd."""
