"""A state directory that was restored, cloned or is in use."""

import shutil
from pathlib import Path

import pytest

from bitgrid_core.errors import StorageError
from bitgrid_mirror_agent.consent import Target
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.store import Store
from support.independent import leaves_of, records_of
from support.mirror import (
    House,
    contents,
    shards,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without a consent."""
    return House(tmp_path / "data")


@pytest.fixture
def key_file(house: House, tmp_path: Path) -> Path:
    """The owner's identity in a file, as age wants it."""
    path = tmp_path / "owner.key"
    path.write_text(f"{house.owner}\n")
    return path


def test_restored_directory_opens_a_new_shard_before_it_says_anything(
    house: House, tmp_path: Path, key_file: Path
) -> None:
    """The old log is left as it is; the new shard carries what the old copy had not told."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    known = leaves_of(shards(house.archive)[0])
    backup = tmp_path / "backup"
    shutil.copytree(house.data / "mirror", backup)
    house.close_slice(3)
    house.agent().turn()
    house.close_slice(3)
    house.agent().turn()
    old = contents(shards(house.archive)[0])
    shutil.move(house.data / "mirror", tmp_path / "lost")
    shutil.copytree(backup, house.data / "mirror")
    status = house.agent().turn()
    assert status.root is not None
    assert status.root.endswith("/s001/")
    assert status.notice is not None
    assert contents(shards(house.archive)[0]) == old
    root = shards(house.archive)[1]
    leaves = leaves_of(root)
    assert [leaf["kind"] for leaf in leaves] == ["shard", "consent", "recipients", "logs"]
    assert leaves[0]["prior"]["size"] == len(known)
    assert [one["seq"] for one in records_of(root, key_file)] == [4, 5, 6, 7, 8, 9]
    assert house.agent().turn().root == status.root


def test_cloned_disk_is_found_by_what_is_already_there(
    house: House, tmp_path: Path, key_file: Path
) -> None:
    """A clone that looks like the original collides on its first name of the log and goes aside."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    ledger, before = house.data / "mirror" / "ledger.sqlite", tmp_path / "ledger"
    shutil.copyfile(ledger, before)
    house.close_slice(3)
    house.agent().turn()
    old = contents(shards(house.archive)[0])
    shutil.copyfile(before, ledger)
    status = house.agent().turn()
    assert status.root is not None
    assert status.root.endswith("/s001/")
    now = contents(shards(house.archive)[0])
    assert {name: now[name] for name in old if name != "log/checkpoint"} == {
        name: body for name, body in old.items() if name != "log/checkpoint"
    }
    root = shards(house.archive)[1]
    assert [one["seq"] for one in records_of(root, key_file)] == [4, 5, 6]


def test_two_agents_on_one_state_directory_are_kept_apart(house: House) -> None:
    """The second one is told to wait, and changes nothing."""
    house.grant()
    inner = house.agent()

    def while_open(_target: Target) -> Store:
        with pytest.raises(StorageError, match="Another agent"):
            inner.turn()
        return DirectoryStore(house.archive)

    assert house.agent(store=while_open).turn().state == "idle"
