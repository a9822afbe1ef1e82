"""Forecasts in the shapes of the field, as the series that the core reads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitgrid_appliance.forecast_shapes import in_our_shape
from bitgrid_appliance.forecasting import understood
from bitgrid_appliance.mqtt import parse_payload
from bitgrid_core.block import at_text, parse_at
from bitgrid_core.context import Forecast, parse_measurement
from bitgrid_core.errors import BadInput

NOW = parse_at("2024-06-01T09:00:00Z")
TEN = "2024-06-01T10:00:00Z"


def read(document: dict[str, Any]) -> Forecast:
    """A message as the core reads it in the end."""
    payload = parse_payload(json.dumps(document).encode())
    found = parse_measurement("roof", "pv_forecast_kw", in_our_shape(payload, NOW))
    assert isinstance(found, Forecast)
    return found


def series(found: Forecast) -> tuple[str, int, tuple[int | None, ...]]:
    """Begin, minutes of a step, and W."""
    return at_text(found.from_ms)[11:16], found.step_ms // 60_000, found.values


HALF_HOURS: list[dict[str, Any]] = [
    # a plain list, with the unit said once
    {
        "unit": "W",
        "forecast": [
            {"time": "2024-06-01T10:00:00Z", "power": 1200},
            {"time": "2024-06-01T10:30:00Z", "power": 1500.9},
        ],
    },
    {
        "unit": "kW",
        "value": [
            {"time": "2024-06-01T10:30:00Z", "power": "1.5"},
            {"time": "2024-06-01T12:00:00+02:00", "power": 1.2},
        ],
    },
    # Solcast: the end of a period and its length, kW
    {
        "forecasts": [
            {
                "pv_estimate": 1.2,
                "pv_estimate10": 0.3,
                "period_end": "2024-06-01T10:30:00.0000000Z",
                "period": "PT30M",
            },
            {
                "pv_estimate": 1.5004,
                "pv_estimate10": 0.3,
                "period_end": "2024-06-01T11:00:00.0000000Z",
                "period": "PT30M",
            },
        ]
    },
    # Home Assistant's integration of it: the begin
    {
        "detailedForecast": [
            {"period_start": "2024-06-01T12:00:00+02:00", "pv_estimate": 1.2},
            {"period_start": "2024-06-01T12:30:00+02:00", "pv_estimate": 1.5},
        ]
    },
    # EMHASS: W as text
    {
        "unit_of_measurement": "W",
        "forecasts": [
            {"date": "2024-06-01T12:00:00+02:00", "p_pv_forecast": "1200.0"},
            {"date": "2024-06-01T12:30:00+02:00", "p_pv_forecast": "1500.0"},
        ],
    },
    # evcc: begin, end and value
    {
        "unit": "W",
        "rates": [
            {"start": "2024-06-01T10:00:00Z", "end": "2024-06-01T10:30:00Z", "value": 1200},
            {"start": "2024-06-01T10:30:00Z", "end": "2024-06-01T11:00:00Z", "value": 1500},
        ],
    },
]


@pytest.mark.parametrize("document", HALF_HOURS)
def test_list_of_half_hours_is_read_as_it_is(document: dict[str, Any]) -> None:
    """The same two half hours in each shape: begin, step and watts, rounded down."""
    assert series(read(document)) == ("10:00", 30, (1200, 1500))


def test_series_in_our_own_shape_passes_unchanged() -> None:
    """What the contract says needs no mapping."""
    payload = {"value": [1, 2], "unit": "kW", "at": TEN, "from": TEN, "step_s": 600}
    assert in_our_shape(payload, NOW) is payload


def test_points_of_forecast_solar_become_means_in_blocks() -> None:
    """Powers at uneven instants; the mean of a block lies between its ends."""
    watts = {
        "2024-06-01T05:12:00+00:00": 0,
        "2024-06-01T06:00:00+00:00": 960,
        "2024-06-01T07:00:00+00:00": 1200,
    }
    found = read({"result": {"watts": watts, "watt_hours_day": {"2024-06-01": 1}}, "message": {}})
    begin, minutes, values = series(found)
    assert (begin, minutes, len(values)) == ("05:12", 10, 11)
    assert values[:4] == (480,) * 4
    assert values[4] == (8 * 480 + 2 * 1080) // 10
    assert values[5:10] == (1080,) * 5
    assert values[10] is None  # eight minutes are said, two are not


def test_energies_of_home_assistant_become_powers() -> None:
    """Wh of an hour, or of the part of it that is left."""
    hours = {
        "2024-06-01T05:30:00+00:00": 100,
        "2024-06-01T06:00:00+00:00": 900,
        "2024-06-01T07:00:00+00:00": 1300.7,
    }
    _begin, _minutes, values = series(read({"wh_hours": hours}))
    assert values == (200,) * 3 + (900,) * 6 + (1300,) * 6


def test_hole_in_a_list_stays_a_hole() -> None:
    """Nothing is filled in between two periods."""
    rates = [
        {"start": "2024-06-01T10:00:00Z", "end": "2024-06-01T10:20:00Z", "power_w": 600},
        {"start": "2024-06-01T10:40:00Z", "end": "2024-06-01T11:00:00Z", "power_w": 900},
    ]
    assert series(read({"rates": rates}))[2] == (600, 600, None, None, 900, 900)


def test_arrival_stands_for_a_time_of_making_that_is_not_said() -> None:
    """Else nobody could tell when it is too old."""
    assert read(HALF_HOURS[0]).at_ms == NOW
    assert read({**HALF_HOURS[0], "at": TEN}).at_ms == parse_at(TEN)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"forecast": [{"time": TEN, "power": 1}]}, "no unit"),
        ({"unit": "A", "forecast": [{"time": TEN, "power": 1}]}, "does not fit"),
        ({"unit": "W", "forecast": [{"time": "2024-06-01 10:00:00", "power": 1}]}, "no time zone"),
        ({"unit": "W", "forecast": [{"power": 1}]}, "no instant"),
        ({"unit": "W", "forecast": [{"time": 7, "power": 1}]}, "no instant"),
        ({"unit": "W", "forecast": [{"time": TEN}]}, "no power"),
        ({"unit": "W", "forecast": [{"time": TEN, "power": "much"}]}, "not a number"),
        ({"unit": "W", "forecast": [{"time": TEN, "power": 1}] * 2}, "lasts 0 s"),
        ({"unit": "W", "rates": [{"start": TEN, "end": TEN, "value": 1}]}, "lasts 0 s"),
        ({"forecasts": [{"period_end": TEN, "pv_estimate": 1}]}, "no length"),
        ({"result": {"watts": {"2024-06-01 10:00:00": 1, TEN: 2}}}, "no time zone"),
        ({"unit": "W", "forecast": [{"time": TEN, "power": 1}] * 1001}, "lasts 0 s"),
        ({"result": 7}, "no shape"),
        ({"value": [{"x": 1}, 2]}, "step"),
        ({"forecast": []}, "no shape"),
    ],
)
def test_shape_that_cannot_be_is_refused_in_a_sentence(
    document: dict[str, Any], sentence: str
) -> None:
    """Counted and dropped like any other message, never guessed at."""
    with pytest.raises(BadInput) as caught:
        read({"at": TEN, **document})
    assert sentence in str(caught.value)


def test_two_series_in_one_message_are_refused() -> None:
    """Which of them holds is nobody's guess."""
    twice = [
        {"start": "2024-06-01T10:00:00Z", "end": "2024-06-01T11:00:00Z", "power_w": 1},
        {"start": "2024-06-01T10:30:00Z", "end": "2024-06-01T11:30:00Z", "power_w": 2},
    ]
    with pytest.raises(BadInput, match="twice"):
        read({"rates": twice})


