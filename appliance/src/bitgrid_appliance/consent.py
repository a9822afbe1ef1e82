"""The owner's consent: made and signed by core, in one file, with a record of every change.

The agent may only read it. The record's body holds fingerprints and times; names, purpose and
places stand in its private part. Invariant: the file is a whole, signed consent or not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.keys import CoreKey, check_signature
from bitgrid_core import codec
from bitgrid_core.archive.leaf import recipient_fingerprint
from bitgrid_core.block import at_text, parse_at
from bitgrid_core.chain import Draft
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput, Refused

FORMAT: Final = 1
MAX_BYTES: Final = 64 * 1024
_LEAST_RECIPIENTS: Final = 2
_REMEDY: Final = "Move the file away and grant the consent again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who can open what is sealed.

    Attributes:
        name: for people.
        recipient: public age key, ``age1…``.
        role: ``owner`` or ``researcher``.
    """

    name: str
    recipient: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What may leave, to whom and where.

    Attributes:
        id: opaque, for example ``consent-1``.
        purpose: for people.
        target: where sealed objects go; ``kind`` says how.
        recipients: at least two, one of them the owner.
        profile: ``full`` or ``research``.
        valid_from_ms: first instant.
        valid_until_ms: last instant.
        granted_at_ms: when it was given.
        granted_by: opaque id of the person.
        streams: what leaves.
        heartbeat_s: the longest silence.
    """

    id: str
    purpose: str
    target: dict[str, Json]
    recipients: tuple[Recipient, ...]
    profile: str
    valid_from_ms: int
    valid_until_ms: int
    granted_at_ms: int
    granted_by: str = "user-1"
    streams: tuple[str, ...] = ("logs",)
    heartbeat_s: int = 86_400

    def document(self) -> dict[str, Json]:
        """The part that is signed."""
        return {
            "v": FORMAT,
            "id": self.id,
            "streams": list(self.streams),
            "purpose": self.purpose,
            "target": self.target,
            "recipients": [
                {"name": one.name, "recipient": one.recipient, "role": one.role}
                for one in self.recipients
            ],
            "profile": self.profile,
            "heartbeat_s": self.heartbeat_s,
            "valid_from": at_text(self.valid_from_ms),
            "valid_until": at_text(self.valid_until_ms),
            "granted_by": self.granted_by,
            "granted_at": at_text(self.granted_at_ms),
        }


def sign_consent(consent: Consent, key: CoreKey) -> bytes:
    """The signed consent as a file.

    Raises:
        BadInput: fewer than two recipients, or none of the owner.
    """
    if len({one.recipient for one in consent.recipients}) < _LEAST_RECIPIENTS:
        raise BadInput("A consent needs two different recipients.", "Add the owner's recovery key.")
    if not any(one.role == "owner" for one in consent.recipients):
        raise BadInput("No recipient is the owner.", "Add the owner's recovery key.")
    document = consent.document()
    signature, public_key = key.sign(codec.encode(document))
    return codec.encode({"consent": document, "signature": signature, "public_key": public_key})


def granted(consent: Consent, data: bytes) -> Draft:
    """The record of a consent that was granted."""
    body: dict[str, Json] = {
        "change": "granted",
        "id": consent.id,
        "digest": codec.digest(codec.decode(data)),
        "streams": list(consent.streams),
        "profile": consent.profile,
        "recipients": [recipient_fingerprint(one.recipient) for one in consent.recipients],
        "valid_from": at_text(consent.valid_from_ms),
        "valid_until": at_text(consent.valid_until_ms),
        "granted_by": consent.granted_by,
    }
    names: list[Json] = [one.name for one in consent.recipients]
    private: dict[str, Json] = {
        "purpose": consent.purpose,
        "target": consent.target,
        "recipients": names,
    }
    return Draft(kind="consent", body=body, private=private)


def write_consent(path: Path, data: bytes) -> None:
    """Replace the consent in one step.

    Raises:
        StorageError: the disk did not take it.
    """
    replace_file(path, data)


def read_consent(path: Path, public_key: str) -> Consent | None:
    """The consent in force by its signature; ``None`` if there is none.

    Raises:
        BadInput: the file is no consent.
        Refused: it is not signed by core's key.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", _REMEDY) from error
    try:
        return _parsed(data, public_key)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is not a consent: {error}.", _REMEDY) from error
    except BadInput as error:
        raise BadInput(f"{path} is not a consent: {error.message}", _REMEDY) from error


def _parsed(data: bytes, public_key: str) -> Consent:
    if len(data) > MAX_BYTES:
        raise BadInput(f"it has {len(data)} bytes.")
    signed = cast("dict[str, Json]", codec.decode(data))
    body = cast("dict[str, Json]", signed["consent"])
    signature = str(signed["signature"])
    if signed["public_key"] != public_key or not check_signature(
        codec.encode(body), signature, public_key
    ):
        raise Refused("The consent is not signed by this core's key.", _REMEDY)
    if body["v"] != FORMAT:
        raise BadInput(f"it has version {body['v']!r}.")
    heartbeat_s = body["heartbeat_s"]
    if not isinstance(heartbeat_s, int):
        raise BadInput(f"heartbeat_s is {heartbeat_s!r}.")
    return Consent(
        id=str(body["id"]),
        purpose=str(body["purpose"]),
        target=cast("dict[str, Json]", body["target"]),
        recipients=_recipients(cast("Sequence[dict[str, Json]]", body["recipients"])),
        profile=str(body["profile"]),
        valid_from_ms=parse_at(str(body["valid_from"])),
        valid_until_ms=parse_at(str(body["valid_until"])),
        granted_at_ms=parse_at(str(body["granted_at"])),
        granted_by=str(body["granted_by"]),
        streams=tuple(str(one) for one in cast("list[Json]", body["streams"])),
        heartbeat_s=heartbeat_s,
    )


def _recipients(found: Sequence[dict[str, Json]]) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(name=str(one["name"]), recipient=str(one["recipient"]), role=str(one["role"]))
        for one in found
    )
