"""A journal in memory: for tests and the laboratory. Same contract, nothing durable."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

from bitgrid_core.block import at_text
from bitgrid_core.chain import SALT_BYTES, Draft, Head, Record, make_record


class MemoryJournal:
    """Records in a list."""

    def __init__(self) -> None:
        """Start empty."""
        self._records: list[Record] = []

    def head(self) -> Head:
        """See ``JournalReader``."""
        return (
            Head(seq=len(self._records), hash=self._records[-1].hash) if self._records else Head()
        )

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """See ``JournalReader``."""
        yield from self._records[first - 1 : last]

    def newest(self, kind: str, before: int = 2**62) -> Record | None:
        """See ``JournalReader``."""
        older = reversed(self._records[: before - 1])
        return next((record for record in older if record.kind == kind), None)

    def append(self, drafts: Sequence[Draft], at_ms: int) -> list[Record]:
        """See ``Journal``."""
        first = len(self._records)
        for draft in drafts:
            head = self.head()
            salt = secrets.token_bytes(SALT_BYTES)
            self._records.append(make_record(draft, head.seq + 1, at_text(at_ms), head.hash, salt))
        return self._records[first:]

    def close(self) -> None:
        """See ``Journal``."""
