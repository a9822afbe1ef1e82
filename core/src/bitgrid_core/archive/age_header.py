"""The age v1 file format (age-encryption.org/v1) around its cryptography: header and stream layout.

Parses and writes recipient stanzas and the MAC line, and fixes chunk sizes and nonces. Wrapping
keys, the MAC and the chunks themselves belong to the callers: the agent has only the encrypting
side, the researcher only the decrypting one.

Invariant: ``parse(header.text)`` gives the header back, and no other bytes give it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput

VERSION_LINE = b"age-encryption.org/v1\n"
X25519 = "X25519"
X25519_INFO = b"age-encryption.org/v1/X25519"
HEADER_INFO = b"header"
PAYLOAD_INFO = b"payload"
FILE_KEY_SIZE = 16
PAYLOAD_NONCE_SIZE = 16
CHUNK_SIZE = 64 * 1024
TAG_SIZE = 16
MAC_SIZE = 32
_COLUMNS = 64
_BYTES_PER_LINE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """One recipient's share of the file key, or grease that every reader passes over."""

    kind: str
    args: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> bytes:
        """Bytes of the stanza, its last line shorter than 64 columns."""
        coded = b64(self.body)
        lines = [coded[i : i + _COLUMNS] for i in range(0, len(coded), _COLUMNS)]
        if len(coded) % _COLUMNS == 0:
            lines.append("")
        return "\n".join([" ".join(["->", self.kind, *self.args]), *lines, ""]).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A parsed header: stanzas, MAC, and how many bytes it took."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    size: int

    @property
    def mac_input(self) -> bytes:
        """The bytes that the MAC covers: everything up to and with ``---``."""
        return mac_input(self.stanzas)

    @property
    def text(self) -> bytes:
        """Bytes of the whole header."""
        return finish(self.stanzas, self.mac)


def mac_input(stanzas: tuple[Stanza, ...]) -> bytes:
    """The bytes that a header's MAC covers."""
    return VERSION_LINE + b"".join(stanza.text for stanza in stanzas) + b"---"


def finish(stanzas: tuple[Stanza, ...], mac: bytes) -> bytes:
    """Bytes of a header with its MAC."""
    return mac_input(stanzas) + b" " + b64(mac).encode() + b"\n"


def parse(data: bytes) -> Header:
    """A header from the beginning of an age file; what follows ``Header.size`` is payload.

    Raises:
        BadInput: not age v1, not canonical, cut, or beyond the limits.
    """
    if not data.startswith(VERSION_LINE):
        raise BadInput("Not a file of age version 1.", "Fetch it again, or use a newer tool.")
    at, stanzas = len(VERSION_LINE), list[Stanza]()
    while True:
        line, at = _line(data, at)
        if line.startswith("---"):
            break
        stanza, at = _stanza(line, data, at)
        stanzas.append(stanza)
        if len(stanzas) > LIMITS.age_stanzas:
            raise _malformed("has too many recipients")
    if not stanzas:
        raise _malformed("has no recipient")
    mac = unb64(line.removeprefix("--- "))
    if not line.startswith("--- ") or len(mac) != MAC_SIZE:
        raise _malformed("has no well-formed MAC")
    return Header(stanzas=tuple(stanzas), mac=mac, size=at)


def chunk_nonce(counter: int, *, last: bool) -> bytes:
    """Nonce of a payload chunk: 11 bytes of counter and a mark on the last chunk."""
    return counter.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def b64(data: bytes) -> str:
    """Base64 without padding, as age writes it."""
    return base64.b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Bytes of canonical base64 without padding.

    Raises:
        BadInput: any other text.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise _malformed("holds bad base64") from error
    if b64(data) != text:
        raise _malformed("holds base64 that is not canonical")
    return data


def _stanza(line: str, data: bytes, at: int) -> tuple[Stanza, int]:
    mark, *words = line.split(" ")
    if mark != "->" or not words or not all(words):
        raise _malformed("has a malformed stanza")
    body = bytearray()
    while True:
        coded, at = _line(data, at)
        if len(coded) > _COLUMNS:
            raise _malformed("has a line that is too long")
        part = unb64(coded)
        body += part
        if len(part) < _BYTES_PER_LINE:
            return Stanza(kind=words[0], args=tuple(words[1:]), body=bytes(body)), at


def _line(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\n", at, LIMITS.age_header)
    if end < 0:
        raise _malformed("is cut or too long")
    line = data[at:end]
    if any(not 32 <= byte <= 126 for byte in line):  # noqa: PLR2004 - printable ASCII
        raise _malformed("holds bytes that are not printable ASCII")
    return line.decode("ascii"), end + 1


def _malformed(what: str) -> BadInput:
    return BadInput(f"The age header {what}.", "Fetch the object again; do not trust it.")
