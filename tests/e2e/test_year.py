"""The recorded French home's whole year through `bitgrid run --demo --once`, over a real broker."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bitgrid_core.journal.sqlite import SqliteReader
from support.demos import start_demo
from support.shared import shared_data

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]
BLOCKS = 52_554
EVER = (0, 2**62)


def test_a_recorded_year_is_decided_mirrored_verified_and_replayed(tmp_path: Path) -> None:
    """Every block decided once, every copy proven, every decision the same bytes again."""
    home = shared_data("home_fr_30min_2024-02_2025-02.csv")
    words = ("--once", "--json", "--household", str(home), "--pv-scale", "2")
    code, output = start_demo(tmp_path / "data", *words).end(within_s=2900)
    assert code == 0, output
    document = json.loads(output)
    assert document["blocks"] == BLOCKS
    assert document["decisions"] == document["explained"]
    with SqliteReader(tmp_path / "data" / "journal" / "journal.sqlite") as journal:
        decided = Counter(one.body["trigger"] for one in journal.of_kind("decision", EVER))
    assert decided["tick"] == BLOCKS
    assert set(decided) <= {"tick", "safety"}
    assert decided["safety"] < 20, "a value that cannot be true stops at once what runs"
    assert document["missed_blocks"] == document["lease_ends"] == document["deviations"] == 0
    assert document["verified"] is document["replayed_identical"] is True
