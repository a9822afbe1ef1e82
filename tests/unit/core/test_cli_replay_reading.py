"""A replay changes nothing: no byte, no time, no file beside; and it finds policies by their digest."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bitgrid_core.inputs import PolicyChanged
from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from bitgrid_core.outbox import Outbox
from bitgrid_core.policy import policy_digest
from support.core_command import core
from support.site import SiteConfig, fill, inputs, policy

SITE = SiteConfig(seed=3, blocks=20, loads=1, quiet=True)
OTHER = policy(1, {"surplus_throttle_min_kw": "0.1", "surplus_min_kw": "0.2"})
AT_MS = 1_717_236_600_000


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody but root may write, with a journal of two policies and its slice."""
    journal = tmp_path / "data" / "journal.sqlite"
    items = list(inputs(SITE))
    with closing(SqliteJournal(journal)) as opened:
        fill(opened, [*items[:-2], PolicyChanged(policy=OTHER), *items[-2:]])
        Outbox(tmp_path / "data").close_slice(opened, AT_MS)
    for path in (journal, journal.parent):
        path.chmod(0o555)
    yield journal.parent
    journal.parent.chmod(0o755)


def picture(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its content and the time of its last change; and the folders' times."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
        )
        for path in (folder, *sorted(folder.rglob("*")))
    }


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--from", "2024-06-01T01:00:00Z"),
        ("--policy", f"recorded:{policy_digest(OTHER)}"),
        ("--bundle", "OUT"),
        ("--json",),
    ],
)
def test_replay_of_a_journal_at_rest_changes_nothing_around_it(
    folder: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Bytes, times and names of the folder are as before; SQLite leaves no file of its own."""
    before = picture(folder)
    given = [tmp_path / "out.tar" if word == "OUT" else word for word in words]
    assert core("replay", folder / "journal.sqlite", *given).code in (0, 1)
    assert picture(folder) == before


def test_reader_cannot_write_at_all(folder: Path) -> None:
    """Neither a journal at rest nor one that is open elsewhere."""
    for at_rest in (True, False):
        with (
            SqliteReader(folder / "journal.sqlite", at_rest=at_rest) as reader,
            pytest.raises(sqlite3.OperationalError, match="readonly"),
        ):
            reader._database.execute("UPDATE record SET at = ''")


def test_journal_that_is_being_written_is_read_with_its_newest_records(tmp_path: Path) -> None:
    """What lies in SQLite's own log counts: a reader at rest must not miss it."""
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal(path)) as opened:
        fill(opened, inputs(SITE))
        assert path.with_name("journal.sqlite-wal").stat().st_size > 0
        said = core("replay", path, "--json")
        assert said.document["blocks"] == SITE.blocks


@pytest.mark.parametrize("source", ["journal.sqlite", "logs"])
def test_recorded_policy_decides_the_whole_journal(folder: Path, source: str) -> None:
    """By the begin of its digest; what it does to earlier blocks is named block by block."""
    digest = policy_digest(OTHER)
    said = core("replay", folder / source, "--policy", f"recorded:{digest[:8]}", "--json")
    assert said.code == 1
    found = said.document
    assert found["deviations"] > 0
    assert {"block_id", "load", "field", "recorded", "replayed"} == set(found["listed"][0])
    last = max(one["block_id"] for one in found["listed"])
    decided = core("replay", folder / source, "--json").document
    assert decided["deviations"] == 0
    assert last < 2_862_000 + 1000


@pytest.mark.parametrize(
    "prefix", ["", "12345", "ffffffff", policy_digest(replace(OTHER, version=9))]
)
def test_digest_that_names_no_policy_says_which_are_there(folder: Path, prefix: str) -> None:
    """Exit 2 with the beginnings of those that are recorded."""
    said = core("replay", folder / "journal.sqlite", "--policy", f"recorded:{prefix}")
    assert said.code == 2
    assert policy_digest(OTHER)[:12] in said.err
