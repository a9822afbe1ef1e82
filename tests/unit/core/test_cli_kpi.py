"""``bitgrid kpi``: the same figures from a journal and from its slices; its words and exit codes."""

from contextlib import closing
from pathlib import Path

import pytest

from bitgrid_core.chain import Draft
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.kpi import CATALOGUE
from bitgrid_core.outbox import Outbox
from support.core_command import core
from support.decided import START_MS, decided


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days, as a journal and as an outbox."""
    folder = tmp_path_factory.mktemp("kpi")
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        journal.append([Draft(kind=one.kind, body=one.body) for one in decided(2 * 144)], START_MS)
        Outbox(folder / "outbox").close_slice(journal, START_MS)
    return folder


def test_journal_and_slices_give_the_same_figures(data: Path) -> None:
    """Where the records lie makes no difference."""
    journal = core("kpi", data / "journal.sqlite", "--json")
    slices = core("kpi", data / "outbox" / "logs", "--json")
    assert journal.code == slices.code == 0
    assert journal.document == slices.document
    assert journal.document["blocks"] == 288
    assert list(journal.document["kpis"]) == sorted(kpi.name for kpi in CATALOGUE)
    assert journal.document["kpis"]["switches"] == 4


def test_window_cuts_to_its_blocks(data: Path) -> None:
    """One day of two has half the blocks and half the switches."""
    words = ("--from", "2024-06-01T00:00:00Z", "--to", "2024-06-02T00:00:00Z", "--json")
    said = core("kpi", data / "journal.sqlite", *words)
    assert said.document["blocks"] == 144
    assert said.document["kpis"]["switches"] == 2


def test_people_see_every_figure_with_its_unit(data: Path) -> None:
    """One line each."""
    said = core("kpi", data / "journal.sqlite")
    assert all(f"\n{kpi.name} " in said.out for kpi in CATALOGUE)
    assert "1,000 ‰" in said.out


def test_empty_window_is_bad_input(data: Path) -> None:
    """No block is no figure."""
    said = core("kpi", data / "journal.sqlite", "--from", "2030-01-01T00:00:00Z")
    assert (said.code, said.out) == (2, "")
    assert "holds no block" in said.err


def test_damaged_slice_is_named(tmp_path: Path) -> None:
    """A file that is no slice gives one sentence."""
    (tmp_path / "1-2.jsonl").write_text("nonsense\n")
    said = core("kpi", tmp_path)
    assert said.code == 2
    assert "Line 1" in said.err
