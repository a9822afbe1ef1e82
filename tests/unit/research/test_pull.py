"""Fetching: resuming, parts, a source that breaks off, and honest numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bitgrid_research.outcome import CannotCheck
from bitgrid_research.pull import Source, pull
from bitgrid_research.store_reader import Listed
from bitgrid_research.store_reader.directory import DirectoryReader
from bitgrid_research.workspace import Workspace
from support.forge import honest
from support.reader import research, speak


class Breaking:
    """A store that breaks off each download of an object after some bytes, until it is mended."""

    def __init__(self, folder: Path) -> None:
        self.inner = DirectoryReader(folder)
        self.broken = True
        self.starts: list[int] = []

    def list_names(self, prefix: str) -> Iterator[Listed]:
        """As the store behind."""
        return self.inner.list_names(prefix)

    @contextmanager
    def read(self, name: str, start: int) -> Iterator[Iterator[bytes]]:
        """As the store behind, but cut short."""
        self.starts.append(start)
        with self.inner.read(name, start) as chunks:
            yield self._cut(chunks) if self.broken and name.endswith(".age") else chunks

    def _cut(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        yield next(chunks)[:10]
        raise CannotCheck("The line broke.", "Try again.")


def test_cut_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Bytes that arrived before the line broke are not fetched twice, and never count as whole."""
    forge = honest(tmp_path / "source")
    workspace = Workspace(tmp_path / "workspace")
    store = Breaking(tmp_path / "source")
    source = Source(store=store, address="x", jobs=1)
    with pytest.raises(CannotCheck, match="line broke"):
        pull(source, workspace)
    store.broken = False
    store.starts.clear()
    pull(source, workspace)
    assert 10 in store.starts
    said = research("verify", workspace.folder, "--fingerprint", forge.fingerprint)
    assert said.code == 0


def test_part_larger_than_the_source_starts_anew(tmp_path: Path) -> None:
    """A left-over part of another download does not spoil a fetch."""
    forge = honest(tmp_path / "source")
    workspace = tmp_path / "workspace"
    part = workspace / "nodes" / forge.node / "s000" / "incoming" / "keys" / "000.note.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 5000)
    research("pull", tmp_path / "source", workspace)
    assert research("verify", workspace, "--fingerprint", forge.fingerprint).code == 0


def test_source_without_an_archive_cannot_be_checked(tmp_path: Path) -> None:
    """An empty folder is exit 4 with a remedy, and no workspace appears."""
    (tmp_path / "empty").mkdir()
    said = research("pull", tmp_path / "empty", tmp_path / "workspace")
    assert said.code == 4
    assert "v1/" in said.document["error"]["hint"]
    assert not (tmp_path / "workspace").exists()


def test_pull_tells_what_to_compare(tmp_path: Path) -> None:
    """After the first pull a person sees the fingerprint and the command that pins it."""
    forge = honest(tmp_path / "source")
    code, out, err = speak("pull", tmp_path / "source", tmp_path / "workspace")
    assert (code, err) == (0, "")
    assert forge.fingerprint in out
    assert "trust" in out
