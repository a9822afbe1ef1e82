"""A journal in memory: for tests and the laboratory. Same contract, nothing durable."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import cast

from bitgrid_core.block import at_text
from bitgrid_core.chain import SALT_BYTES, Draft, Head, Record, make_record
from bitgrid_core.codec import Json, encode, loads_trusted
from bitgrid_core.errors import StorageError


class MemoryJournal:
    """Records in a list."""

    def __init__(self) -> None:
        """Start empty."""
        self._records: list[Record] = []
        self._events: set[str] = set()
        self._closed = False

    def head(self) -> Head:
        """See ``JournalReader``."""
        return (
            Head(seq=len(self._records), hash=self._records[-1].hash) if self._records else Head()
        )

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """See ``JournalReader``."""
        yield from self._records[max(first - 1, 0) : None if last is None else max(last, 0)]

    def newest(self, kind: str, before: int = 2**62) -> Record | None:
        """See ``JournalReader``."""
        older = reversed(self._records[: max(before - 1, 0)])
        return next((record for record in older if record.kind == kind), None)

    def append(self, drafts: Sequence[Draft], at_ms: int) -> list[Record]:
        """See ``Journal``."""
        if self._closed:
            raise StorageError("The journal is closed.", "Open it again.")
        records, head = [], self.head()
        for draft in map(_copy, drafts):
            salt = secrets.token_bytes(SALT_BYTES)
            record = make_record(draft, head.seq + 1, at_text(at_ms), head.hash, salt)
            head = Head(seq=record.seq, hash=record.hash)
            records.append(record)
        events = [str(record.body["id"]) for record in records if record.kind == "decision"]
        if len(set(events)) < len(events) or not self._events.isdisjoint(events):
            raise StorageError("A decision is already recorded.", "Let only one write.")
        self._events.update(events)
        self._records += records
        return records

    def close(self) -> None:
        """See ``Journal``."""
        self._closed = True


def _copy(draft: Draft) -> Draft:
    """What a database would give back: checked, and no longer the caller's to change."""
    body, private = loads_trusted(encode(draft.body)), loads_trusted(encode(draft.private))
    return Draft(
        kind=draft.kind,
        body=cast("dict[str, Json]", body),
        private=cast("dict[str, Json]", private),
    )
