"""The recorded French home's whole year through `bitgrid run --demo --once`, over a real broker."""

import json
from pathlib import Path

import pytest

from support.demos import start_demo
from support.shared import shared_data

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]
BLOCKS = 52_554


def test_a_recorded_year_is_decided_mirrored_verified_and_replayed(tmp_path: Path) -> None:
    """Every block decided once, every copy proven, every decision the same bytes again."""
    home = shared_data("home_fr_30min_2024-02_2025-02.csv")
    words = ("--once", "--json", "--household", str(home), "--pv-scale", "2")
    code, output = start_demo(tmp_path / "data", *words).end(within_s=2900)
    assert code == 0, output
    document = json.loads(output)
    assert document["blocks"] == document["decisions"] == document["explained"] == BLOCKS
    assert document["missed_blocks"] == document["lease_ends"] == document["deviations"] == 0
    assert document["verified"] is document["replayed_identical"] is True
