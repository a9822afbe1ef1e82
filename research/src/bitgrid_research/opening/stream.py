"""Payload of an age file: the STREAM construction, decrypt side, one 64 KiB chunk at a time.

Source of the format: C2SP ``age.md``, section Payload. Must not know headers, identities or
what is inside. Invariant: no byte is handed out before its chunk is authenticated, and the end
is reached only through the chunk that is marked as the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitgrid_core.archive import age_header
from bitgrid_research.outcome import Tampered

SEALED_CHUNK_SIZE = age_header.CHUNK_SIZE + age_header.TAG_SIZE
_REMEDY = "Pull the object again; do not trust it."


class BadPayload(Tampered):
    """The payload was changed, cut or extended after it was sealed."""


def decrypt_payload(file_key: bytes, nonce: bytes, source: BinaryIO) -> Iterator[bytes]:
    """Plaintext chunks of the payload whose first chunk is next in ``source``.

    Raises:
        BadPayload: a chunk does not authenticate, the end is missing, or bytes follow it.
    """
    kdf = HKDF(algorithm=SHA256(), length=32, salt=nonce, info=age_header.PAYLOAD_INFO)
    cipher = ChaCha20Poly1305(kdf.derive(file_key))
    counter, chunk, last = 0, source.read(SEALED_CHUNK_SIZE), False
    while not last:
        # One chunk of look-ahead: only the end of the file says which chunk has to be the last.
        following = source.read(SEALED_CHUNK_SIZE)
        last = not following
        plain = _open_chunk(cipher, chunk, age_header.chunk_nonce(counter, last=last))
        if not plain and counter:
            raise BadPayload(f"Chunk {counter} of the payload is empty.", _REMEDY)
        yield plain
        counter, chunk = counter + 1, following


def _open_chunk(cipher: ChaCha20Poly1305, chunk: bytes, nonce: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, chunk, None)
    except InvalidTag:
        number = int.from_bytes(nonce[:-1], "big")
        raise BadPayload(f"Chunk {number} of the payload does not authenticate.", _REMEDY) from None
