"""Leaves of the transparency log: what each kind says, as canonical JSON of at most 2 KiB.

A leaf names sealed objects and sequence numbers and nothing private: no name, no place, no hash
of a plaintext that could be guessed. ``journal_head`` is a commitment whose salt lies in the
sealed manifest. A leaf, once signed, never changes.

Accounting, per stream: ``prev_end`` is the last sequence number that the log had accounted for
before this leaf. A leaf of data or a gap continues it (``first == prev_end + 1``); a gap with
``last <= prev_end`` declares lost what an earlier leaf named and no object holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import cast

from bitgrid_core import codec
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput

VERSION = 1


class Kind(StrEnum):
    """What a leaf is about."""

    LOGS = "logs"
    EXPORTS = "exports"
    REPLAYS = "replays"
    CONSENT = "consent"
    RECIPIENTS = "recipients"
    KEY = "key"
    HEARTBEAT = "heartbeat"
    GAP = "gap"
    SHARD = "shard"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Cause(StrEnum):
    """Why a gap's sequence numbers are not in the archive."""

    MISSING = "missing"
    UNCOVERED = "uncovered"
    WITHDRAWN = "withdrawn"
    OVERFLOW = "overflow"


DATA_KINDS = frozenset({Kind.LOGS, Kind.EXPORTS, Kind.REPLAYS})
"""Kinds that name a sealed object; their kind is their stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorLog:
    """The last known checkpoint of the shard before, as a ``shard`` leaf names it."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf; which fields a kind has stands in ``FIELDS``.

    Args:
        seq: index in the shard's log, from 0.
        obj: SHA-256 of the sealed object, in hex; for ``key`` of the key note.
        size: bytes of that object.
        first: first journal sequence number.
        last: last one.
        journal_head: salted commitment to the head after ``last``.
        consent: id of the consent under which it was made.
        epoch: number of the recipients' key epoch.
        prev_end: last sequence number accounted for before this leaf.
        at: instant of a leaf that speaks about time, ``2024-06-01T10:10:00.000Z``.
        digest: SHA-256 of the signed consent, which its signature makes unguessable.
        recipients: fingerprints, see ``recipient_fingerprint``.
    """

    seq: int
    kind: Kind
    obj: str | None = None
    size: int | None = None
    stream: str | None = None
    first: int | None = None
    last: int | None = None
    journal_head: str | None = None
    consent: str | None = None
    epoch: int | None = None
    prev_end: int | None = None
    at: str | None = None
    cause: Cause | None = None
    count: int | None = None
    digest: str | None = None
    heartbeat_s: int | None = None
    valid_until: str | None = None
    profile: str | None = None
    streams: tuple[str, ...] | None = None
    recipients: tuple[str, ...] | None = None
    prior: PriorLog | None = None


_DATA = frozenset({"obj", "size", "stream", "first", "last", "consent", "epoch", "prev_end"})
FIELDS: Mapping[Kind, tuple[frozenset[str], frozenset[str]]] = {
    Kind.LOGS: (_DATA | {"journal_head"}, frozenset()),
    Kind.EXPORTS: (_DATA, frozenset({"journal_head"})),
    Kind.REPLAYS: (_DATA | {"journal_head"}, frozenset()),
    Kind.CONSENT: (
        frozenset({"consent", "at", "digest", "heartbeat_s", "valid_until", "profile", "streams"}),
        frozenset(),
    ),
    Kind.RECIPIENTS: (frozenset({"consent", "at", "epoch", "recipients"}), frozenset()),
    Kind.KEY: (frozenset({"at", "obj", "size"}), frozenset()),
    Kind.HEARTBEAT: (frozenset({"consent", "at"}), frozenset()),
    Kind.GAP: (
        frozenset({"stream", "first", "last", "count", "prev_end", "cause"}),
        frozenset({"consent", "obj"}),
    ),
    Kind.SHARD: (frozenset({"at", "prior"}), frozenset()),
    Kind.WITHDRAWN: (frozenset({"consent", "at"}), frozenset()),
    Kind.EXPIRED: (frozenset({"consent", "at"}), frozenset()),
}
"""Required and optional fields of each kind, beside ``v``, ``seq`` and ``kind``."""


def encode(leaf: Leaf) -> bytes:
    """Canonical bytes of a leaf.

    Raises:
        BadInput: a field is missing, foreign to its kind or malformed, or the leaf is too long.
    """
    document: dict[str, codec.Json] = {"v": VERSION}
    for field in fields(leaf):
        value = getattr(leaf, field.name)
        if value is not None:
            document[field.name] = _plain(value)
    _check(document)
    data = codec.encode(document)
    if len(data) > LIMITS.leaf:
        raise BadInput(f"A leaf of {len(data)} bytes exceeds {LIMITS.leaf}.", "Name fewer things.")
    return data


def decode(data: bytes) -> Leaf:
    """A leaf from its canonical bytes.

    Raises:
        BadInput: too long, not canonical, an unknown version or kind, a missing or foreign field.
    """
    if len(data) > LIMITS.leaf:
        raise BadInput(f"A leaf of {len(data)} bytes exceeds {LIMITS.leaf}.", "Do not trust it.")
    document = codec.decode(data)
    if not isinstance(document, dict):
        raise BadInput("A leaf is not an object.", "Do not trust it.")
    _check(document)
    values: dict[str, object] = {k: v for k, v in document.items() if k != "v"}
    values["kind"] = Kind(cast("str", values["kind"]))
    for name in ("streams", "recipients"):
        if name in values:
            values[name] = tuple(cast("list[str]", values[name]))
    if "cause" in values:
        values["cause"] = Cause(cast("str", values["cause"]))
    if "prior" in values:
        values["prior"] = PriorLog(**cast("dict[str, str]", values["prior"]))  # type: ignore[arg-type]  # _check saw the types
    return Leaf(**values)  # type: ignore[arg-type]  # _check saw the types


def head_commitment(salt: str, head: str) -> str:
    """Commitment to a journal head: SHA-256 of salt and head, all in hex."""
    return hashlib.sha256(bytes.fromhex(salt) + bytes.fromhex(head)).hexdigest()


def recipient_fingerprint(recipient: str) -> str:
    """Fingerprint of an ``age1…`` recipient: half of the SHA-256 of its text, in hex."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:32]


