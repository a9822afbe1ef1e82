"""age version 1, decrypt side, for X25519 identities: header, file key, authenticated payload.

Must not know archives. Invariants: the header's MAC holds before the first payload byte is
read; armor and passphrases are not accepted, since no sealed object has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bitgrid_core.archive import age_header
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput
from bitgrid_research.opening.identity import BadStanza, Identity
from bitgrid_research.opening.stream import decrypt_payload
from bitgrid_research.outcome import CannotCheck, Tampered

_SCRYPT = "scrypt"


class BadHeader(Tampered):
    """The header is not that of an age file, or not as it was sealed."""


class BadMac(BadHeader):
    """The header's MAC does not belong to its file key: somebody changed the header."""


class NoMatch(CannotCheck):
    """No given identity opens this object."""


def decrypt(source: BinaryIO, identities: Sequence[Identity]) -> Iterator[bytes]:
    """Authenticated plaintext chunks of a seekable age file.

    Raises:
        BadHeader: the header is malformed or was changed.
        NoMatch: the object is sealed for others.
        BadPayload: while iterating, for a changed, cut or extended payload.
    """
    try:
        header = age_header.parse(source.read(LIMITS.age_header))
        file_key = _file_key(header, identities)
    except (BadInput, BadStanza) as error:
        raise BadHeader(error.message, error.hint) from error
    _check_mac(header, file_key)
    source.seek(header.size)
    nonce = source.read(age_header.PAYLOAD_NONCE_SIZE)
    if len(nonce) != age_header.PAYLOAD_NONCE_SIZE:
        raise BadHeader("The file ends before its payload.", "Pull the object again.")
    return decrypt_payload(file_key, nonce, source)


def _file_key(header: age_header.Header, identities: Sequence[Identity]) -> bytes:
    # Every stanza is looked at, also after a match: a malformed one spoils the whole header.
    if len(header.stanzas) > 1 and any(stanza.kind == _SCRYPT for stanza in header.stanzas):
        raise BadHeader("A passphrase stands beside other recipients.", "Do not trust the object.")
    keys = [who.unwrap(stanza) for stanza in header.stanzas for who in identities]
    found = next((key for key in keys if key is not None), None)
    if found is None:
        raise NoMatch(
            f"None of {len(identities)} identities opens this object.",
            "Give the identity whose recipient stands in the consent.",
        )
    return found


def _check_mac(header: age_header.Header, file_key: bytes) -> None:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=age_header.HEADER_INFO)
    mac = HMAC(kdf.derive(file_key), SHA256())
    mac.update(header.mac_input)
    try:
        mac.verify(header.mac)
    except InvalidSignature:
        raise BadMac("The header was changed after sealing.", "Pull the object again.") from None