def test_forecast_from_the_future_is_refused_by_the_wall_clock() -> None:
    """A service with a wrong clock must not hide every later one; the demo's clock runs by itself."""
    names, late = ("roof", "pv_forecast_kw"), {**HALF_HOURS[0], "at": "2024-06-01T09:00:31Z"}
    with pytest.raises(BadInput, match="clock"):
        understood(names, late, NOW, NOW)
    assert understood(names, late, NOW)["at"] == late["at"]
    soon = {**late, "at": "2024-06-01T09:00:30Z"}
    assert understood(names, soon, NOW, NOW)["at"] == soon["at"]
    assert understood(names, HALF_HOURS[0], NOW, NOW)["at"] == at_text(NOW)


def test_other_signals_are_no_forecasts() -> None:
    """A price list of the same shape stays what it is."""
    payload = HALF_HOURS[0]
    assert understood(("meter", "energy_price_ct_kwh"), payload, NOW) is payload


@given(
    st.lists(
        st.tuples(st.integers(1, 120), st.integers(0, 20_000), st.integers(0, 90)),
        min_size=1,
        max_size=20,
    )
)
def test_resampling_never_says_more_energy_than_was_said(
    drawn: list[tuple[int, int, int]],
) -> None:
    """Uneven periods with holes: whole blocks keep their energy, rounded down, holes stay holes."""
    at_ms, rates, said = NOW, [], 0
    for minutes, power_w, hole in drawn:
        until_ms = at_ms + minutes * 60_000
        rates.append({"start": at_text(at_ms), "end": at_text(until_ms), "power_w": power_w})
        said += minutes * power_w
        at_ms = until_ms + hole * 60_000
    found = read({"rates": rates})
    got = sum((value or 0) * found.step_ms // 60_000 for value in found.values)
    assert got <= said
    last_ms = parse_at(str(rates[-1]["end"]))
    assert found.from_ms == NOW
    assert (len(found.values) - 1) * found.step_ms < last_ms - NOW
