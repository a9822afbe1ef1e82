"""What is special about the directory store; the rest is in the contract suite."""

from pathlib import Path

import pytest

from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.store import STORED, Outcome


def test_unusable_root_says_stop_with_the_reason(tmp_path: Path) -> None:
    """A file where a directory should be needs a person."""
    (tmp_path / "file").write_text("x")
    answer = DirectoryStore(tmp_path / "file").put("a", b"x")
    assert answer.outcome is Outcome.STOP
    assert "file" in answer.reason


def test_disk_that_is_not_mounted_says_stop_and_nothing_takes_its_place(tmp_path: Path) -> None:
    """No archive grows unseen on the wrong disk."""
    answer = DirectoryStore(tmp_path / "media" / "usb").put("a", b"x")
    assert answer.outcome is Outcome.STOP
    assert not (tmp_path / "media").exists()


def test_interrupted_put_is_cleared_away_by_its_repetition(tmp_path: Path) -> None:
    """A half-written file never has a final name, and does not stay."""

    class Ended(Exception):
        """The end of the program."""

    def end(_step: str) -> None:
        raise Ended

    with pytest.raises(Ended):
        DirectoryStore(tmp_path, end).put("a/b", b"x")
    assert not (tmp_path / "a" / "b").exists()
    assert DirectoryStore(tmp_path).put("a/b", b"x") == STORED
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b"]
