"""What a sealed object holds against what its leaf promises: manifest, commitment, hash chain.

Knows files as bytes, wherever they were opened. Invariant: content that comes out has the
journal head that the signed leaf commits to, and its records join without a hole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from bitgrid_core import chain, codec
from bitgrid_core.archive import leaf as leaves
from bitgrid_core.archive import manifest as manifests
from bitgrid_core.archive.leaf import Leaf
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.archive.manifest import Manifest, SlicePart
from bitgrid_core.chain import Head, Record
from bitgrid_core.errors import BadInput
from bitgrid_research.outcome import Tampered

_REMEDY = "Do not use this object; ask the owner of the archive."


class BadObject(Tampered):
    """An object's inside is not what its leaf and manifest say."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a replay reads of a record."""

    seq: int
    kind: str
    body_bytes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An object's manifest and files."""

    manifest: Manifest
    files: Mapping[str, bytes]

    def bodies(self) -> Iterator[Body]:
        """Kind and body of every record, in order; for content that was checked before."""
        for part in self.manifest.files:
            lines = self.files[part.name].decode("utf-8").split("\n")[:-1]
            for seq, line in enumerate(lines, part.first):
                yield _body(seq, line)


def check_content(leaf: Leaf, files: Mapping[str, bytes]) -> Content:
    """The content of an opened object.

    Raises:
        BadObject: naming the first thing that does not fit.
    """
    try:
        manifest = manifests.decode(files.get(manifests.NAME, b""))
        _check_promise(leaf, manifest)
        _check_files(manifest, files)
        for part in manifest.files:
            _check_chain(part, files[part.name])
    except BadInput as error:
        raise BadObject(error.message, _REMEDY) from error
    return Content(manifest=manifest, files=files)


def check_join(before: Manifest, after: Manifest) -> None:
    """Two slices of a stream that follow each other have to share their head.

    Raises:
        BadObject: they do not.
    """
    if after.first == before.last + 1 and after.head_before != before.head_after:
        raise BadObject(f"Record {after.first} does not follow record {before.last}.", _REMEDY)


def _check_promise(leaf: Leaf, manifest: Manifest) -> None:
    promised = (leaf.stream, leaf.first, leaf.last, leaf.consent)
    if promised != (manifest.stream, manifest.first, manifest.last, manifest.consent):
        raise BadInput("The manifest says something else than the leaf.", _REMEDY)
    if leaf.journal_head != leaves.head_commitment(manifest.salt, manifest.head_after):
        raise BadInput("The journal head is not the one that the leaf commits to.", _REMEDY)
    if manifest.first == 1 and manifest.head_before != chain.GENESIS:
        raise BadInput("The first record does not start the journal.", _REMEDY)


def _check_files(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    wanted = {part.name for part in manifest.files} | {manifests.NAME}
    if wanted != files.keys():
        odd = sorted(wanted ^ files.keys())
        raise BadInput(f"Manifest and files differ in {odd[0]!r}.", _REMEDY)
    for part in manifest.files:
        data = files[part.name]
        if (len(data), sha256(data).hexdigest()) != (part.size, part.sha256):
            raise BadInput(f"File {part.name} is not the one of the manifest.", _REMEDY)


def _check_chain(part: SlicePart, data: bytes) -> None:
    start = Head(seq=part.first - 1, hash=part.head_before)
    end, fault = chain.verify_chain(_records(part, data), start)
    if fault is not None:
        raise BadInput(f"In {part.name}, {fault.reason}.", _REMEDY)
    if end != Head(seq=part.last, hash=part.head_after):
        raise BadInput(f"{part.name} ends at record {end.seq} with another head.", _REMEDY)


def _records(part: SlicePart, data: bytes) -> Iterable[Record]:
    if not data.endswith(b"\n"):
        raise BadInput(f"{part.name} ends within a record.", _REMEDY)
    for line in data[:-1].split(b"\n"):
        if len(line) > LIMITS.record:
            raise BadInput(f"A record of {part.name} is too long.", _REMEDY)
        yield chain.from_json(_document(line))


def _document(line: bytes) -> codec.Json:
    """Like ``codec.decode``, without its walk over each value: a year has 100,000 lines."""
    try:
        value: codec.Json = _DECODER.decode(line.decode("utf-8"))
        same = codec.encode_trusted(value) == line
    except (ValueError, RecursionError) as error:
        raise BadInput(f"A record is not JSON: {error}.", _REMEDY) from error
    if not same:
        raise BadInput("A record is not in canonical form.", _REMEDY)
    return value


def _body(seq: int, line: str) -> Body:
    """Cut the body out of a canonical line: it follows ``at``, and ``kind`` follows it."""
    start = line.index(_BODY) + len(_BODY)
    _, end = _DECODER.raw_decode(line, start)
    kind, _ = _DECODER.raw_decode(line, end + len(_KIND))
    return Body(seq, kind, line[start:end].encode("utf-8"))


def _no_float(text: str) -> codec.Json:
    raise BadInput(f"Number {text} of a record is not an integer.", _REMEDY)


_DECODER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)
_BODY = ',"body":'
_KIND = ',"kind":'
