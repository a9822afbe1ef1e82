"""Tar archives byte by byte, also such as no sealer would make."""

from collections.abc import Iterable
from dataclasses import dataclass

BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; ``size`` overrides the honest size field."""

    name: str
    body: bytes
    typeflag: str = "0"
    size: bytes | None = None


def ustar(entries: Iterable[Entry]) -> bytes:
    """The archive with a right checksum for each entry and two zero blocks at its end."""
    out = bytearray()
    for entry in entries:
        out += _header(entry) + entry.body + bytes(-len(entry.body) % BLOCK)
    return bytes(out + bytes(2 * BLOCK))


def _header(entry: Entry) -> bytes:
    size = entry.size or b"%011o\0" % len(entry.body)
    head = bytearray(BLOCK)
    head[:100] = entry.name.encode()[:100].ljust(100, b"\0")
    head[100:136] = b"0000644\0" + b"0000000\0" * 2 + size
    head[136:148] = b"%011o\0" % 0
    head[148:156] = b" " * 8
    head[156:157] = entry.typeflag.encode()
    head[257:265] = b"ustar\x0000"
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)
