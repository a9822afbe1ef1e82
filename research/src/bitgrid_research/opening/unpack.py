"""From plaintext chunks to files: zstd and tar, both within limits, nothing on disk.

The tar reader knows plain files of the ustar form and nothing else: a link, folder, device,
extension header, sparse file or a second spelling of a number is refused, not interpreted.
Invariants: no more than ``LIMITS.object_opened`` bytes are ever held, whatever a compressed
size promises; a path that could leave a folder never comes out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import IO, cast

import zstandard

from bitgrid_core.archive import manifest
from bitgrid_core.archive.limits import LIMITS
from bitgrid_research.outcome import Tampered

_BLOCK = 512
_READ_SIZE = 64 * 1024
_WINDOW_SIZE = 8 * 1024 * 1024
_PATH = re.compile(r"manifest\.json|[a-z]+/[0-9a-z][0-9a-z._-]{0,99}")
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_REGULAR = (b"0", b"\0")
_USTAR = b"ustar"


class BadContent(Tampered):
    """The inside of a sealed object is not what the format allows."""


def unpack(chunks: Iterator[bytes]) -> dict[str, bytes]:
    """Files of a sealed object's plaintext by name, in the order of the tar.

    Raises:
        BadContent: not zstd, not a plain tar, beyond a limit, or a path that could do harm.
    """
    return read_tar(decompress(chunks))


def decompress(chunks: Iterator[bytes]) -> bytes:
    """The bytes of a zstd stream of one or more frames.

    Raises:
        BadContent: not zstd, cut, or larger than an object may be when opened.
    """
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW_SIZE).stream_reader(
        cast("IO[bytes]", _ChunkFile(chunks)), read_size=_READ_SIZE, read_across_frames=True
    )
    whole = bytearray()
    try:
        while part := reader.read(_READ_SIZE):
            whole += part
            if len(whole) > LIMITS.object_opened:
                raise _refused(f"unpacks to more than {LIMITS.object_opened} bytes")
    except zstandard.ZstdError as error:
        raise _refused("is not compressed with zstd as it has to be") from error
    return bytes(whole)


def read_tar(data: bytes) -> dict[str, bytes]:
    """Files of a ustar archive, at most as many as a manifest may name.

    Raises:
        BadContent: anything but uniquely named plain files up to the end mark.
    """
    files: dict[str, bytes] = {}
    at = 0
    while any(header := data[at : at + _BLOCK]):
        name, size = _entry(header)
        at += _BLOCK
        if name in files or len(files) > LIMITS.manifest_files:
            raise _refused(f"holds {name!r} twice, or too many files")
        if at + size > len(data):
            raise _refused(f"ends within {name!r}")
        files[name] = data[at : at + size]
        at += -(-size // _BLOCK) * _BLOCK
    if len(data) - at < 2 * _BLOCK or any(data[at:]):
        raise _refused("has no proper end")
    return files


def _entry(header: bytes) -> tuple[str, int]:
    if len(header) != _BLOCK or header[257:262] != _USTAR or header[156:157] not in _REGULAR:
        raise _refused("holds something that is not a plain file")
    checksum = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    if _number(header[148:156]) != checksum:
        raise _refused("has a damaged entry")
    raw = header[:100].rstrip(b"\0")
    name = raw.decode("ascii", errors="replace")
    if any(header[345:500]) or not _PATH.fullmatch(name):
        raise _refused(f"names the path {name!r}")
    return name, _number(header[124:136])


def _number(field: bytes) -> int:
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise _refused("has a damaged entry")
    return int(found.group(1), 8)


class _ChunkFile(io.RawIOBase):
    """Chunks as a readable file, for a reader that pulls."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; nothing only at the end."""
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return b""
            if not self._rest:
                return b""
        cut = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:cut], self._rest[cut:]
        return part


def _refused(what: str) -> BadContent:
    return BadContent(f"A sealed object {what}.", f"Do not unpack it; see {manifest.FORMAT}.")
