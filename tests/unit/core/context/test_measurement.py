"""One message's fields as a measurement, or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitgrid_core.context import Forecast, Measurement, parse_measurement
from bitgrid_core.errors import BadInput
from bitgrid_core.signals import PV_FORECAST, Quality

AT = "2024-06-01T10:10:00.000Z"
PV: dict[str, Any] = {"value": "3000.7", "unit": "W", "at": AT, "source": "inverter"}
SERIES: dict[str, Any] = {
    "value": [1.5, None, "-0.02", 2000],
    "unit": "kW",
    "at": AT,
    "from": AT,
    "step_s": 600,
}


def parsed(signal: str = "pv_power_w", **fields: Any) -> Measurement:
    """A measurement that is no series."""
    found = parse_measurement("meter", signal, PV | fields)
    assert isinstance(found, Measurement)
    return found


def test_value_is_rounded_to_the_cautious_side_of_its_signal() -> None:
    """PV down, house load up."""
    assert parsed().value == 3000
    assert parsed("house_load_w").value == 3001


def test_kilowatts_are_taken_as_well() -> None:
    """The unit stands in the message."""
    assert parsed(value="0.1", unit="kW").value == 100


@pytest.mark.parametrize("value", [-101, 1_000_001, "1e20"])
def test_value_out_of_physical_range_is_suspect_and_has_no_value(value: object) -> None:
    """It is known that something was said, not what."""
    found = parsed(value=value)
    assert (found.value, found.quality) == (None, Quality.SUSPECT)


@pytest.mark.parametrize("value", [-1, -100, "-0.3"])
def test_small_draw_of_an_inverter_at_night_is_no_pv(value: object) -> None:
    """Zero, not suspect; but a house's load is never negative."""
    assert parsed(value=value).value == 0
    assert parsed("house_load_w", value=-5).quality is Quality.SUSPECT


@pytest.mark.parametrize("quality", ["stale", "missing", "suspect"])
def test_value_that_its_sender_doubts_is_not_taken(quality: str) -> None:
    """Only ok carries a value."""
    found = parsed(quality=quality)
    assert (found.value, found.quality) == (None, Quality(quality))


def test_null_is_missing() -> None:
    """A gap stays a gap."""
    assert parsed(value=None).quality is Quality.MISSING


@pytest.mark.parametrize(
    "fields",
    [
        {"value": "sunny"},
        {"value": True},
        {"value": "NaN"},
        {"unit": "%"},
        {"unit": 5},
        {"at": "noon"},
        {"at": None},
        {"quality": "fine"},
        {"source": "x" * 201},
    ],
)
def test_message_that_is_no_measurement_is_refused(fields: dict[str, Any]) -> None:
    """Its receiver counts and drops it."""
    with pytest.raises(BadInput):
        parsed(**fields)


def test_unknown_signal_is_refused_by_name() -> None:
    """Nothing is stored that nobody knows."""
    with pytest.raises(BadInput, match="moon_w"):
        parse_measurement("meter", "moon_w", PV)


def test_series_keeps_gaps_and_drops_what_cannot_be() -> None:
    """Small negative forecasts are zero; two gigawatts are no forecast."""
    found = parse_measurement("service", "pv_forecast_kw", SERIES)
    assert isinstance(found, Forecast)
    assert found.values == (1500, None, 0, None)


def test_series_is_asked_by_instant() -> None:
    """Each value holds for its step; outside there is none."""
    found = parse_measurement("service", "pv_forecast_kw", SERIES)
    assert isinstance(found, Forecast)
    start = found.from_ms
    instants = (start - 1, start, start + 599_999, start + 1_200_000, start + 2_400_000)
    assert [found.value_at(at) for at in instants] == [None, 1500, 1500, 0, None]


@pytest.mark.parametrize(
    "fields",
    [
        {"step_s": None},
        {"step_s": 59},
        {"step_s": 86_401},
        {"step_s": True},
        {"from": "noon"},
        {"value": [0] * 1001},
        {"value": ["x"]},
        {"unit": "°C"},
    ],
)
def test_series_that_cannot_be_placed_is_refused(fields: dict[str, Any]) -> None:
    """A bound on length and step, and a start with a zone."""
    with pytest.raises(BadInput):
        parse_measurement("service", "pv_forecast_kw", SERIES | fields)


@given(
    st.sampled_from([300_000, 600_000, 900_000]),
    st.integers(-3, 6),
    st.sampled_from([0, 300_000]),
    st.integers(0, 5),
)
def test_blocks_of_a_forecast_are_its_values_one_by_one(
    step_ms: int, behind: int, shift_ms: int, count: int
) -> None:
    """Whatever its step and wherever it begins; outside it nothing is known."""
    forecast = Forecast(
        signal=PV_FORECAST, at_ms=0, from_ms=shift_ms, step_ms=step_ms, values=(1, None, 3, 4)
    )
    at_ms = behind * 600_000
    single = [forecast.value_at(at_ms + n * 600_000) for n in range(count)]
    assert list(forecast.blocks_from(at_ms, count)) == single
