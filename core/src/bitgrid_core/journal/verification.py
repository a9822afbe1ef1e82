"""Proves a stored journal, or names the first thing that is wrong with it. Read-only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from bitgrid_core.chain import (
    ChainFault,
    Draft,
    Head,
    Record,
    links,
    make_record,
)
from bitgrid_core.codec import Json, decode
from bitgrid_core.errors import BadInput
from bitgrid_core.journal.anchors import Anchor, CheckSignature, signed_bytes
from bitgrid_core.journal.sqlite import SqliteReader, StoredRow


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReport:
    """What a verification found.

    Attributes:
        head: where the sound part of the chain ends.
        fault: the first bad thing, or ``None``.
        anchors: anchors that were compared.
        after_last_anchor: records that no anchor covers.
    """

    head: Head
    fault: ChainFault | None
    anchors: int
    after_last_anchor: int

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def verify_journal(
    reader: SqliteReader, anchors: Sequence[Anchor], check_signature: CheckSignature
) -> JournalReport:
    """Recompute every hash and compare the chain with its anchors."""
    expected = {anchor.head.seq: anchor for anchor in anchors}
    fault = _bad_signature(anchors, check_signature)
    head = Head()
    for record, found in links(_recomputed(reader.rows()), head):
        first = found or _stored_differs(record) or _anchor_differs(expected, record)
        if first is not None:
            fault = first
            break
        head = Head(seq=record.seq, hash=record.hash)
    last = max(expected, default=0)
    if fault is None and last > head.seq:
        fault = ChainFault(
            seq=head.seq + 1,
            reason=f"records {head.seq + 1} to {last} are missing: the tail was cut",
        )
    return JournalReport(
        head=head,
        fault=fault,
        anchors=len(anchors),
        after_last_anchor=max(0, head.seq - last),
    )


class _Tampered(Record):
    """Marks a row whose stored hashes are not those of its content."""

    __slots__ = ()


def _recomputed(rows: Iterator[StoredRow]) -> Iterator[Record]:
    for row in rows:
        yield _recompute(row)


def _recompute(row: StoredRow) -> Record:
    seq, at, kind, body, private, salt, commit, prev, stored = row
    try:
        draft = Draft(
            kind=kind,
            body=cast("dict[str, Json]", decode(body)),
            private=cast("dict[str, Json]", decode(private)),
        )
    except BadInput:
        return _tampered(row)
    record = make_record(draft, seq, at, prev, salt)
    return record if (record.hash, record.private_commit) == (stored, commit) else _tampered(row)


def _tampered(row: StoredRow) -> Record:
    seq, at, kind, _body, _private, _salt, commit, prev, stored = row
    return _Tampered(
        seq=seq, at=at, kind=kind, body={}, private_commit=commit, prev=prev, hash=stored
    )


def _stored_differs(record: Record) -> ChainFault | None:
    if isinstance(record, _Tampered):
        return ChainFault(seq=record.seq, reason=f"record {record.seq} was changed")
    return None


def _anchor_differs(expected: dict[int, Anchor], record: Record) -> ChainFault | None:
    anchor = expected.get(record.seq)
    if anchor is None or anchor.head.hash == record.hash:
        return None
    return ChainFault(
        seq=record.seq,
        reason=f"the anchor of {anchor.at} saw another record {record.seq}: the chain was rewritten",
    )


def _bad_signature(anchors: Sequence[Anchor], check_signature: CheckSignature) -> ChainFault | None:
    for anchor in anchors:
        data = signed_bytes(anchor.head, anchor.at)
        if not check_signature(data, anchor.signature, anchor.public_key):
            return ChainFault(
                seq=anchor.head.seq, reason=f"the anchor of {anchor.at} has a false signature"
            )
    return None
