"""The look at the journal's tail before every boot."""

from dataclasses import replace
from pathlib import Path

import pytest

from bitgrid_appliance.anchoring import AnchorFile, local_day
from bitgrid_appliance.intact import require_intact
from bitgrid_appliance.keys import CoreKey, core_key
from bitgrid_core.chain import Draft, Record
from bitgrid_core.errors import CheckFailed
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.journal.memory import MemoryJournal


class Forged(MemoryJournal):
    """A journal into which somebody wrote."""

    def put(self, seq: int, record: Record | None) -> None:
        """Replace a record, or drop it."""
        if record is None:
            del self._records[seq - 1]
        else:
            self._records[seq - 1] = record


@pytest.fixture
def key(tmp_path: Path) -> CoreKey:
    """A fresh key."""
    return core_key(tmp_path / "core.key", tmp_path / "core.pub")


@pytest.fixture
def journal(tmp_path: Path, key: CoreKey) -> Forged:
    """Three records, an anchor with its record, three more."""
    found = Forged()
    found.append([Draft(kind="note", body={"n": n}) for n in range(3)], 0)
    AnchorFile(tmp_path / "anchors.jsonl", key.sign).add(found, 1000)
    found.append([Draft(kind="note", body={"n": n}) for n in range(3)], 2000)
    return found


def check(journal: Forged, tmp_path: Path, key: CoreKey) -> None:
    """As the core does at boot."""
    require_intact(journal, read_anchors(tmp_path / "anchors.jsonl"), key.public)


def test_untouched_journal_is_intact(journal: Forged, tmp_path: Path, key: CoreKey) -> None:
    """With and without anchors."""
    check(journal, tmp_path, key)
    require_intact(journal, [], key.public)


def test_anchor_is_kept_outside_and_recorded(journal: Forged, tmp_path: Path) -> None:
    """The file says what the record says."""
    (anchor,) = read_anchors(tmp_path / "anchors.jsonl")
    assert next(journal.records(4, 4)).body == anchor.to_json()
    assert anchor.head.seq == 3


def test_cut_tail_is_found_against_the_anchor(
    journal: Forged, tmp_path: Path, key: CoreKey
) -> None:
    """What the anchor saw has to be there."""
    for _ in range(5):
        journal.put(3, None)
    with pytest.raises(CheckFailed, match="record 3 is missing"):
        check(journal, tmp_path, key)


@pytest.mark.parametrize("seq", [3, 5, 7])
def test_changed_record_is_found(journal: Forged, tmp_path: Path, key: CoreKey, seq: int) -> None:
    """The anchored record and everything after it is recomputed."""
    record = next(journal.records(seq, seq))
    journal.put(seq, replace(record, body={"n": 9}))
    with pytest.raises(CheckFailed, match=f"record {seq} was changed"):
        check(journal, tmp_path, key)


def test_missing_record_is_found(journal: Forged, tmp_path: Path, key: CoreKey) -> None:
    """A hole breaks the chain."""
    journal.put(6, None)
    with pytest.raises(CheckFailed, match="record 6"):
        check(journal, tmp_path, key)


def test_anchor_of_another_core_is_refused(journal: Forged, tmp_path: Path, key: CoreKey) -> None:
    """Only this core's anchors count."""
    other = core_key(tmp_path / "other.key", tmp_path / "other.pub")
    with pytest.raises(CheckFailed, match="not signed by this core"):
        check(journal, tmp_path, other)


def test_local_day_is_the_sites(tmp_path: Path) -> None:
    """Half past eleven at night UTC is tomorrow in Berlin."""
    at_ms = 1_717_284_600_000  # 2024-06-01T23:30:00Z
    assert (local_day("UTC")(at_ms), local_day("Europe/Berlin")(at_ms)) == (20240601, 20240602)
