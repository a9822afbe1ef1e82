"""Closed days by the command: replayed and counted like the journal that they come from."""

import json
from pathlib import Path

import pytest

from bitgrid_appliance.cli import main
from bitgrid_appliance.settings import Layout
from support.closing import lived

BLOCKS = 3 * 144 + 36


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Three days and a half, of which the journal keeps one closed day."""
    return lived(tmp_path_factory.mktemp("days"), range(BLOCKS), keep_days=1)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("which", "blocks"),
    [("days/2024-06-01.jsonl.zst", 144), ("days/2024-06-03.jsonl.zst", 144), ("days", 3 * 144)],
)
def test_closed_days_replay_to_the_same_bytes(
    short: Layout, which: str, blocks: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """One day alone, with what it begins with, and all of them in a row."""
    code, out, _err = said(capsys, "replay", short.data / which, "--json")
    found = json.loads(out)
    assert (code, found["blocks"], found["deviations"]) == (0, blocks, 0)
    assert found["identical"] == found["decisions"] == blocks


def test_shortened_journal_replays_and_verifies(
    short: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left is complete in itself, and says what lies in closed days."""
    code, out, _err = said(capsys, "replay", short.journal, "--json")
    assert (code, json.loads(out)["identical"]) == (0, 144 + 36)
    code, out, _err = said(capsys, "journal", "verify", short.journal)
    assert code == 0
    assert "are closed days)" in out


def test_day_has_the_figures_that_it_had_in_the_journal(
    short: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """``bitgrid kpi`` gives the same of a file as of the journal's window of that day."""
    window = ("--from", "2024-06-03T00:00:00Z", "--to", "2024-06-04T00:00:00Z")
    code, out, _err = said(capsys, "kpi", short.days / "2024-06-03.jsonl.zst", "--json")
    _code, journal, _err = said(capsys, "kpi", short.journal, "--json", *window)
    assert code == 0
    assert json.loads(out) == json.loads(journal)


def test_laboratory_plays_closed_days(short: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """What has left the journal can still be asked *what if*."""
    words = ("lab", short.days, "--json", "--change", "surplus_min_kw=-0.05")
    code, out, _err = said(capsys, *words)
    assert (code, json.loads(out)["blocks"]) == (0, 3 * 144)


def test_missing_day_and_changed_file_are_named(
    short: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hole between days is a failed check; a damaged file is bad input."""
    for day in (1, 3):
        name = f"2024-06-0{day}.jsonl.zst"
        (tmp_path / name).write_bytes((short.days / name).read_bytes())
    code, out, err = said(capsys, "replay", tmp_path)
    assert (code, out) == (1, "")
    assert "a day between is missing" in err
    broken = tmp_path / "broken.jsonl.zst"
    broken.write_bytes((short.days / "2024-06-01.jsonl.zst").read_bytes()[:-40])
    code, out, err = said(capsys, "replay", broken)
    assert (code, out) == (2, "")
    assert "broken.jsonl.zst is damaged" in err