def _check(document: Mapping[str, codec.Json]) -> None:
    kind = document.get("kind")
    if document.get("v") != VERSION or kind not in FIELDS:
        raise BadInput(
            f"A leaf of version {document.get('v')!r} and kind {kind!r} is unknown.",
            "Use a newer version of this tool.",
        )
    required, optional = FIELDS[Kind(cast("str", kind))]
    given = document.keys() - {"v", "seq", "kind"}
    odd = (required - given) | (given - required - optional)
    if odd or "seq" not in document:
        raise BadInput(f"A {kind} leaf lacks or must not have {sorted(odd)}.", "Do not trust it.")
    for name, value in document.items():
        if name not in ("v", "kind") and not _FORMS[name](value):
            raise BadInput(f"Field {name} of a {kind} leaf is malformed.", "Do not trust it.")
    _check_range(document)


def _check_range(document: Mapping[str, codec.Json]) -> None:
    if "first" not in document:
        return
    first, last = cast("int", document["first"]), cast("int", document["last"])
    if not 1 <= first <= last:
        raise BadInput(f"A leaf names the range {first} to {last}.", "Do not trust it.")
    if "count" in document and document["count"] != last - first + 1:
        raise BadInput("A gap's count is not that of its range.", "Do not trust it.")


def _plain(value: object) -> codec.Json:
    if isinstance(value, PriorLog):
        return {"origin": value.origin, "size": value.size, "root": value.root}
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, StrEnum):
        return value.value
    return cast("codec.Json", value)


def _count(value: codec.Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _matches(pattern: str) -> Callable[[codec.Json], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _texts(form: Callable[[codec.Json], bool], most: int) -> Callable[[codec.Json], bool]:
    return lambda value: (
        isinstance(value, list) and 1 <= len(value) <= most and all(form(item) for item in value)
    )


def _prior(value: codec.Json) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"origin", "size", "root"}
        and _matches(r"[!-~]{1,200}")(value["origin"])
        and _count(value["size"])
        and _hex64(value["root"])
    )


_hex64 = _matches(r"[0-9a-f]{64}")
_word = _matches(r"[a-z0-9][a-z0-9._-]{0,63}")
_instant = _matches(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_FORMS: Mapping[str, Callable[[codec.Json], bool]] = {
    "seq": _count,
    "obj": _hex64,
    "size": _count,
    "stream": _word,
    "first": _count,
    "last": _count,
    "journal_head": _hex64,
    "consent": _word,
    "epoch": _count,
    "prev_end": _count,
    "at": _instant,
    "cause": lambda value: value in set(Cause),
    "count": _count,
    "digest": _hex64,
    "heartbeat_s": _count,
    "valid_until": _instant,
    "profile": _word,
    "streams": _texts(_word, 8),
    "recipients": _texts(_matches(r"[0-9a-f]{32}"), LIMITS.recipients),
    "prior": _prior,
}
