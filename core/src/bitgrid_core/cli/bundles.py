"""Replay bundles as files: written beside the replay that they repeat, read as a source of one.

A tar without compression, the same bytes from the same records, which ``tar x`` opens.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from bitgrid_core import bundle
from bitgrid_core.bundle import Manifest, Summary
from bitgrid_core.chain import Record
from bitgrid_core.errors import BadInput, CheckFailed, StorageError

_MAGIC: Final = b"ustar"
_MAGIC_AT: Final = 257


def is_bundle(path: Path) -> bool:
    """Whether a file is a tar.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(_MAGIC_AT)
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error


def write_bundle(path: Path, records: Iterable[tuple[Record, bool]]) -> Manifest:
    """Write a bundle; nothing is there under its name until all of it is.

    Args:
        path: a file that does not exist yet.
        records: in order; with each, whether it is the policy from before the window.

    Raises:
        BadInput: the file is there already, or there is no record.
        StorageError: it cannot be written.
    """
    if path.exists():
        raise BadInput(f"{path} is there already.", "Name a new file with --bundle.")
    lines, pending = (path.with_name(f".{path.name}.{part}") for part in ("records", "part"))
    try:
        try:
            manifest = _write_lines(lines, records)
            with tarfile.open(pending, "w", format=tarfile.USTAR_FORMAT) as tar:
                data = bundle.encode(manifest)
                tar.addfile(_entry(bundle.MANIFEST, len(data)), BytesIO(data))
                with lines.open("rb") as file:
                    tar.addfile(_entry(bundle.RECORDS, manifest.size), file)
            pending.rename(path)
        finally:
            for left in (lines, pending):
                left.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", "Check it.") from error
    return manifest


def read_manifest(path: Path) -> Manifest:
    """What a bundle says of itself.

    Raises:
        BadInput: it is none.
    """
    with _opened(path) as tar:
        return _manifest(path, tar)


def bundle_records(path: Path) -> Iterator[Record]:
    """A bundle's records, each proven to follow the last.

    Raises:
        BadInput: it is none.
        CheckFailed: it was changed.
    """
    with _opened(path) as tar:
        manifest = _manifest(path, tar)
        yield from bundle.records_of(manifest, _lines(path, tar, manifest))


def _opened(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except (OSError, tarfile.TarError) as error:
        raise BadInput(f"{path} is no bundle: {error}.", "Make it again.") from error


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    return bundle.decode(_member(path, tar, bundle.MANIFEST).read(bundle.MAX_MANIFEST_BYTES + 1))


def _member(path: Path, tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """The next file of the tar, which must be this one; nothing else is looked at."""
    try:
        found = tar.next()
        file = None if found is None or found.name != name else tar.extractfile(found)
    except (OSError, tarfile.TarError) as error:
        raise BadInput(f"{path} is damaged: {error}.", "Make it again.") from error
    if file is None:
        raise BadInput(f"{path} is no replay bundle: it has no {name}.", "Make it again.")
    return file


def _lines(path: Path, tar: tarfile.TarFile, manifest: Manifest) -> Iterator[bytes]:
    file, seen = _member(path, tar, bundle.RECORDS), hashlib.sha256()
    size = 0
    while line := file.readline(bundle.MAX_LINE_BYTES):
        seen.update(line)
        size += len(line)
        yield line
    if (size, seen.hexdigest()) != (manifest.size, manifest.sha256):
        raise CheckFailed(f"{path} is not what its manifest says.", "Make the bundle again.")


def _write_lines(path: Path, records: Iterable[tuple[Record, bool]]) -> Manifest:
    summary, seen, size = Summary(), hashlib.sha256(), 0
    with path.open("wb") as file:
        for record, before in records:
            line = summary.take(record, before=before)
            seen.update(line)
            size += file.write(line)
    return summary.manifest(size, seen.hexdigest())


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """The same for everyone, at any time."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry
