"""The encrypting side of age v1 (X25519 recipients), streaming. The agent cannot decrypt.

The format's bytes come from `bitgrid_core.archive.age_header`, the primitives from `cryptography`.

Invariant: a file key, a nonce and each ephemeral key are drawn anew for every file and forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitgrid_core.archive import age_header
from bitgrid_core.archive.age_header import Stanza
from bitgrid_core.errors import BadInput

Random: TypeAlias = Callable[[int], bytes]
"""Source of so many unpredictable bytes."""

_KEY_SIZE = 32
_ZERO_NONCE = bytes(12)


class Sink(Protocol):
    """Where ciphertext goes."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""


class AgeWriter:
    """Encrypts what is written to it; close it, or use it in ``with``, to finish the file.

    Args:
        sink: takes the ciphertext.
        recipients: raw X25519 public keys, at least one.
        random: source of the file key, the ephemeral keys and the nonce.

    Raises:
        BadInput: no recipient, or a key of low order.
    """

    def __init__(self, sink: Sink, recipients: Sequence[bytes], random: Random) -> None:
        if not recipients:
            raise BadInput("Nothing is sealed for nobody.", "Name at least one recipient.")
        file_key = random(age_header.FILE_KEY_SIZE)
        stanzas = tuple(_stanza(public, file_key, random) for public in recipients)
        sink.write(age_header.finish(stanzas, _mac(file_key, age_header.mac_input(stanzas))))
        nonce = random(age_header.PAYLOAD_NONCE_SIZE)
        sink.write(nonce)
        self._sink = sink
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, age_header.PAYLOAD_INFO))
        self._buffer = bytearray()
        self._counter = 0

    def write(self, data: bytes) -> int:
        """Encrypt ``data`` in due course; a full chunk waits until it is known not to be last."""
        self._buffer += data
        while len(self._buffer) > age_header.CHUNK_SIZE:
            self._flush(last=False)
        return len(data)

    def close(self) -> None:
        """Write the last chunk."""
        self._flush(last=True)

    def _flush(self, *, last: bool) -> None:
        chunk = bytes(self._buffer[: age_header.CHUNK_SIZE])
        del self._buffer[: age_header.CHUNK_SIZE]
        nonce = age_header.chunk_nonce(self._counter, last=last)
        self._sink.write(self._cipher.encrypt(nonce, chunk, None))
        self._counter += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()


def _stanza(public: bytes, file_key: bytes, random: Random) -> Stanza:
    ephemeral = X25519PrivateKey.from_private_bytes(random(_KEY_SIZE))
    share = ephemeral.public_key().public_bytes_raw()
    try:
        secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise BadInput("A recipient's key is weak.", "Make a new key pair.") from error
    wrap_key = _derive(secret, share + public, age_header.X25519_INFO)
    body = ChaCha20Poly1305(wrap_key).encrypt(_ZERO_NONCE, file_key, None)
    return Stanza(kind=age_header.X25519, args=(age_header.b64(share),), body=body)


def _mac(file_key: bytes, message: bytes) -> bytes:
    code = hmac.HMAC(_derive(file_key, b"", age_header.HEADER_INFO), hashes.SHA256())
    code.update(message)
    return code.finalize()


def _derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_SIZE, salt=salt, info=info).derive(secret)
