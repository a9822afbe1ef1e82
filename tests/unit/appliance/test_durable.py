"""Durable files: whole or not at all, and never two holders of one lock."""

from pathlib import Path

import pytest

from bitgrid_appliance.durable import append_line, replace_file
from bitgrid_appliance.locks import locked
from bitgrid_core.errors import Refused, StorageError


def test_replaced_file_has_the_new_content_and_no_rest(tmp_path: Path) -> None:
    """Nothing but the file stays behind."""
    path = tmp_path / "deep" / "file"
    replace_file(path, b"one")
    replace_file(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    """A folder under a file is no place."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        replace_file(tmp_path / "file" / "x", b"")
    with pytest.raises(StorageError, match="cannot be written"):
        append_line(tmp_path / "file" / "x", b"")


def test_unfinished_line_is_cut_off_before_the_next(tmp_path: Path) -> None:
    """What a crash left does not spoil what comes after."""
    path = tmp_path / "lines"
    append_line(path, b"one")
    with path.open("ab") as file:
        file.write(b"tw")
    append_line(path, b"three")
    assert path.read_bytes() == b"one\nthree\n"


def test_second_holder_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    """One process per task and data directory."""
    with (
        locked(tmp_path / "lock", "A core"),
        pytest.raises(Refused, match="A core already runs"),
        locked(tmp_path / "lock", "A core", wait_s=0.1),
    ):
        pass
    with locked(tmp_path / "lock", "A core"):
        pass
