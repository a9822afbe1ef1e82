"""The key that signs checkpoints: made on the device, mode 0600, never in a backup.

Also makes age key pairs for ``bitgrid-mirror keygen``: the one place that sees an identity, which
goes to a person and stays out of the agent's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from bitgrid_core.archive import bech32, note
from bitgrid_core.archive.note import VerifierKey
from bitgrid_core.errors import StorageError
from bitgrid_mirror_agent.age import Random
from bitgrid_mirror_agent.durable import create_secret

_SIZE = 32


class CheckpointKey:
    """An Ed25519 key that signs notes under the name of a shard's log."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    def verifier(self, origin: str) -> VerifierKey:
        """The public side under the name of a log."""
        return VerifierKey(name=origin, algorithm=note.ED25519, public=self.public)

    def sign_note(self, origin: str, text: str) -> bytes:
        """A signed note."""
        return note.sign(text, [(self.verifier(origin), self._private.sign)])


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeKeyPair:
    """An age key pair as text: the identity is the secret, the recipient is public."""

    identity: str
    recipient: str


def create(path: Path, random: Random) -> CheckpointKey:
    """Make a key and store it; an older key there is forgotten.

    Raises:
        StorageError: the file cannot be written.
    """
    path.unlink(missing_ok=True)
    secret = random(_SIZE)
    create_secret(path, secret.hex() + "\n")
    return CheckpointKey(Ed25519PrivateKey.from_private_bytes(secret))


def load(path: Path) -> CheckpointKey:
    """The stored key.

    Raises:
        StorageError: it is not there, or not a key.
    """
    try:
        secret = bytes.fromhex(path.read_text().strip())
        return CheckpointKey(Ed25519PrivateKey.from_private_bytes(secret))
    except (OSError, ValueError) as error:
        raise StorageError(
            f"The checkpoint key {path} cannot be read.",
            f"Move {path.parent} away: the agent then starts a new log with a new key.",
        ) from error


def age_key_pair(random: Random) -> AgeKeyPair:
    """A new X25519 pair in age's text form."""
    private = X25519PrivateKey.from_private_bytes(random(_SIZE))
    public = private.public_key().public_bytes_raw()
    return AgeKeyPair(
        identity=bech32.encode(bech32.IDENTITY, private.private_bytes_raw()).upper(),
        recipient=bech32.encode(bech32.RECIPIENT, public),
    )
