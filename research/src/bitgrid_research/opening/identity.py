"""Identities: the secret side of age's X25519 keys, as text files and as unwrapping.

Must not know payloads or archives. Invariants: an identity's text is never repeated in an error,
a repr or a log; a file with identities is written with mode 0600 and never overwritten.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitgrid_core.archive import age_header, bech32
from bitgrid_core.errors import BadInput
from bitgrid_research.outcome import CannotCheck, Tampered, WrongUse

KEY_SIZE = 32
_WRAPPED_SIZE = age_header.FILE_KEY_SIZE + age_header.TAG_SIZE
_MOST_BYTES = 64 * 1024
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class BadStanza(Tampered):
    """A recipient stanza is not as the format demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One X25519 identity; its repr tells only the recipient."""

    secret: bytes = field(repr=False)
    recipient: str

    @property
    def text(self) -> str:
        """The secret as ``AGE-SECRET-KEY-1…``."""
        return bech32.encode(bech32.IDENTITY, self.secret).upper()

    def unwrap(self, stanza: age_header.Stanza) -> bytes | None:
        """The file key, or ``None`` if the stanza is for somebody else.

        Raises:
            BadStanza: an X25519 stanza of a wrong form.
        """
        if stanza.kind != age_header.X25519:
            return None
        share = _checked_share(stanza)
        own = X25519PrivateKey.from_private_bytes(self.secret)
        try:
            shared = own.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            raise BadStanza("A recipient's share is a low-order point.", "Distrust it.") from None
        salt = share + own.public_key().public_bytes_raw()
        kdf = HKDF(algorithm=SHA256(), length=32, salt=salt, info=age_header.X25519_INFO)
        try:
            return ChaCha20Poly1305(kdf.derive(shared)).decrypt(bytes(12), stanza.body, None)
        except InvalidTag:
            return None


def _checked_share(stanza: age_header.Stanza) -> bytes:
    share = age_header.unb64(stanza.args[0]) if len(stanza.args) == 1 else b""
    if len(share) != KEY_SIZE or len(stanza.body) != _WRAPPED_SIZE:
        raise BadStanza("A recipient stanza has a wrong length.", "Pull the object again.")
    return share


def identity_of(secret: bytes) -> Identity:
    """The identity of 32 secret bytes."""
    public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return Identity(secret=secret, recipient=bech32.encode(bech32.RECIPIENT, public))


def parse_identity(line: str) -> Identity:
    """An identity from ``AGE-SECRET-KEY-1…``.

    Raises:
        WrongUse: another kind of key, or a mistyped one.
    """
    try:
        prefix, secret = bech32.decode(line)
    except BadInput as error:
        raise WrongUse(error.message, error.hint) from None
    if prefix != bech32.IDENTITY or len(secret) != KEY_SIZE or line != line.upper():
        raise WrongUse(
            "A line is not an X25519 identity.", "It has to begin with AGE-SECRET-KEY-1."
        )
    return identity_of(secret)


def read_identities(path: Path) -> tuple[Identity, ...]:
    """Every identity of a file as ``age-keygen`` writes it: comments, blank lines, one key a line.

    Raises:
        CannotCheck: the file cannot be read.
        WrongUse: it holds no identity, or something else.
    """
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CannotCheck(
            f"The identity file {path} cannot be read: {error.strerror}.",
            "Give the file that `bitgrid-research keygen` wrote.",
        ) from error
    except UnicodeDecodeError:
        text = ""
    lines = [line.strip() for line in text.splitlines()]
    found = [parse_identity(line) for line in lines if line and not line.startswith("#")]
    if not found or len(text) > _MOST_BYTES:
        raise WrongUse(
            f"{path} is not an identity file.", "It has to hold a line AGE-SECRET-KEY-1…"
        )
    return tuple(found)


def new_identity() -> Identity:
    """A fresh identity from the system's randomness."""
    return identity_of(X25519PrivateKey.generate().private_bytes_raw())


def write_identity(path: Path, identity: Identity, created: str) -> None:
    """Write a new file in the form of ``age-keygen``, readable by its owner alone.

    Raises:
        WrongUse: the file exists, or its folder cannot be written.
    """
    text = f"# created: {created}\n# public key: {identity.recipient}\n{identity.text}\n"
    try:
        with os.fdopen(os.open(path, _CREATE, 0o600), "w", encoding="ascii") as file:
            file.write(text)
    except FileExistsError:
        raise WrongUse(
            f"{path} exists already; keys are never overwritten.", "Give another name."
        ) from None
    except OSError as error:
        raise WrongUse(
            f"{path} cannot be written: {error.strerror}.", "Give a folder that you may write."
        ) from error
