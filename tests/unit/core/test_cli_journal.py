"""``bitgrid journal verify``: wrong use in words. What it finds is tested with the journal."""

from contextlib import closing
from pathlib import Path

import pytest

from bitgrid_core.journal.sqlite import SqliteJournal
from support.core_command import core, signer
from support.site import SiteConfig, fill, inputs
from support.tampering import anchor_line, head_at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A data folder's journal, without anchors."""
    path = tmp_path / "data" / "journal" / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        fill(journal, inputs(SiteConfig(blocks=3)))
    return path


def test_empty_journal_is_sound(tmp_path: Path) -> None:
    """Nothing recorded, nothing wrong: exit 0, no records."""
    with closing(SqliteJournal(tmp_path / "journal.sqlite")):
        pass
    said = core("journal", "verify", tmp_path / "journal.sqlite", "--json")
    assert (said.code, said.document["records"], said.document["head"]) == (0, 0, "0" * 64)


def test_journal_without_anchors_covers_nothing(path: Path) -> None:
    """Sound by itself; every record lies after the last anchor."""
    document = core("journal", "verify", path, "--json").document
    assert document["anchors"] == 0
    assert document["after_last_anchor"] == document["records"] > 0


@pytest.mark.parametrize("name", [".", "/", "missing.sqlite", "notes.txt"])
def test_what_is_no_journal_is_named(tmp_path: Path, name: str) -> None:
    """A folder, no file, some text: exit 2 with the remedy."""
    (tmp_path / "notes.txt").write_text("hello\n" * 100)
    said = core("journal", "verify", tmp_path / name)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("Name the file journal.sqlite.")


def test_anchors_are_read_from_where_they_are_named(path: Path, tmp_path: Path) -> None:
    """``--anchors`` instead of the file beside the journal."""
    elsewhere = tmp_path / "kept.jsonl"
    elsewhere.write_bytes(anchor_line(head_at(path, 2), 0, signer()))
    said = core("journal", "verify", path, "--anchors", elsewhere, "--json")
    assert (said.code, said.document["anchors"]) == (0, 1)
    assert said.document["after_last_anchor"] == said.document["records"] - 2


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
def test_named_anchors_that_are_not_there_are_no_proof(
    path: Path, tmp_path: Path, name: str
) -> None:
    """A misspelt file must not pass for “no anchor differs”: exit 2."""
    said = core("journal", "verify", path, "--anchors", tmp_path / name)
    assert said.code == 2
    assert "Name the file anchors.jsonl." in said.err


def test_folder_in_place_of_the_anchors_is_a_storage_error(path: Path) -> None:
    """Something unreadable beside the journal: exit 5, no traceback."""
    path.with_name("anchors.jsonl").mkdir()
    said = core("journal", "verify", path)
    assert said.code == 5
    assert "anchors.jsonl cannot be read" in said.err


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"\xff" * 64, b"00" * 31, b"AB" * 32, b"00" * 33]
)
def test_key_that_is_none_is_refused(path: Path, tmp_path: Path, content: bytes | None) -> None:
    """``--key`` names a file of 64 hex digits; anything else is exit 2, as is no file."""
    key = tmp_path / "core.pub"
    if content is not None:
        key.write_bytes(content)
    said = core("journal", "verify", path, "--key", key)
    assert said.code == 2
    assert "core.pub" in said.err


def test_matching_key_beside_the_journal_is_accepted(path: Path) -> None:
    """``keys/core.pub`` of the data folder is compared with the anchors."""
    keys = path.parent.parent / "keys"
    keys.mkdir()
    (keys / "core.pub").write_text(signer().public)
    path.with_name("anchors.jsonl").write_bytes(anchor_line(head_at(path, 2), 0, signer()))
    assert core("journal", "verify", path).code == 0
