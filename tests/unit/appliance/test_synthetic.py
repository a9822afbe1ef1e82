"""The synthetic home: plausible, repeatable, and a clear word where its extra is missing."""

import sys

import pytest

from bitgrid_appliance.synthetic import SyntheticHome, synthetic_series
from bitgrid_core.errors import BadInput, MissingDependency
from bitgrid_core.household import Series


@pytest.fixture(scope="module")
def year() -> Series:
    """The default home, made once."""
    pytest.importorskip("demandlib", reason="the extra bitgrid-appliance[synthetic] is not there")
    pytest.importorskip("pvlib", reason="the extra bitgrid-appliance[synthetic] is not there")
    return synthetic_series()


def test_year_is_whole_and_begins_at_german_midnight(year: Series) -> None:
    """35,040 quarters of an hour from 2022-12-31T23:00Z on, without a gap."""
    assert len(year.load_w) == 35_040
    assert (year.step_s, year.start_ms) == (900, 1_672_527_600_000)
    assert None not in (*year.load_w, *year.pv_w, *year.pv_forecast_w)


def test_energies_are_those_of_a_german_home(year: Series) -> None:
    """About 4,000 kWh of consumption; 850 to 1,050 kWh for each kW of roof; never above it."""
    assert sum(w or 0 for w in year.load_w) / 4000 == pytest.approx(4000, rel=0.03)
    assert 8_500 < sum(w or 0 for w in year.pv_w) / 4000 < 10_500
    assert max(w or 0 for w in year.pv_w) <= 10_000


def test_sun_shines_by_day_and_more_in_summer(year: Series) -> None:
    """Midnight is dark all year, July beats December at least threefold."""
    assert not any(year.pv_w[::96])
    days = [sum(w or 0 for w in year.pv_w[at : at + 96]) for at in range(0, 35_040, 96)]
    assert sum(days[181:212]) > 3 * sum(days[334:365])


def test_forecast_is_near_but_not_the_truth(year: Series) -> None:
    """It errs by whole days and keeps the year's energy."""
    total, forecast = sum(w or 0 for w in year.pv_w), sum(w or 0 for w in year.pv_forecast_w)
    assert year.pv_forecast_w != year.pv_w
    assert forecast == pytest.approx(total, rel=0.05)


def test_seed_decides_everything(year: Series) -> None:
    """Equal seeds give equal series, another seed another one."""
    assert synthetic_series().digest() == year.digest()
    assert synthetic_series(SyntheticHome(seed=2)).digest() != year.digest()


def test_leap_year_has_its_day(year: Series) -> None:
    """Weather repeats its last day, so that the calendar is complete."""
    assert len(synthetic_series(SyntheticHome(year=2024)).load_w) == 35_136


@pytest.mark.parametrize("package", ["pandas", "demandlib.bdew", "pvlib"])
def test_missing_extra_is_named_with_both_remedies(
    package: str, year: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, the install command, and the file that does without."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency) as caught:
        synthetic_series()
    assert package.partition(".")[0] in caught.value.message
    assert 'pip install "bitgrid-appliance[synthetic]"' in caught.value.hint
    assert "--household FILE" in caught.value.hint


@pytest.mark.parametrize(
    "wrong",
    [{"year": 1900}, {"annual_kwh": 0}, {"peak_w": 0}, {"load_jitter_permille": 1001}],
)
def test_home_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    """Before anything is computed."""
    with pytest.raises(BadInput):
        SyntheticHome(**wrong)
