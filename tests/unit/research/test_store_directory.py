"""The directory reader: what it shows, and what a foreign disk cannot make it show."""

from pathlib import Path

import pytest

from bitgrid_research.outcome import CannotCheck, WrongUse
from bitgrid_research.settings import Settings, read
from bitgrid_research.store_reader import Listed, NotThere
from bitgrid_research.store_reader.directory import DirectoryReader
from bitgrid_research.store_reader.location import open_store


def test_files_are_listed_with_their_size(tmp_path: Path) -> None:
    """Each regular file below the prefix once, by its path from the folder."""
    (tmp_path / "v1" / "a").mkdir(parents=True)
    (tmp_path / "v1" / "a" / "x").write_bytes(b"123")
    (tmp_path / "other").write_bytes(b"not below v1")
    assert list(DirectoryReader(tmp_path).list_names("v1/")) == [Listed(name="v1/a/x", size=3)]


def test_links_are_neither_listed_nor_followed(tmp_path: Path) -> None:
    """A foreign disk cannot show the reader's own files through symbolic links."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"mine")
    (tmp_path / "disk" / "v1").mkdir(parents=True)
    (tmp_path / "disk" / "v1" / "file").symlink_to(secret)
    (tmp_path / "disk" / "v1" / "folder").symlink_to(tmp_path)
    store = DirectoryReader(tmp_path / "disk")
    assert list(store.list_names("v1/")) == []
    with pytest.raises(CannotCheck), store.read("v1/file", 0) as chunks:
        list(chunks)


def test_read_starts_where_it_is_told(tmp_path: Path) -> None:
    """A cut download goes on at its end; beyond the end there is nothing."""
    (tmp_path / "x").write_bytes(b"0123456789")
    for start, expected in ((0, b"0123456789"), (7, b"789"), (10, b""), (99, b"")):
        with DirectoryReader(tmp_path).read("x", start) as chunks:
            assert b"".join(chunks) == expected


def test_missing_name_is_not_there(tmp_path: Path) -> None:
    """A name that a listing showed a moment ago may be gone."""
    with pytest.raises(NotThere), DirectoryReader(tmp_path).read("x", 0) as chunks:
        list(chunks)


def test_source_has_to_be_a_folder_or_a_bucket(tmp_path: Path) -> None:
    """A missing folder cannot be checked; another scheme is wrong use."""
    with pytest.raises(CannotCheck):
        open_store(str(tmp_path / "nowhere"), Settings())
    for source in ("http://example.org/x", "s3://", "s3:///prefix", "s3://b/p?versionId=1"):
        with pytest.raises(WrongUse):
            open_store(source, Settings())


def test_settings_come_from_the_environment() -> None:
    """Every setting has one name; an absurd number of jobs is refused."""
    given = {"BITGRID_RESEARCH_ENDPOINT": "https://s3.example.org", "BITGRID_RESEARCH_JOBS": "3"}
    assert read(given) == Settings(endpoint="https://s3.example.org", jobs=3)
    for jobs in ("0", "65", "x", "", "-1", "²"):
        with pytest.raises(WrongUse):
            read({"BITGRID_RESEARCH_JOBS": jobs})
