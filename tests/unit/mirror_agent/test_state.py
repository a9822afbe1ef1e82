"""The state directory: one target, one key, one log."""

import secrets
from pathlib import Path

import pytest

from bitgrid_core.errors import StorageError
from bitgrid_mirror_agent import keys, state
from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.durable import no_hook

TARGET = Target(kind=TargetKind.DIRECTORY, digest="x", path="somewhere")


def test_opened_state_is_the_one_that_was_created(tmp_path: Path) -> None:
    """Node, key and target survive, and the key is readable by its owner alone."""
    one = state.create(tmp_path, TARGET, secrets.token_bytes, no_hook)
    node = one.log.node
    one.close()
    two = state.open_existing(tmp_path, no_hook)
    assert two is not None
    assert (two.log.node, two.target, two.key.public) == (node, TARGET, one.key.public)
    assert (tmp_path / "checkpoint.key").stat().st_mode & 0o777 == 0o600
    two.close()


def test_empty_directory_has_no_state(tmp_path: Path) -> None:
    """Looking creates nothing."""
    assert state.open_existing(tmp_path, no_hook) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["gone", "other", "garbage"])
def test_missing_or_foreign_key_is_refused(tmp_path: Path, damage: str) -> None:
    """A log is never continued with another key."""
    state.create(tmp_path, TARGET, secrets.token_bytes, no_hook).close()
    path = tmp_path / "checkpoint.key"
    path.unlink()
    if damage == "other":
        keys.create(path, secrets.token_bytes)
    elif damage == "garbage":
        path.write_text("garbage")
    with pytest.raises(StorageError, match="key"):
        state.open_existing(tmp_path, no_hook)


def test_broken_ledger_is_named_with_the_remedy(tmp_path: Path) -> None:
    """A damaged database is no traceback."""
    (tmp_path / "ledger.sqlite").write_bytes(b"garbage" * 1000)
    with pytest.raises(StorageError, match="Move"):
        state.open_existing(tmp_path, no_hook)


def test_ledger_of_a_newer_agent_is_refused(tmp_path: Path) -> None:
    """An older program does not write into what it does not know."""
    one = state.create(tmp_path, TARGET, secrets.token_bytes, no_hook)
    one.ledger.db.execute("PRAGMA user_version = 99")
    one.close()
    with pytest.raises(StorageError, match="version 99"):
        state.open_existing(tmp_path, no_hook)


def test_retired_log_lies_aside_and_the_directory_is_free(tmp_path: Path) -> None:
    """The next target starts with nothing of the former one."""
    one = state.create(tmp_path, TARGET, secrets.token_bytes, no_hook)
    node = one.log.node
    state.retire(one)
    assert state.open_existing(tmp_path, no_hook) is None
    former = {path.name for path in (tmp_path / "former" / node).iterdir()}
    assert {"ledger.sqlite", "checkpoint.key", "spool"} <= former


def test_leftovers_in_the_spool_are_removed_at_start(tmp_path: Path) -> None:
    """What no row names never left the machine, and never will."""
    state.create(tmp_path, TARGET, secrets.token_bytes, no_hook).close()
    (tmp_path / "spool" / "sealing.tmp").write_bytes(b"half")
    (tmp_path / "spool" / ("0" * 64 + ".age")).write_bytes(b"orphan")
    again = state.open_existing(tmp_path, no_hook)
    assert again is not None
    assert not list((tmp_path / "spool").iterdir())
    again.close()
