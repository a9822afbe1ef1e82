"""`bitgrid replay --with`: a version of the software beside this one, as a process of its own."""

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bitgrid_core.chain import Draft
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body
from bitgrid_core.household import FRENCH_HOME, House, read_csv
from bitgrid_core.household.loop import closed_loop
from bitgrid_core.inputs import to_record
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.policy import parse_policy
from support.demos import BITGRID
from support.homes import sunny_home
from support.tree import ROOT

POLICY = parse_policy({"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]})
RULE = "rules/r1_surplus.py"
LINE = "if surplus_w < limits.surplus_min_w:"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sunny days of a house with a miner."""
    folder = tmp_path_factory.mktemp("journal")
    house = House.begin(read_csv(sunny_home(folder / "home.csv", 2)), FRENCH_HOME)
    path, state = folder / "journal.sqlite", EngineState()
    with closing(SqliteJournal(path)) as opened:
        for done in closed_loop(house, POLICY, 288):
            kind, body = to_record(done.item)
            state, events = step(state, done.item)
            drafts = [Draft(kind=kind, body=body)]
            opened.append([*drafts, *(Draft(kind="decision", body=to_body(e)) for e in events)], 0)
    return path


def version(folder: Path, rule: str, before: str, after: str) -> Path:
    """An environment with a copy of core in which one line of a rule is another."""
    source = folder / "lib" / "bitgrid_core"
    shutil.copytree(
        ROOT / "core" / "src" / "bitgrid_core",
        source,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    text = (source / rule).read_text(encoding="utf-8")
    assert text.count(before) == 1
    (source / rule).write_text(text.replace(before, after), encoding="utf-8")
    program = folder / "bin" / "bitgrid"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{folder / "lib"}" PYTHONDONTWRITEBYTECODE=1 '
        f'exec "{sys.executable}" -m bitgrid_appliance.cli "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


def bitgrid(*words: object) -> tuple[int, str, str]:
    """Exit code, standard output and errors of the command."""
    done = subprocess.run(
        [BITGRID, "replay", *map(str, words)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_same_version_beside_this_one_agrees_on_every_decision(journal: Path) -> None:
    """Named by its environment or by its command: exit 0, no disagreement."""
    for program in (BITGRID, BITGRID.parent.parent):
        code, out, err = bitgrid(journal, "--with", program, "--json")
        assert code == 0, err
        document = json.loads(out)
        assert document["other"]["disagreements"] == document["deviations"] == 0
        assert document["decisions"] == 288


def test_version_that_decides_otherwise_is_named_event_by_event(
    journal: Path, tmp_path: Path
) -> None:
    """A throttle band up to 3 kW: block, load, field, and all three values."""
    other = version(tmp_path, RULE, LINE, LINE.replace("< ", "< 2 * "))
    code, out, err = bitgrid(journal, "--with", other, "--json")
    assert code == 1, err
    document: dict[str, Any] = json.loads(out)
    assert document["deviations"] == 0
    listed = document["other"]["listed"]
    assert len(listed) == document["other"]["disagreements"] > 0
    for one in listed:
        assert one["recorded"] == one["here"] != one["there"]
        assert one["load"] == "load-1"
    assert {"action", "decision_code", "votes.R1"} <= {one["field"] for one in listed}
    actions = [one for one in listed if one["field"] == "action"]
    assert {(one["here"], one["there"]) for one in actions} == {("START", "THROTTLE")}
    code, out, _err = bitgrid(journal, "--with", other)
    assert code == 1
    assert "recorded → here | there" in out
    assert f"{len(listed)} disagreements" in out


def test_version_that_is_not_there_is_a_missing_dependency(journal: Path, tmp_path: Path) -> None:
    """Exit 3, one sentence."""
    code, _out, err = bitgrid(journal, "--with", tmp_path / "nowhere")
    assert code == 3
    assert "There is no version of bitgrid" in err
    assert "Traceback" not in err


def test_version_that_fails_is_no_agreement(journal: Path, tmp_path: Path) -> None:
    """A copy that cannot even start is told so, not counted as the same."""
    other = version(tmp_path, RULE, LINE, "(")
    code, _out, err = bitgrid(journal, "--with", other)
    assert code == 2
    assert "no result" in err
