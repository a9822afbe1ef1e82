"""Core's own key: Ed25519, made on this machine at the first start, never anywhere else.

Signs anchors and consents. The private half is a file of mode 0600; the public half, in hex, is
what the agent is told. Invariant: a key is never replaced by another one silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bitgrid_appliance.durable import replace_file
from bitgrid_core.errors import BadInput, StorageError

_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class CoreKey:
    """Core's key pair."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """Public key in hex."""
        return self.private.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> tuple[str, str]:
        """Signature and public key, both hex."""
        return self.private.sign(data).hex(), self.public


def check_signature(data: bytes, signature: str, public_key: str) -> bool:
    """Whether ``signature`` over ``data`` is of ``public_key``; both hex."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def core_key(private_path: Path, public_path: Path) -> CoreKey:
    """Core's key, made if there is none yet.

    Raises:
        BadInput: the file holds no key.
        StorageError: it cannot be read or written.
    """
    try:
        if not private_path.exists():
            _make(private_path)
        key = _read(private_path)
        if not public_path.exists() or public_path.read_text().strip() != key.public:
            replace_file(public_path, f"{key.public}\n".encode())
    except OSError as error:
        raise StorageError(
            f"Core's key {private_path} cannot be used: {error.strerror}.",
            "Choose a folder that can be written.",
        ) from error
    return key


def _read(path: Path) -> CoreKey:
    try:
        raw = bytes.fromhex(path.read_text().strip())
    except ValueError:
        raw = b""
    if len(raw) != _SIZE:
        raise BadInput(f"{path} holds no key.", "Restore it from a backup, or move it away.")
    return CoreKey(Ed25519PrivateKey.from_private_bytes(raw))


def _make(path: Path) -> None:
    raw = Ed25519PrivateKey.generate().private_bytes_raw()
    replace_file(path, f"{raw.hex()}\n".encode(), mode=0o600)
