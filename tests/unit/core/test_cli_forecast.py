"""``bitgrid forecast check``: the local forecast's error on a record, before it is trusted."""

from pathlib import Path

import pytest

from support.core_command import core
from support.homes import sunny_home


def test_record_is_judged_with_both_forecasts_side_by_side(tmp_path: Path) -> None:
    """The sunny home's own forecast is true, so its error is 0; ours is small."""
    home = sunny_home(tmp_path / "home.csv", days=4)
    found = core("forecast", "check", home, "--site", "48,0", "--json").document
    assert set(found) == {"local", "local_where_logged", "logged"}
    assert (found["logged"]["mae_w"], found["logged"]["bias_w"]) == (0, 0)
    assert found["local"]["mae_w"] < found["local"]["mean_w"] / 4


def test_table_names_each_forecast_once(tmp_path: Path) -> None:
    """A header and a line each."""
    said = core("forecast", "check", sunny_home(tmp_path / "home.csv"))
    words = [line.split("  ")[0] for line in said.out.splitlines()]
    assert words == ["next hour", "local", "local where logged", "logged"]


def test_record_without_a_logged_forecast_is_judged_alone(tmp_path: Path) -> None:
    """Only the local one."""
    home = sunny_home(tmp_path / "home.csv")
    lines = [line.rpartition(",")[0] for line in home.read_text().splitlines()]
    home.write_text("\n".join(lines) + "\n")
    assert set(core("forecast", "check", home, "--json").document) == {"local"}


def test_record_without_sun_cannot_be_judged(tmp_path: Path) -> None:
    """Exit 2 and what is needed."""
    home = tmp_path / "home.csv"
    rows = [f"2024-06-01T{hour:02}:00:00Z,400,0" for hour in range(3)]
    home.write_text("\n".join(["utc,load_w,pv_w", *rows]) + "\n")
    said = core("forecast", "check", home)
    assert said.code == 2
    assert "no hour to judge" in said.err


@pytest.mark.parametrize("site", ["48.1", "north,east", "91,0", "0,181", "nan,0"])
def test_site_that_is_none_is_refused(tmp_path: Path, site: str) -> None:
    """Exit 2, with what to write."""
    said = core("forecast", "check", tmp_path / "home.csv", "--site", site)
    assert said.code == 2
    assert "write" in said.err
