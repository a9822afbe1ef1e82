"""What a journal can do. Every implementation passes the same contract suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from bitgrid_core.chain import Draft, Head, Record


class JournalReader(Protocol):
    """Reading, which never changes anything."""

    def head(self) -> Head:
        """The last record's number and hash; 0 and zeros if empty."""

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """Stored records in order, as stored: verification is the caller's."""

    def newest(self, kind: str, before: int = 2**62) -> Record | None:
        """The newest record of a kind whose number is below ``before``."""


class Journal(JournalReader, Protocol):
    """Reading and appending; there is no other way to change a journal."""

    def append(self, drafts: Sequence[Draft], at_ms: int) -> list[Record]:
        """Append all drafts or none; durable when it returns.

        Raises:
            BadInput: a draft holds what has no canonical form.
            StorageError: the disk or database did not take them, or a decision is there already.
        """

    def close(self) -> None:
        """Release the storage; appending afterwards is an error."""
