"""``History`` over core's journal file: opened read-only for each question, closed after it.

Sequence numbers rise with blocks, so that a span is one walk backwards from its end. A
journal that is not there yet is an empty one; one that cannot be read is a ``StorageError``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from bitgrid_appliance.api.history import MAX_BLOCK, Recorded, Span
from bitgrid_appliance.api.shapes import Document
from bitgrid_core.chain import Record
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.origins import Origin, origins_of, policy_of
from bitgrid_core.policy import Policy, from_document

_AFTER_ALL: Final = 2**62


class JournalHistory:
    """The past as one journal file holds it.

    Args:
        path: the journal; it may appear later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def head_seq(self) -> int | None:
        """See ``History``."""
        with self._opened() as reader:
            return reader.head().seq or None if reader else None

    def decisions(self, span: Span) -> Sequence[Recorded]:
        """See ``History``."""
        with self._opened() as reader:
            if reader is None:
                return []
            records = reader.decisions_before(_end_seq(reader, span), span.limit)
            return [item for item in map(_recorded, records) if _is_in(item, span)]

    def decision(self, event_id: str) -> Recorded | None:
        """See ``History``."""
        with self._opened() as reader:
            record = reader.decision(event_id) if reader else None
            return None if record is None else _recorded(record)

    def origins(self, event_id: str) -> Mapping[str, Origin]:
        """See ``History``."""
        with self._opened() as reader:
            record = reader.decision(event_id) if reader else None
            if reader is None or record is None:
                return {}
            return origins_of(reader, record, policy_of(reader, record))

    def policy(self, digest: str) -> Policy | None:
        """See ``History``; policies change seldom, so that they are walked back one by one."""
        with self._opened() as reader:
            record = reader.newest("policy") if reader else None
            while reader and record and record.body.get("digest") != digest:
                record = reader.newest("policy", before=record.seq)
        return None if record is None else from_document(record.body["policy"])

    @contextmanager
    def _opened(self) -> Iterator[SqliteReader | None]:
        if not self._path.is_file():
            yield None
            return
        try:
            reader = SqliteReader(self._path)
        except BadInput as error:
            raise StorageError(error.message, error.hint) from error
        with reader:
            yield reader


def _end_seq(reader: SqliteReader, span: Span) -> int:
    after = _AFTER_ALL if span.before_seq is None else span.before_seq
    if span.last_block < MAX_BLOCK:
        next_block = reader.first_of_block(span.last_block + 1)
        after = after if next_block is None else min(after, next_block)
    return after


def _is_in(item: Recorded, span: Span) -> bool:
    return span.first_block <= int(item.event["block_id"]) <= span.last_block


def _recorded(record: Record) -> Recorded:
    return Recorded(seq=record.seq, at=record.at, event=cast("Document", record.body))
