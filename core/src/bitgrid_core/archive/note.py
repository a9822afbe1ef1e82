"""C2SP signed notes: text, a blank line, signature lines; and verifier keys as text.

Knows no key's secret: who signs or verifies passes a function in. Unknown keys are ignored,
as the specification asks; a known key with a wrong signature is an error.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput, CheckFailed

ED25519 = 0x01
KEY_ID_SIZE = 4
ED25519_KEY_SIZE = 32
ED25519_SIGNATURE_SIZE = 64
_DASH = "\u2014 "

Sign: TypeAlias = Callable[[bytes], bytes]
"""Message to signature, with a key that stays with the caller."""
Verify: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""``(public key, message, signature)`` to whether the signature holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name of the log that it signs for."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line carries."""
        message = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(message).digest()[:KEY_ID_SIZE]

    @property
    def fingerprint(self) -> str:
        """What a reader pins: SHA-256 over algorithm and key, the same in every shard."""
        return hashlib.sha256(bytes([self.algorithm]) + self.public).hexdigest()

    @property
    def text(self) -> str:
        """``name+hash+base64(algorithm ‖ key)``."""
        coded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{coded}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line: who, which key, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A signed text. ``text`` ends with a line feed."""

    text: str
    signatures: tuple[Signature, ...]


def parse_verifier_key(text: str) -> VerifierKey:
    """A verifier key from its text.

    Raises:
        BadInput: another form, an unknown algorithm, or a hash that does not belong to the key.
    """
    name, _, rest = text.strip().partition("+")
    hash_hex, _, coded = rest.partition("+")
    data = _b64decode(coded)
    key = VerifierKey(name=_checked_name(name), algorithm=data[0] if data else 0, public=data[1:])
    if key.algorithm != ED25519 or len(key.public) != ED25519_KEY_SIZE:
        raise BadInput(f"Key {text!r} is not an Ed25519 key.", "Use a newer version of this tool.")
    if key.key_id.hex() != hash_hex:
        raise BadInput(f"Key {text!r} has a wrong hash.", "Copy the whole line again.")
    return key


def sign(text: str, keys: Sequence[tuple[VerifierKey, Sign]]) -> bytes:
    """Bytes of a note with one signature line per key."""
    assert text.endswith("\n"), "a note's text ends with a line feed"
    message = text.encode()
    lines = [
        _DASH + f"{key.name} " + base64.b64encode(key.key_id + signer(message)).decode() + "\n"
        for key, signer in keys
    ]
    return (text + "\n" + "".join(lines)).encode()


def parse(data: bytes) -> Note:
    """A note from its bytes; no signature is checked yet.

    Raises:
        BadInput: too large, not UTF-8, control characters, or no well-formed signature line.
    """
    if len(data) > LIMITS.note:
        raise BadInput(f"A note of {len(data)} bytes exceeds {LIMITS.note}.", "Do not trust it.")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise BadInput("A note is not UTF-8.", "Fetch it again.") from error
    if any(char < " " and char != "\n" for char in whole) or not whole.endswith("\n"):
        raise BadInput("A note holds control characters or ends early.", "Fetch it again.")
    text, blank, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")[:-1]
    if not blank or not 1 <= len(lines) <= LIMITS.note_signatures:
        raise BadInput("A note has no signature, or too many.", "Fetch it again.")
    return Note(text=text + "\n", signatures=tuple(_signature(line) for line in lines))


def verify(note: Note, keys: Sequence[VerifierKey], check: Verify) -> list[VerifierKey]:
    """Those of the known keys that signed the note; at least one.

    Raises:
        CheckFailed: a known key's signature is wrong, or no known key signed.
    """
    known = {(key.name, key.key_id): key for key in keys}
    signed: list[VerifierKey] = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None or key in signed:
            continue
        right_size = len(line.signature) == ED25519_SIGNATURE_SIZE
        if not (right_size and check(key.public, note.text.encode(), line.signature)):
            raise CheckFailed(f"The signature of {key.name} is wrong.", "Do not trust the note.")
        signed.append(key)
    if not signed:
        raise CheckFailed("No known key signed the note.", "Check the pinned fingerprint.")
    return signed


def _signature(line: str) -> Signature:
    name, _, coded = line.removeprefix(_DASH).partition(" ")
    data = _b64decode(coded)
    if not line.startswith(_DASH) or len(data) <= KEY_ID_SIZE:
        raise BadInput("A signature line is malformed.", "Fetch the note again.")
    return Signature(
        name=_checked_name(name), key_id=data[:KEY_ID_SIZE], signature=data[KEY_ID_SIZE:]
    )


def _checked_name(name: str) -> str:
    if not name or len(name) > LIMITS.key_name or "+" in name or any(c.isspace() for c in name):
        raise BadInput(f"{name[:40]!r} is not a key's name.", "Copy the whole line again.")
    return name


def _b64decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadInput("A key or signature is not base64.", "Fetch it again.") from error
    if base64.b64encode(data).decode() != text:
        raise BadInput("A key or signature is not canonical base64.", "Fetch it again.")
    return data
