"""How a consent begins, changes and ends, as the archive shows it."""

from pathlib import Path

import pytest

from bitgrid_core.errors import MissingDependency, Refused, StorageError
from bitgrid_mirror_agent import instants
from bitgrid_mirror_agent.consent import Target
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.store import Store
from support.independent import leaves_of
from support.mirror import (
    DAY_MS,
    START_MS,
    FaultyStore,
    House,
    contents,
    shards,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without a consent."""
    return House(tmp_path / "data")


def test_without_consent_nothing_is_read_and_nothing_connected(house: House) -> None:
    """Off by default: an unreadable outbox and a store that explodes go unnoticed."""
    house.close_slice(3)
    (house.data / "outbox" / "logs" / "index.jsonl").write_bytes(b"not an index\n")

    def explode(_target: Target) -> Store:
        raise AssertionError

    assert house.agent(store=explode).turn().state == "off"
    assert house.status()["state"] == "off"
    assert not (house.data / "mirror" / "ledger.sqlite").exists()


def test_heartbeat_is_said_when_its_period_is_over(house: House) -> None:
    """A silent archive is silent for at most the consented time."""
    house.grant()
    house.agent(now_ms=START_MS).turn()
    house.agent(now_ms=START_MS + DAY_MS - 1).turn()
    house.agent(now_ms=START_MS + DAY_MS).turn()
    (root,) = shards(house.archive)
    leaves = leaves_of(root)
    assert [leaf["kind"] for leaf in leaves] == ["consent", "recipients", "heartbeat"]
    assert leaves[2]["at"] == instants.write(START_MS + DAY_MS)


def test_withdrawal_pushes_one_more_checkpoint_and_empties_the_spool(house: House) -> None:
    """What waited becomes a gap; the last leaf says withdrawn; then silence."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    house.close_slice(3)
    store = FaultyStore(DirectoryStore(house.archive), ["unsent"] * 6)
    with pytest.raises(StorageError, match="out of reach"):
        house.agent(store=lambda _target: store).turn()
    house.withdraw()
    assert house.agent().turn().state == "withdrawn"
    (root,) = shards(house.archive)
    leaves = leaves_of(root)
    assert [leaf["kind"] for leaf in leaves[-3:]] == ["logs", "gap", "withdrawn"]
    assert leaves[-2]["obj"] == leaves[-3]["obj"]
    assert leaves[-2]["cause"] == "withdrawn"
    assert not list((house.data / "mirror" / "spool").iterdir())
    assert len(list(root.glob("obj/*/*"))) == 1
    before = sorted(house.archive.rglob("*"))
    house.close_slice(3)
    assert house.agent().turn().state == "withdrawn"
    assert sorted(house.archive.rglob("*")) == before


def test_expiry_says_expired_and_a_new_consent_goes_on_in_the_same_log(house: House) -> None:
    """What was closed in between is a gap, and the chain goes on behind it."""
    house.grant(valid_until=instants.write(START_MS + 2 * DAY_MS))
    house.close_slice(3, at_ms=START_MS + DAY_MS)
    house.agent(now_ms=START_MS + DAY_MS).turn()
    house.close_slice(3, at_ms=START_MS + 3 * DAY_MS)
    assert house.agent(now_ms=START_MS + 3 * DAY_MS).turn().state == "withdrawn"
    house.grant(id="consent-2", valid_from=instants.write(START_MS + 4 * DAY_MS))
    house.close_slice(3, at_ms=START_MS + 5 * DAY_MS)
    house.agent(now_ms=START_MS + 5 * DAY_MS).turn()
    (root,) = shards(house.archive)
    kinds = [leaf["kind"] for leaf in leaves_of(root)]
    assert kinds == ["consent", "recipients", "logs", "expired", "consent", "gap", "logs"]


def test_clock_that_fell_back_ends_no_consent(house: House) -> None:
    """A machine that starts in 1970 waits for the time instead of saying farewell."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    before = contents(house.archive)
    with pytest.raises(MissingDependency, match="clock"):
        house.agent(now_ms=0).turn()
    assert contents(house.archive) == before
    assert house.agent().turn().state == "idle"


def test_consent_that_vanished_with_cores_key_is_no_withdrawal(house: House) -> None:
    """A directory that is not mounted says nothing about the owner's will."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    before = contents(house.archive)
    house.withdraw()
    (house.data / "keys" / "core.pub").unlink()
    with pytest.raises(MissingDependency, match="public key"):
        house.agent().turn()
    assert contents(house.archive) == before


def test_consent_for_later_replaces_the_one_in_force(house: House) -> None:
    """Until it begins nothing leaves, and the log says so."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    house.grant(id="consent-2", valid_from=instants.write(START_MS + 9 * DAY_MS))
    assert house.agent().turn().state == "withdrawn"
    assert leaves_of(shards(house.archive)[0])[-1]["kind"] == "withdrawn"


def test_changed_target_gets_its_own_node_and_key_and_the_old_one_a_goodbye(
    house: House, tmp_path: Path
) -> None:
    """Several targets never share a log."""
    house.grant()
    house.close_slice(3)
    first = house.agent().turn()
    other = tmp_path / "other"
    house.grant(target={"kind": "directory", "path": str(other)})
    second = house.agent().turn()
    assert second.node != first.node
    assert second.key_fingerprint != first.key_fingerprint
    assert leaves_of(shards(house.archive)[0])[-1]["kind"] == "withdrawn"
    assert [leaf["kind"] for leaf in leaves_of(shards(other)[0])][-1] == "logs"
    assert second.sealed_objects == 1


def test_consent_of_a_stranger_is_refused_and_told(house: House) -> None:
    """A well-formed consent that core did not sign moves nothing."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    body = house.grant()
    house.write_consent(body, Ed25519PrivateKey.generate())
    house.close_slice(3)
    with pytest.raises(Refused, match="another key"):
        house.agent().turn()
    assert house.status()["state"] == "paused"
    assert not house.archive.exists()
