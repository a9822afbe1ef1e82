"""The proof at the end of a simulated life sees a journal or a mirrored copy that was doctored."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bitgrid_appliance.settings import Layout
from bitgrid_core.journal.sqlite import StoredBody
from bitgrid_mirror_agent.status import Phase, Status
from support.edge.ending import bodies_of, faults_of_the_journal
from support.edge.life import live_in
from support.edge.mirror import faults_of_the_copy
from support.edge.report import Report

SEED = 4


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """One day on a disk that stays, for tests that copy it."""
    folder = tmp_path_factory.mktemp("life")
    return folder, live_in(folder, SEED, 1)


@pytest.fixture
def copy(life: tuple[Path, Report], tmp_path: Path) -> Iterator[Layout]:
    """A copy of that disk, without what the researcher pulled."""
    folder = tmp_path / "copy"
    shutil.copytree(life[0], folder, ignore=shutil.ignore_patterns("workspace"))
    yield Layout(folder)
    shutil.rmtree(folder)


def names(found: Iterator[tuple[str, str]]) -> set[str]:
    """Which checkers complained."""
    return {name for name, _text in found}


def of_copy(layout: Layout, bodies: list[StoredBody], *, whole: bool = False) -> set[str]:
    """What the researcher complains of."""
    said: dict[str, Any] = json.loads((layout.mirror / "status.json").read_text())
    status = Status(state=Phase.IDLE, key_fingerprint=said["key_fingerprint"])
    return names(faults_of_the_copy(layout, status, bodies, whole=whole))


def changed(bodies: list[StoredBody]) -> list[StoredBody]:
    """The same records with the outcome of one decision changed."""
    at = next(n for n, one in enumerate(bodies) if one.kind == "decision")
    body = json.loads(bodies[at].body_bytes)
    body["reason"] = "SURPLUS_OK" if body["reason"] != "SURPLUS_OK" else "SOC_HARD_MIN"
    data = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return [*bodies[:at], bodies[at]._replace(body_bytes=data), *bodies[at + 1 :]]


def test_sound_life_is_proven(life: tuple[Path, Report], copy: Layout) -> None:
    """Nobody complains of what was left alone."""
    assert life[1].complaints == []
    bodies = bodies_of(copy)
    counts = Counter({"decisions": life[1].counts["decisions"]})
    assert names(faults_of_the_journal(copy, bodies, counts)) == set()
    assert of_copy(copy, bodies, whole=True) == set()


def test_changed_record_is_seen(life: tuple[Path, Report], copy: Layout) -> None:
    """By the chain, whatever the replay says."""
    bodies = bodies_of(copy)
    with sqlite3.connect(copy.journal) as database:
        database.execute("DROP TRIGGER record_is_never_changed")
        database.execute("UPDATE record SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 5")
    database.close()
    counts = Counter({"decisions": life[1].counts["decisions"]})
    assert names(faults_of_the_journal(copy, bodies, counts)) == {"journal_verifies"}


@pytest.mark.parametrize("way", ["changed", "missing"])
def test_decision_that_does_not_follow_is_seen(
    way: str, life: tuple[Path, Report], copy: Layout
) -> None:
    """Another outcome, or one decision less than was counted when it became durable."""
    bodies = bodies_of(copy)
    last = max(n for n, one in enumerate(bodies) if one.kind == "decision")
    doctored = changed(bodies) if way == "changed" else bodies[:last] + bodies[last + 1 :]
    counts = Counter({"decisions": life[1].counts["decisions"]})
    assert names(faults_of_the_journal(copy, doctored, counts)) == {"replay_is_identical"}


def test_copy_that_differs_from_the_journal_is_seen(copy: Layout) -> None:
    """Every body is compared."""
    assert of_copy(copy, changed(bodies_of(copy))) == {"mirrored_copy_verifies"}


def test_copy_that_holds_fewer_decisions_is_seen(copy: Layout) -> None:
    """As many must come out again as the journal holds."""
    bodies = bodies_of(copy)
    more = [*bodies, next(one for one in bodies if one.kind == "decision")]
    found = of_copy(copy, more, whole=True)
    assert found == {"mirrored_copy_verifies", "mirrored_copy_replays"}


def test_spoiled_object_of_the_copy_is_seen(copy: Layout) -> None:
    """One byte of what was pushed."""
    largest = max(copy.archive.rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    assert of_copy(copy, bodies_of(copy)) == {"mirrored_copy_verifies"}
