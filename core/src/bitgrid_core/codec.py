"""Canonical bytes both ways: RFC 8785 (JCS) over a closed set of types.

Only ``dict`` with ASCII keys, ``list``, ``str``, ``int`` within ±2^53, ``bool`` and ``None``
exist here: no float, so that equal documents have equal bytes on every machine. With ASCII
keys, code-point order is JCS's UTF-16 order, and the C encoder of the standard library
writes exactly the JCS form.

Invariant: ``decode(encode(x)) == x``, and ``decode`` accepts nothing that ``encode`` would
not have written.
"""

from __future__ import annotations

import hashlib
import json
from typing import TypeAlias

from bitgrid_core.errors import BadInput

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

MAX_DEPTH = 64
"""Lists and objects within each other; a bound, so that no document exhausts the stack."""

INT_LIMIT = 2**53
"""Largest magnitude that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3)."""

_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def encode(value: Json) -> bytes:
    """Canonical UTF-8 bytes of a value.

    Raises:
        BadInput: the value holds a float, a non-ASCII key, an integer beyond ±2^53 or another type.
    """
    check(value)
    return encode_trusted(value)


def encode_trusted(value: Json) -> bytes:
    """Like ``encode`` for values that this package built itself: no walk over the tree first."""
    return _encode(value).encode("utf-8")


def check(value: object, depth: int = 0) -> None:
    """Refuse what has no canonical form here.

    Args:
        value: the value.
        depth: how many lists and objects are around it.

    Raises:
        BadInput: naming the offending part.
    """
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int):  # bool is an int within the limit
        if abs(value) > INT_LIMIT:
            raise BadInput(f"Integer {value} is beyond ±2^53.", "Use text for larger numbers.")
    elif isinstance(value, dict | list):
        _check_parts(value, depth + 1)
    elif value is not None:
        raise BadInput(
            f"{value!r} ({type(value).__name__}) has no canonical form.", "Use integers or text."
        )


def _check_parts(value: dict[object, object] | list[object], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadInput(f"A document is nested deeper than {MAX_DEPTH}.", "Flatten it.")
    if isinstance(value, list):
        for item in value:
            if not _is_plain(item):
                check(item, depth)
        return
    for key, item in value.items():
        if not (isinstance(key, str) and key.isascii()):
            raise BadInput(f"Key {key!r} is not ASCII text.", "Use ASCII keys.")
        if not _is_plain(item):
            check(item, depth)


def _is_plain(item: object) -> bool:
    """Whether a part needs no further look: nearly all of them, so a record costs half as much."""
    kind = type(item)
    if kind is int:
        return -INT_LIMIT <= item <= INT_LIMIT  # type: ignore[operator]  # an int, just checked
    return kind is str and item.isascii()  # type: ignore[attr-defined]  # a str, just checked


def decode(data: bytes) -> Json:
    """The value of canonical bytes.

    Raises:
        BadInput: not JSON, not canonical, or not of the closed set of types.
    """
    value = loads(data)
    if encode_trusted(value) != data:  # it was checked when it was read
        raise BadInput("The document is not in canonical form.", "Write it with RFC 8785 (JCS).")
    return value


def loads(data: bytes | str) -> Json:
    """The value of JSON text in any layout, with the closed set of types.

    Raises:
        BadInput: not JSON, a duplicate key, a float, a key or number outside the closed set.
    """
    try:
        value: Json = json.loads(
            data,
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError) as error:
        raise BadInput(f"Not a JSON document: {error}.", "Check that it is complete.") from error
    check(value)
    return value


def loads_trusted(data: bytes | str) -> Json:
    """The value of JSON that this package wrote; verification uses ``decode`` instead."""
    text = data if isinstance(data, str) else data.decode("utf-8")  # spares a guess at encodings
    value: Json = json.loads(text)
    return value


def digest(value: Json) -> str:
    """SHA-256 of the canonical bytes, as 64 hex digits."""
    return hashlib.sha256(encode(value)).hexdigest()


def _check_text(value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput("Text holds a lone surrogate.", "Send well-formed Unicode.") from error


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("A key occurs twice in one object.", "Keep one of them.")
    return found


def _no_float(text: str) -> Json:
    raise BadInput(f"Number {text} is not an integer.", "Use integers in the smallest unit.")
