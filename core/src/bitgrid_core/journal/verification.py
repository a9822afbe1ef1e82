"""Proves a stored journal, or names the first thing that is wrong with it. Read-only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import cast

from bitgrid_core.chain import SALT_BYTES, ChainFault, Draft, Head, Record, links, make_record
from bitgrid_core.codec import Json, encode_trusted, loads_trusted
from bitgrid_core.journal.anchors import Anchor, CheckSignature, signed_bytes
from bitgrid_core.journal.pruning import RETENTION, retention_of
from bitgrid_core.journal.sqlite import SqliteReader, StoredRow


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReport:
    """What a verification found.

    Attributes:
        head: where the sound part of the chain ends.
        fault: the first bad thing, or ``None``.
        anchors: anchors that were compared.
        after_last_anchor: records that no anchor covers.
        base: where the chain begins: after what retention took out.
    """

    head: Head
    fault: ChainFault | None
    anchors: int
    after_last_anchor: int
    base: Head = field(default_factory=Head)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def verify_journal(
    reader: SqliteReader,
    anchors: Sequence[Anchor],
    check_signature: CheckSignature,
    public_key: str | None = None,
) -> JournalReport:
    """Recompute every hash and compare the chain with its anchors.

    Args:
        reader: the journal.
        anchors: oldest first.
        check_signature: for the anchors' signatures.
        public_key: the key that all anchors must carry; ``None``: the first one's.
    """
    key = public_key or (anchors[0].public_key if anchors else "")
    false = [(a, why) for a in anchors if (why := _false_signature(a, key, check_signature))]
    forged = {id(anchor) for anchor, _why in false}
    honest = [anchor for anchor in anchors if id(anchor) not in forged]
    base = reader.base()
    head, fault = _verify_chain(reader, honest, base)
    last = max((anchor.head.seq for anchor in honest), default=0)
    if fault is None and last > head.seq:
        reason = f"records {head.seq + 1} to {last} are missing: the tail was cut"
        fault = ChainFault(seq=head.seq + 1, reason=reason)
    if fault is None and false:
        anchor, reason = false[0]
        fault = ChainFault(seq=anchor.head.seq, reason=reason)
    return JournalReport(
        head=head,
        fault=fault,
        anchors=len(anchors),
        after_last_anchor=max(0, head.seq - last),
        base=base,
    )


def _verify_chain(
    reader: SqliteReader, anchors: Sequence[Anchor], base: Head
) -> tuple[Head, ChainFault | None]:
    expected: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        expected.setdefault(anchor.head.seq, []).append(anchor)
    rows, kept = _parted(map(_recompute, reader.rows()), base)
    for record in kept:
        first = _stored_differs(record) or _anchor_differs(expected, record)
        if first is not None:
            return Head(), first
    head, vouched = base, base.seq == 0
    for record, found in links(rows, head):
        first = found or _stored_differs(record) or _anchor_differs(expected, record)
        if first is not None:
            return head, first
        head = Head(seq=record.seq, hash=record.hash)
        vouched = vouched or _says_so(record, base, kept)
    if not vouched:
        reason = f"records 1 to {base.seq} are missing, and no record of retention says so"
        return Head(), ChainFault(seq=1, reason=reason)
    return head, None


def _parted(rows: Iterator[Record], base: Head) -> tuple[Iterator[Record], list[Record]]:
    """The records of the chain, and before it those that retention left there."""
    kept: list[Record] = []
    for record in rows:
        if record.seq > base.seq:
            return chain([record], rows), kept
        kept.append(record)
    return iter(()), kept


def _says_so(record: Record, base: Head, kept: Sequence[Record]) -> bool:
    """Whether a record says that retention took out what is missing, and left what is there."""
    if record.kind != RETENTION:
        return False
    try:
        said = retention_of(record)
    except (KeyError, TypeError, ValueError):
        return False
    left = tuple(Head(seq=one.seq, hash=one.hash) for one in kept)
    return said.through == base and said.kept == left


class _Tampered(Record):
    """Marks a row whose stored hashes are not those of its content."""

    __slots__ = ()


def _recompute(row: StoredRow) -> Record:
    """The record that a row's content makes, marked if the row says otherwise."""
    try:
        draft = Draft(
            kind=_text(row.kind),
            body=_canonical(row.body),
            private=_canonical(row.private),
        )
        record = make_record(draft, row.seq, _text(row.at), _text(row.prev), row.salt)
        return record if _is_as_stored(record, row) else _tampered(row)
    except (TypeError, ValueError, AttributeError, RecursionError):  # whatever somebody wrote there
        return _tampered(row)


def _canonical(data: bytes) -> dict[str, Json]:
    """A document whose bytes are its canonical ones; what else it may hold, its hash tells.

    Raises:
        ValueError: other bytes.
    """
    value = loads_trusted(data)
    if encode_trusted(value) != data:
        raise ValueError(data)
    return cast("dict[str, Json]", value)


def _is_as_stored(record: Record, row: StoredRow) -> bool:
    """Whether hashes and look-up columns are those of the content."""
    event = record.body.get("id") if record.kind == "decision" else None
    return (
        len(row.salt) == SALT_BYTES
        and (_text(row.hash), _text(row.private_commit)) == (record.hash, record.private_commit)
        and row.block == record.body.get("block_id")
        and (None if row.event is None else _text(row.event)) == event
    )


def _tampered(row: StoredRow) -> Record:
    return _Tampered(
        seq=row.seq,
        at=_text(row.at),
        kind=_text(row.kind),
        body={},
        private_commit=_text(row.private_commit),
        prev=_text(row.prev),
        hash=_text(row.hash),
    )


def _text(data: bytes | None) -> str:
    """Stored text; what is no UTF-8 stays visible and equals nothing that was written."""
    return (data or b"").decode("utf-8", errors="backslashreplace")


def _stored_differs(record: Record) -> ChainFault | None:
    if isinstance(record, _Tampered):
        return ChainFault(seq=record.seq, reason=f"record {record.seq} was changed")
    return None


def _anchor_differs(expected: dict[int, list[Anchor]], record: Record) -> ChainFault | None:
    for anchor in expected.get(record.seq, []):
        if anchor.head.hash != record.hash:
            reason = f"the anchor of {anchor.at} saw another record {record.seq}: the chain was rewritten"
            return ChainFault(seq=record.seq, reason=reason)
    return None


def _false_signature(anchor: Anchor, key: str, check_signature: CheckSignature) -> str | None:
    if anchor.public_key != key:
        return f"the anchor of {anchor.at} is signed by another key"
    data = signed_bytes(anchor.head, anchor.at)
    if not check_signature(data, anchor.signature, key):
        return f"the anchor of {anchor.at} has a false signature"
    return None
