"""Consents are read only as core signed them."""

from pathlib import Path
from typing import Any

import pytest

from bitgrid_core import codec
from bitgrid_core.errors import BadInput, MissingDependency, Refused
from bitgrid_mirror_agent import consent
from bitgrid_mirror_agent.consent import Consent, Profile, TargetKind
from support.mirror import DAY_MS, START_MS, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without a consent."""
    return House(tmp_path / "data")


def load(house: House) -> Consent | None:
    """The house's consent."""
    return consent.load(house.data / "consent.json", house.data / "keys" / "core.pub")


def test_signed_consent_is_read_with_all_it_says(house: House) -> None:
    """Streams, target, recipients, profile and validity come from the document."""
    house.grant()
    found = load(house)
    assert found is not None
    assert found.streams == ("logs",)
    assert found.target.kind is TargetKind.DIRECTORY
    assert [one.role for one in found.recipients] == ["owner", "researcher"]
    assert found.profile is Profile.FULL
    assert found.begun(START_MS)
    assert not found.begun(START_MS - 1)
    assert not found.expired(START_MS + 400 * DAY_MS)
    assert found.expired(START_MS + 400 * DAY_MS + 1)
    assert found.covers(START_MS)
    assert not found.covers(START_MS - 1)


def test_no_file_is_no_consent(house: House) -> None:
    """Absence is an answer, not an error."""
    assert load(house) is None


def test_missing_core_key_is_named(house: House) -> None:
    """Without core's key no consent can be believed."""
    house.grant()
    (house.data / "keys" / "core.pub").unlink()
    with pytest.raises(MissingDependency, match=r"core\.pub"):
        load(house)


def test_changed_word_breaks_the_signature(house: House) -> None:
    """Nobody widens a consent by editing it."""
    house.grant()
    path = house.data / "consent.json"
    path.write_bytes(path.read_bytes().replace(b'"full"', b'"bull"'))
    with pytest.raises(Refused, match="signature"):
        load(house)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"consent":1}', b"x" * 70_000])
def test_broken_file_is_bad_input(house: House, data: bytes) -> None:
    """A damaged consent is told apart from a withdrawn one."""
    (house.data / "consent.json").write_bytes(data)
    with pytest.raises(BadInput):
        load(house)


def recipient(house: House, **changes: Any) -> dict[str, Any]:
    """The owner as recipient, changed."""
    return {
        "name": "Owner",
        "recipient": str(house.owner.to_public()),
        "role": "owner",
        **changes,
    }


def test_fewer_than_two_different_recipients_are_refused(house: House) -> None:
    """The owner's recovery key and one more, never the same key twice."""
    for recipients in ([], [recipient(house)], [recipient(house), recipient(house)]):
        house.grant(recipients=recipients)
        with pytest.raises(BadInput, match="recipients"):
            load(house)


def test_recipients_without_the_owner_are_refused(house: House) -> None:
    """The owner can always open what left."""
    body = house.grant()
    for one in body["recipients"]:
        one["role"] = "researcher"
    house.grant(recipients=body["recipients"])
    with pytest.raises(BadInput, match="owner"):
        load(house)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"streams": []},
        {"streams": "logs"},
        {"streams": ["../keys"]},
        {"streams": ["logs", 1]},
        {"profile": "everything"},
        {"heartbeat_s": 0},
        {"heartbeat_s": True},
        {"valid_until": "tomorrow"},
        {"target": {"kind": "ftp"}},
        {"target": {"kind": "directory"}},
        {"target": "x"},
        {"target": {"kind": "s3", "endpoint": "http://x", "bucket": "b"}},
        {"recipients": [1, 2]},
        {"recipients": [{"name": "x", "recipient": "age1x", "role": "owner"}] * 2},
        {"id": ""},
    ],
)
def test_signed_but_unknown_form_is_refused(house: House, changes: dict[str, Any]) -> None:
    """What the agent does not understand it does not do."""
    house.grant(**changes)
    with pytest.raises(BadInput):
        load(house)


def test_digest_changes_with_every_word(house: House) -> None:
    """A changed consent is a new leaf."""
    house.grant()
    one = load(house)
    house.grant(purpose="teaching")
    two = load(house)
    assert one is not None
    assert two is not None
    assert one.digest != two.digest
    assert codec.digest("x") not in (one.digest, two.digest)
