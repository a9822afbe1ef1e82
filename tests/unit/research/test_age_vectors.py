"""The C2SP CCTV vectors of the age format, each with the outcome that its header names."""

import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitgrid_core.archive.age_header import CHUNK_SIZE
from bitgrid_research.opening.age import BadHeader, BadMac, NoMatch, decrypt
from bitgrid_research.opening.identity import parse_identity
from bitgrid_research.opening.stream import BadPayload
from support.shared import shared_data

VECTORS = sorted(shared_data("age-vectors").iterdir())
EXPECTED = {
    "header failure": BadHeader,
    "HMAC failure": BadMac,
    "no match": NoMatch,
    "payload failure": BadPayload,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One case: what it expects, for which identities, and the age file."""

    expect: str
    payload_sha256: str
    identities: tuple[str, ...]
    passphrase: bool
    armored: bool
    data: bytes


def load(path: Path) -> Vector:
    """Parse a vector: header lines, a blank line, the file."""
    head, _, data = path.read_bytes().partition(b"\n\n")
    pairs = [line.split(": ", 1) for line in head.decode().splitlines()]
    fields = dict(pairs)
    if fields.get("compressed") == "zlib":
        data = zlib.decompress(data)
    return Vector(
        expect=fields["expect"],
        payload_sha256=fields.get("payload", ""),
        identities=tuple(value for key, value in pairs if key == "identity"),
        passphrase="passphrase" in fields,
        armored=fields.get("armored") == "yes",
        data=data,
    )


def reason_not_applicable(vector: Vector) -> str:
    """Why our reader has no say in a case; empty if it has."""
    if vector.armored:
        return "armor: sealed objects are binary"
    if not any(text.startswith("AGE-SECRET-KEY-1") for text in vector.identities):
        return "passphrase" if vector.passphrase else "post-quantum identity"
    return ""


APPLICABLE = [path for path in VECTORS if not reason_not_applicable(load(path))]


@pytest.mark.parametrize("path", APPLICABLE, ids=lambda path: path.name)
def test_vector_gives_the_outcome_that_it_names(path: Path) -> None:
    """Each applicable vector opens to the named payload, or fails in the named class."""
    vector = load(path)
    identities = [
        parse_identity(text) for text in vector.identities if text.startswith("AGE-SECRET-KEY-1")
    ]
    plain = bytearray()

    def run() -> None:
        for chunk in decrypt(io.BytesIO(vector.data), identities):
            plain.extend(chunk)

    if vector.expect == "success":
        run()
        assert hashlib.sha256(plain).hexdigest() == vector.payload_sha256
        return
    with pytest.raises(EXPECTED[vector.expect]) as caught:
        run()
    assert caught.type is EXPECTED[vector.expect]
    assert len(plain) % CHUNK_SIZE == 0, "only whole authenticated chunks come out"


def test_number_of_applicable_vectors_is_stated() -> None:
    """A vector never drops out unnoticed: counts per reason are fixed."""
    reasons = [reason_not_applicable(load(path)) for path in VECTORS]
    assert {reason: reasons.count(reason) for reason in sorted(set(reasons))} == {
        "": 68,
        "armor: sealed objects are binary": 33,
        "passphrase": 24,
        "post-quantum identity": 18,
    }


@pytest.mark.parametrize(
    "path", [path for path in VECTORS if load(path).armored], ids=lambda path: path.name
)
def test_armored_file_is_refused(path: Path) -> None:
    """Armor is not the form of a sealed object: refused before any key is tried."""
    with pytest.raises(BadHeader):
        decrypt(io.BytesIO(load(path).data), ())
