"""Is the journal intact? Asked at every boot, before the first decision.

Checks what no earlier boot has: everything after the newest anchor, and the anchors' signatures.
The whole history is proven by ``bitgrid journal verify``, at the owner's leisure.
"""

from __future__ import annotations

from bitgrid_appliance.keys import check_signature
from bitgrid_core.chain import Draft, Head, Record, make_record, verify_chain
from bitgrid_core.errors import CheckFailed
from bitgrid_core.journal.anchors import Anchor, signed_bytes
from bitgrid_core.journal.protocol import JournalReader

_REMEDY = "Run `bitgrid journal verify` on it, and restore a backup."


def require_intact(journal: JournalReader, anchors: list[Anchor], public_key: str) -> None:
    """Check the tail of a journal.

    Raises:
        CheckFailed: naming the first record that is wrong.
    """
    start = Head()
    if anchors:
        newest = anchors[-1]
        data = signed_bytes(newest.head, newest.at)
        if newest.public_key != public_key or not check_signature(
            data, newest.signature, public_key
        ):
            raise CheckFailed(f"The anchor of {newest.at} is not signed by this core.", _REMEDY)
        start = newest.head
        _require_anchored(journal, start)
    for record in journal.records(start.seq + 1):
        _require_unchanged(record)
    _head, fault = verify_chain(journal.records(start.seq + 1), start)
    if fault is not None:
        raise CheckFailed(f"The journal is broken: {fault.reason}.", _REMEDY)


def _require_anchored(journal: JournalReader, head: Head) -> None:
    if head.seq == 0:
        return
    found = next(iter(journal.records(head.seq, head.seq)), None)
    if found is None or found.hash != head.hash:
        what = "is missing" if found is None else "was changed"
        raise CheckFailed(f"The journal is broken: record {head.seq} {what}.", _REMEDY)
    _require_unchanged(found)


def _require_unchanged(record: Record) -> None:
    assert record.private is not None  # the appliance's own journal is never redacted
    assert record.salt is not None
    draft = Draft(kind=record.kind, body=record.body, private=record.private)
    again = make_record(draft, record.seq, record.at, record.prev, bytes.fromhex(record.salt))
    if again.hash != record.hash:
        raise CheckFailed(f"The journal is broken: record {record.seq} was changed.", _REMEDY)
