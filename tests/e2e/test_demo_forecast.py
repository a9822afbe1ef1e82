"""A household without a forecast, played by `bitgrid run --demo`: the appliance makes its own."""

import csv
from pathlib import Path

import pytest

from support.demos import bodies, run_demo
from support.homes import sunny_home

pytestmark = pytest.mark.timeout(180)


def test_household_without_a_forecast_is_decided_with_the_own_one(tmp_path: Path) -> None:
    """Every block by day after the first sun; verified and replayed like any other day."""
    full = sunny_home(tmp_path / "full.csv", 2)
    home = tmp_path / "home.csv"
    with full.open(encoding="utf-8") as read, home.open("w", encoding="utf-8") as written:
        csv.writer(written).writerows(row[:3] for row in csv.reader(read))
    document = run_demo(tmp_path / "data", "--household", str(home))
    assert document["verified"] is document["replayed_identical"] is True
    blocks = bodies(tmp_path / "data", "block")
    local = [one for one in blocks if one.get("sources", {}).get("pv_forecast_kw") == "local"]
    assert len(local) > 200
    assert max(max(one["pv_forecast_w"]) for one in local) > 3000
    assert bodies(tmp_path / "data", "forecast") == []
    assert len(bodies(tmp_path / "data", "learnt")) == 3
