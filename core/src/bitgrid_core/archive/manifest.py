"""The manifest of a sealed object: its first file, which says what the others are.

Read after decryption and before anything else is unpacked. Slices of two objects join when one's
``head_after`` is the other's ``head_before``; the salt opens the leaf's ``journal_head``.

Invariant: ``decode(encode(m)) == m``; a path that leaves the object's folder is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

from bitgrid_core import codec
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput

FORMAT = "bitgrid-archive/1"
NAME = "manifest.json"

_PATH = re.compile(r"[a-z]+/[0-9a-z][0-9a-z._-]{0,99}")
_HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePart:
    """One file: records ``first`` to ``last``, a whole slice or a part of a long one."""

    name: str
    size: int
    sha256: str
    first: int
    last: int
    head_before: str
    head_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a sealed object holds and where it comes from.

    Args:
        first_block: earliest block that the slices name, or ``None``.
        head_before: journal head before record ``first``.
        head_after: journal head after record ``last``.
        policy_digests: policies in force, sorted.
        software: versions that wrote the records, sorted.
        salt: 32 bytes in hex; ``leaf.head_commitment(salt, head_after)`` is in the leaf.
    """

    stream: str
    first: int
    last: int
    first_block: int | None
    last_block: int | None
    head_before: str
    head_after: str
    files: tuple[SlicePart, ...]
    policy_digests: tuple[str, ...]
    software: tuple[str, ...]
    profile: str
    consent: str
    salt: str


def encode(manifest: Manifest) -> bytes:
    """Canonical bytes of a manifest."""
    document = {"v": 1, "format": FORMAT, **asdict(manifest)}
    document["files"] = [asdict(part) for part in manifest.files]
    for name in ("policy_digests", "software"):
        document[name] = list(document[name])
    _check_parts(manifest)
    return codec.encode(cast("codec.Json", document))


def decode(data: bytes) -> Manifest:
    """A manifest from its canonical bytes.

    Raises:
        BadInput: too large, another format, a field missing, foreign or malformed, a path that
            could leave its folder, or files that do not join.
    """
    if len(data) > LIMITS.manifest:
        raise BadInput(f"A manifest of {len(data)} bytes is too large.", "Do not trust it.")
    document = codec.decode(data)
    if not isinstance(document, dict) or (document.get("v"), document.get("format")) != (1, FORMAT):
        raise BadInput("A manifest has an unknown format.", "Use a newer version of this tool.")
    del document["v"], document["format"]
    _check_fields(document, _FIELDS)
    parts = cast("list[dict[str, codec.Json]]", document["files"])
    for part in parts:
        if not isinstance(part, dict):
            raise BadInput("A manifest's file is not an object.", "Do not trust it.")
        _check_fields(part, _PART_FIELDS)
    values: dict[str, object] = dict(document)
    values["files"] = tuple(SlicePart(**part) for part in parts)  # type: ignore[arg-type]  # checked
    for name in ("policy_digests", "software"):
        values[name] = tuple(cast("list[str]", values[name]))
    found = Manifest(**values)  # type: ignore[arg-type]  # checked by _check_fields
    _check_parts(found)
    return found


def part_name(stream: str, first: int, last: int) -> str:
    """Path inside the object of records ``first`` to ``last``."""
    return f"{stream}/{first:012d}-{last:012d}.jsonl"


def _check_parts(manifest: Manifest) -> None:
    head, following = manifest.head_before, manifest.first
    for part in manifest.files:
        if not _PATH.fullmatch(part.name):
            raise BadInput(f"A manifest names the file {part.name[:80]!r}.", "Do not unpack it.")
        if part.first != following or part.head_before != head or part.last < part.first:
            raise BadInput(f"File {part.name} does not join the one before.", "Do not trust it.")
        head, following = part.head_after, part.last + 1
    if head != manifest.head_after or following != manifest.last + 1:
        raise BadInput("A manifest's files do not cover its range.", "Do not trust it.")
    if len({part.name for part in manifest.files}) != len(manifest.files):
        raise BadInput("A manifest names a file twice.", "Do not trust it.")


def _check_fields(document: Mapping[str, codec.Json], table: Mapping[str, type]) -> None:
    if document.keys() != table.keys():
        odd = sorted(document.keys() ^ table.keys())
        raise BadInput(f"A manifest lacks or must not have {odd}.", "Do not trust it.")
    for name, value in document.items():
        form = table[name]
        absent = value is None and name in ("first_block", "last_block")
        if not absent and (not isinstance(value, form) or isinstance(value, bool)):
            raise BadInput(f"Field {name} of a manifest is malformed.", "Do not trust it.")
        if name in _HEX_FIELDS and not _HEX64.fullmatch(cast("str", value)):
            raise BadInput(f"Field {name} of a manifest is no hash.", "Do not trust it.")
        if form is list and not _is_list_of(value, dict if name == "files" else str):
            raise BadInput(f"List {name} of a manifest is malformed.", "Do not trust it.")


def _is_list_of(value: codec.Json, form: type) -> bool:
    items = cast("list[codec.Json]", value)
    return len(items) <= LIMITS.manifest_files and all(isinstance(item, form) for item in items)


_HEX_FIELDS = frozenset({"sha256", "head_before", "head_after", "salt"})
_PART_FIELDS: Mapping[str, type] = {
    "name": str,
    "size": int,
    "sha256": str,
    "first": int,
    "last": int,
    "head_before": str,
    "head_after": str,
}
_FIELDS: Mapping[str, type] = {
    "stream": str,
    "first": int,
    "last": int,
    "first_block": int,
    "last_block": int,
    "head_before": str,
    "head_after": str,
    "files": list,
    "policy_digests": list,
    "software": list,
    "profile": str,
    "consent": str,
    "salt": str,
}
