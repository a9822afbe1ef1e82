"""The journal's hash chain as arithmetic: record hash, private commitment, verification.

A record is public ``body`` plus ``private`` part; the chain covers the private part only by a
salted commitment, so that redaction can drop it without touching the chain. Knows no storage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from bitgrid_core.codec import Json, encode_trusted
from bitgrid_core.errors import BadInput

GENESIS: Final = "0" * 64
"""``prev`` of the first record."""

SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored item of the journal.

    Attributes:
        seq: from 1, without gaps.
        at: RFC 3339 text; the journal's clock, virtual in a demo.
        kind: an input's kind, ``decision``, ``anchor``, …
        body: opaque ids and what a replay needs.
        private_commit: SHA-256(salt ‖ JCS(private)), hex.
        prev: hash of the record before.
        hash: SHA-256 over the rest, hex.
        private: names, serials, addresses; ``None`` once redacted.
        salt: hex; ``None`` once redacted.
    """

    seq: int
    at: str
    kind: str
    body: dict[str, Json]
    private_commit: str
    prev: str
    hash: str
    private: dict[str, Json] | None = None
    salt: str | None = None

    @property
    def body_bytes(self) -> bytes:
        """The body's canonical bytes."""
        return encode_trusted(self.body)

    def to_json(self) -> dict[str, Json]:
        """The record as in an outbox slice; redacted if its private part is gone."""
        document: dict[str, Json] = {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "body": self.body,
            "prev": self.prev,
        }
        if self.private is None or self.salt is None:
            return document | {"private_commit": self.private_commit}
        return document | {"private": self.private, "salt": self.salt}


def private_commit(salt: bytes, private: Json) -> str:
    """Commitment to a private part: hex SHA-256(salt ‖ JCS(private))."""
    return hashlib.sha256(salt + encode_trusted(private)).hexdigest()


def record_hash(core: Mapping[str, Json]) -> str:
    """Hash of a record from ``seq, at, kind, body, prev, private_commit``."""
    return hashlib.sha256(encode_trusted(dict(core))).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record that is not yet in a chain."""

    kind: str
    body: dict[str, Json]
    private: dict[str, Json] = field(default_factory=dict)


def make_record(draft: Draft, seq: int, at: str, prev: str, salt: bytes) -> Record:
    """Link a draft behind ``prev``.

    Args:
        draft: what to record.
        seq: its place.
        at: instant as text.
        prev: hash of the record before.
        salt: 16 random bytes, fresh for each record.
    """
    commit = private_commit(salt, draft.private)
    return Record(
        seq=seq,
        at=at,
        kind=draft.kind,
        body=draft.body,
        private_commit=commit,
        prev=prev,
        hash=_hash(seq, at, draft, prev, commit),
        private=draft.private,
        salt=salt.hex(),
    )


def _hash(seq: int, at: str, draft: Draft, prev: str, commit: str) -> str:
    return record_hash(
        {
            "seq": seq,
            "at": at,
            "kind": draft.kind,
            "body": draft.body,
            "prev": prev,
            "private_commit": commit,
        }
    )


def from_json(document: Json) -> Record:
    """A record of an outbox slice, full or redacted, its hash computed anew.

    Raises:
        BadInput: not a record.
    """
    try:
        return _record(cast("dict[str, Json]", document))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"A journal record cannot be read: {error!r}.", "The slice is damaged."
        ) from error


def _record(document: dict[str, Json]) -> Record:
    redacted = "private_commit" in document
    allowed = {"seq", "at", "kind", "body", "prev"}
    allowed |= {"private_commit"} if redacted else {"private", "salt"}
    if set(document) != allowed:
        raise ValueError(sorted(document))
    types = {"seq": int, "body": dict, "private": dict}
    for name, value in document.items():
        if type(value) is not types.get(name, str):
            raise TypeError(name)
    private = None if redacted else cast("dict[str, Json]", document["private"])
    salt = None if redacted else cast("str", document["salt"])
    if redacted:
        commit = cast("str", document["private_commit"])
    else:
        commit = private_commit(bytes.fromhex(cast("str", salt)), private)
    draft = Draft(
        kind=cast("str", document["kind"]), body=cast("dict[str, Json]", document["body"])
    )
    seq, at = cast("int", document["seq"]), cast("str", document["at"])
    prev = cast("str", document["prev"])
    return Record(
        seq=seq,
        at=at,
        kind=draft.kind,
        body=draft.body,
        private_commit=commit,
        prev=prev,
        hash=_hash(seq, at, draft, prev, commit),
        private=private,
        salt=salt,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFault:
    """The first record that does not fit, and why."""

    seq: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain ends: last sequence number and its record's hash."""

    seq: int = 0
    hash: str = GENESIS


def links(records: Iterable[Record], head: Head) -> Iterator[tuple[Record, ChainFault | None]]:
    """Each record with the fault that it shows against the one before, if any.

    Args:
        records: in the order in which they claim to stand.
        head: what stands before the first of them.
    """
    seq, prev = head.seq, head.hash
    for record in records:
        yield record, _fault(record, seq + 1, prev)
        seq, prev = record.seq, record.hash


def verify_chain(records: Iterable[Record], head: Head) -> tuple[Head, ChainFault | None]:
    """Where the chain ends, or the first fault; stops there."""
    last = head
    for record, fault in links(records, head):
        if fault is not None:
            return last, fault
        last = Head(seq=record.seq, hash=record.hash)
    return last, None


def _fault(record: Record, seq: int, prev: str) -> ChainFault | None:
    if record.seq != seq:
        what = "is missing" if record.seq > seq else "is out of order"
        where = min(record.seq, seq)
        return ChainFault(seq=where, reason=f"record {where} {what}")
    if record.prev != prev:
        return ChainFault(
            seq=seq, reason=f"record {seq} does not follow the record before it: one was changed"
        )
    return None
