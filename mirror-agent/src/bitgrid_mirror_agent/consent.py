"""The consent: what may leave, to whom and where, as core signed it. Without it nothing happens.

Only reads: granting, changing and withdrawing are core's. A consent that is not signed by the
core that the agent was told of is refused, however well-formed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bitgrid_core import codec
from bitgrid_core.archive import bech32
from bitgrid_core.archive.leaf import DATA_KINDS, recipient_fingerprint
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput, MissingDependency, Refused
from bitgrid_mirror_agent import instants

VERSION = 1
_KEY_SIZE = 32
_LEAST_RECIPIENTS = 2
_MOST = 64 * 1024
_REMEDY = "Grant the consent again."


class Profile(StrEnum):
    """How much of a record leaves."""

    FULL = "full"
    RESEARCH = "research"


class TargetKind(StrEnum):
    """What kind of store the consent names."""

    DIRECTORY = "directory"
    S3 = "s3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who can open what is sealed: ``public`` is the raw X25519 key of ``age1…``."""

    name: str
    text: str
    role: str
    public: bytes

    @property
    def fingerprint(self) -> str:
        """As it stands in ``recipients`` leaves."""
        return recipient_fingerprint(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where sealed objects go; ``digest`` tells one target from another."""

    kind: TargetKind
    digest: str
    path: str = ""
    endpoint: str = ""
    bucket: str = ""
    prefix: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent whose signature holds. Whether it is valid now is asked with a time."""

    id: str
    digest: str
    streams: tuple[str, ...]
    target: Target
    recipients: tuple[Recipient, ...]
    profile: Profile
    heartbeat_s: int
    valid_from_ms: int
    valid_until_ms: int

    def begun(self, now_ms: int) -> bool:
        """Whether its first moment is past."""
        return self.valid_from_ms <= now_ms

    def expired(self, now_ms: int) -> bool:
        """Whether its last moment is past."""
        return now_ms > self.valid_until_ms

    def covers(self, closed_at_ms: int) -> bool:
        """Whether a slice closed at that moment may leave."""
        return self.valid_from_ms <= closed_at_ms <= self.valid_until_ms


def load(path: Path, core_pub: Path) -> Consent | None:
    """The consent in force by its signature, or ``None`` when there is none.

    Raises:
        BadInput: the file is not a consent of version 1.
        MissingDependency: core's public key is not there.
        Refused: another key signed it, or the signature is wrong.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(
            f"The consent {path} cannot be read: {error.strerror}.", "Give the agent read access."
        ) from error
    return parse(data, read_core_key(core_pub))


def read_core_key(path: Path) -> str:
    """Core's public key in hex."""
    try:
        text = path.read_text().strip()
    except OSError as error:
        raise MissingDependency(
            f"Core's public key {path} cannot be read.", "Start core once, or set core_pub."
        ) from error
    if len(text) != 2 * _KEY_SIZE or set(text) - set("0123456789abcdef"):
        raise BadInput(f"{path} holds no public key.", "It is 64 hex digits, written by core.")
    return text


def parse(data: bytes, core_key: str) -> Consent:
    """A consent from its bytes, its signature checked first."""
    document = codec.loads(data) if len(data) <= _MOST else None
    if not isinstance(document, dict) or not isinstance(document.get("consent"), dict):
        raise BadInput("The consent file is not a signed consent.", _REMEDY)
    body = cast("dict[str, codec.Json]", document["consent"])
    if document.get("public_key") != core_key:
        raise Refused("The consent is signed by another key than core's.", _REMEDY)
    try:
        signature = bytes.fromhex(str(document.get("signature")))
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(core_key)).verify(
            signature, codec.encode(body)
        )
    except (InvalidSignature, ValueError) as error:
        raise Refused("The consent's signature is wrong.", _REMEDY) from error
    if body.get("v") != VERSION:
        raise BadInput(f"The consent has version {body.get('v')!r}.", "Update the agent.")
    return _consent(body, hashlib.sha256(codec.encode(document)).hexdigest())


def _consent(body: Mapping[str, codec.Json], digest: str) -> Consent:
    heartbeat = body.get("heartbeat_s")
    if not isinstance(heartbeat, int) or isinstance(heartbeat, bool) or heartbeat < 1:
        raise BadInput(f"The consent's heartbeat_s is {heartbeat!r}.", _REMEDY)
    profile = body.get("profile")
    if profile not in set(Profile):
        raise BadInput(f"The consent's profile {profile!r} is unknown.", "Choose full or research.")
    streams = body.get("streams")
    if (
        not isinstance(streams, list)
        or not streams
        or not all(one in set(DATA_KINDS) for one in streams)
    ):
        raise BadInput(
            f"The consent's streams are {streams!r}.", "Choose of logs, exports and replays."
        )
    return Consent(
        id=_text(body, "id"),
        digest=digest,
        streams=tuple(str(stream) for stream in streams),
        target=_target(body.get("target")),
        recipients=_recipients(body.get("recipients")),
        profile=Profile(str(profile)),
        heartbeat_s=heartbeat,
        valid_from_ms=instants.parse(body.get("valid_from")),
        valid_until_ms=instants.parse(body.get("valid_until")),
    )


def _target(value: codec.Json | None) -> Target:
    if not isinstance(value, dict):
        raise BadInput("The consent names no target.", _REMEDY)
    digest = codec.digest(value)
    match value.get("kind"):
        case TargetKind.DIRECTORY:
            return Target(kind=TargetKind.DIRECTORY, digest=digest, path=_text(value, "path"))
        case TargetKind.S3:
            return Target(
                kind=TargetKind.S3,
                digest=digest,
                endpoint=_text(value, "endpoint"),
                bucket=_text(value, "bucket"),
                prefix=str(value.get("prefix", "")),
                region=_text(value, "region"),
            )
        case other:
            raise BadInput(f"The consent's target is of kind {other!r}.", "Use directory or s3.")


def _recipients(value: codec.Json | None) -> tuple[Recipient, ...]:
    items = value if isinstance(value, list) else []
    found = tuple(_recipient(item) for item in items)
    if not _LEAST_RECIPIENTS <= len({one.public for one in found}) <= LIMITS.recipients:
        raise BadInput(
            f"The consent has {len(found)} recipients.",
            "Name at least two different ones: the owner's recovery key and a researcher's.",
        )
    if not any(one.role == "owner" for one in found):
        raise BadInput("No recipient of the consent is the owner.", "Add the owner's recovery key.")
    return found


def _recipient(value: codec.Json) -> Recipient:
    if not isinstance(value, dict):
        raise BadInput("A recipient of the consent is malformed.", _REMEDY)
    text, role = _text(value, "recipient"), _text(value, "role")
    prefix, public = bech32.decode(text)
    if prefix != bech32.RECIPIENT or len(public) != _KEY_SIZE:
        raise BadInput(f"{text!r} is not an X25519 recipient.", "Give a public key age1….")
    if role not in ("owner", "researcher"):
        raise BadInput(f"A recipient has the role {role!r}.", "Use owner or researcher.")
    return Recipient(name=_text(value, "name"), text=text, role=role, public=public)


def _text(document: Mapping[str, codec.Json], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise BadInput(f"The consent lacks {name}.", _REMEDY)
    return value
