"""Sealed objects: there, of the right hash and size, and, with an identity, of the right content.

Invariants: a bad object is quarantined and named, and every other one stays usable; an object
that is sealed for somebody else is no sign of tampering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from bitgrid_core.archive import manifest as manifests
from bitgrid_core.archive import names
from bitgrid_core.archive.leaf import Leaf
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.archive.manifest import Manifest
from bitgrid_research.opening.age import NoMatch, decrypt
from bitgrid_research.opening.identity import Identity
from bitgrid_research.opening.unpack import unpack
from bitgrid_research.outcome import Outcome, Tampered
from bitgrid_research.verify.content import Content, check_content, check_join
from bitgrid_research.verify.findings import Findings
from bitgrid_research.workspace import Place, ShardFolder

_NOT_OPENED = "It was not opened yet: run `bitgrid-research open` first, or give --identity."


class Opener(Protocol):
    """Gives the files of a proven object."""

    def files(self, leaf: Leaf) -> Mapping[str, bytes] | None:
        """Unchecked files by name; ``None`` if this opener does not have them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedOpener:
    """Opens verified objects with identities."""

    folder: ShardFolder
    identities: Sequence[Identity]

    def files(self, leaf: Leaf) -> Mapping[str, bytes] | None:
        """Files out of the sealed object; raises like ``decrypt`` and ``unpack``."""
        path = self.folder.path(object_name(leaf), Place.VERIFIED)
        if not path.is_file():
            return None
        with path.open("rb") as source:
            return unpack(decrypt(source, self.identities))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReader:
    """Reads what ``open`` wrote; it is checked against the leaf again, as if never seen."""

    folder: Path

    def files(self, leaf: Leaf) -> Mapping[str, bytes] | None:
        """The manifest and the files that it names."""
        base = self.folder / opened_name(leaf)
        if not base.is_dir():
            return None
        paths = [path for path in base.rglob("*") if path.is_file()]
        if sum(path.stat().st_size for path in paths) > LIMITS.object_opened:
            raise Tampered(f"{base} is too large for an opened object.", "Open it again.")
        return {path.relative_to(base).as_posix(): path.read_bytes() for path in paths}


def object_name(leaf: Leaf) -> str:
    """Name of a data leaf's object."""
    assert leaf.obj is not None, "data leaves name an object"
    return names.sealed_object(leaf.obj)


def opened_name(leaf: Leaf) -> str:
    """Folder of a data leaf's opened object."""
    return f"{leaf.stream}-{leaf.first:012d}-{leaf.last:012d}"


def prove_objects(
    folder: ShardFolder, data: Iterable[Leaf], found: Findings, advance: Callable[[int], object]
) -> list[Leaf]:
    """Those data leaves whose object is held and has the signed hash and size."""
    proven = []
    for leaf in data:
        name = object_name(leaf)
        path = folder.find(name)
        if path is None:
            found.missing(name, f"The object with {_range(leaf)} is missing.")
        elif path.stat().st_size != leaf.size or _hash(path) != leaf.obj:
            folder.reject(name)
            found.tampered(name, f"The object with {_range(leaf)} has another hash than signed.")
        else:
            folder.accept(name)
            proven.append(leaf)
        advance(1)
    return proven


def prove_contents(
    folder: ShardFolder,
    opener: Opener,
    proven: Iterable[Leaf],
    found: Findings,
    use: Callable[[Leaf, Content], None],
) -> None:
    """Open each object, check it against its leaf and its neighbours, and hand it on."""
    before: dict[str, Manifest] = {}
    for leaf in proven:
        name = object_name(leaf)
        try:
            files = opener.files(leaf)
            if files is None:
                found.add(Outcome.CANNOT_CHECK, name, _NOT_OPENED)
                continue
            content = check_content(leaf, files)
            stream = content.manifest.stream
            if stream in before:
                check_join(before[stream], content.manifest)
            before[stream] = content.manifest
        except NoMatch as error:
            found.add(Outcome.CANNOT_CHECK, name, error.message)
            continue
        except Tampered as error:
            if isinstance(opener, SealedOpener):
                folder.reject(name)
            found.tampered(name, error.message)
            continue
        use(leaf, content)


def write_opened(base: Path, content: Content) -> None:
    """Write an opened object's files below ``base``; the manifest last, as its seal of being whole."""
    for name in [*(part.name for part in content.manifest.files), manifests.NAME]:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.files[name])


def _range(leaf: Leaf) -> str:
    return f"{leaf.stream} {leaf.first} to {leaf.last}"


def _hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
