"""Exact conversions, rounded to the cautious side."""

from decimal import Decimal

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.signals import SIGNALS
from bitgrid_core.units import (
    Caution,
    decimal,
    mean_cautious,
    to_inside,
    to_inside_exact,
    to_people,
)


@pytest.mark.parametrize(
    ("value", "unit", "inside", "expected"),
    [
        ("1.5", "kW", "w", 1500),
        (0.1, "kW", "w", 100),
        (58, "%", "permille", 580),
        ("-3.25", "°C", "mdegc", -3250),
        (60, "s", "ms", 60_000),
        ("29.999", "ct/kWh", "ct_per_mwh", 29_999),
        (Decimal("1E+3"), "W", "w", 1000),
        (" 7 ", "W", "w", 7),
    ],
)
@pytest.mark.parametrize("caution", Caution)
def test_value_that_is_whole_inside_passes_unchanged(
    value: object, unit: str, inside: str, expected: int, caution: Caution
) -> None:
    """No rounding where none is needed, and no binary float in between."""
    assert to_inside(value, unit, inside, caution) == expected


@pytest.mark.parametrize(
    ("value", "caution", "expected"),
    [
        ("0.4", Caution.DOWN, 0),
        ("0.4", Caution.UP, 1),
        ("-0.4", Caution.DOWN, -1),
        ("-0.4", Caution.UP, 0),
        ("799.9999999999999999999999", Caution.DOWN, 799),
        ("85.0000000000000000000001", Caution.UP, 86),
    ],
)
def test_what_does_not_divide_goes_to_the_cautious_side(
    value: str, caution: Caution, expected: int
) -> None:
    """Down for what starts loads, up for what stops them; below zero too."""
    assert to_inside(value, "W", "w", caution) == expected


@pytest.mark.parametrize(
    "value", [True, None, [], "", "1,5", "0x10", "NaN", "inf", "1e999", "9" * 41, object()]
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    """Nothing is guessed; a comma is no decimal point."""
    with pytest.raises(BadInput):
        decimal(value)


def test_unit_that_does_not_measure_this_is_refused_by_name() -> None:
    """Percent is no power."""
    with pytest.raises(BadInput, match="'%'"):
        to_inside(1, "%", "w", Caution.UP)


def test_threshold_finer_than_the_inside_unit_is_refused() -> None:
    """A threshold is compared exactly, so it is not rounded behind the owner's back."""
    assert to_inside_exact("0.8", "kW", "w") == 800
    with pytest.raises(BadInput, match="finer"):
        to_inside_exact("0.8005", "kW", "w")


@pytest.mark.parametrize(
    ("total", "count", "down", "up"), [(10, 4, 2, 3), (8, 4, 2, 2), (-10, 4, -3, -2), (0, 7, 0, 0)]
)
def test_mean_goes_to_the_cautious_side(total: int, count: int, down: int, up: int) -> None:
    """A mean is rounded like a value."""
    assert mean_cautious(total, count, Caution.DOWN) == down
    assert mean_cautious(total, count, Caution.UP) == up


@pytest.mark.parametrize(
    ("value", "inside", "unit", "text"),
    [
        (1500, "w", "kW", "1.5"),
        (1000, "w", "kW", "1"),
        (100_000, "w", "kW", "100"),
        (-50, "w", "kW", "-0.05"),
        (580, "permille", "%", "58"),
        (0, "w", "kW", "0"),
    ],
)
def test_inside_number_is_written_for_people_without_trailing_zeros(
    value: int, inside: str, unit: str, text: str
) -> None:
    """Exact, and as short as exact allows."""
    assert to_people(value, inside, unit) == text


def test_signals_are_rounded_as_the_rules_say() -> None:
    """SoC, PV, forecast and export down; temperature, load, import and price up."""
    down = {name for name, signal in SIGNALS.items() if signal.caution is Caution.DOWN}
    assert down == {
        "pv_power_w",
        "grid_export_w",
        "battery_soc_pct",
        "pv_forecast_kw",
        "heartbeat",
    }


def test_signal_names_end_in_their_unit() -> None:
    """What a file says is what it means."""
    endings = {
        "W": "_w",
        "kW": "_kw",
        "%": "_pct",
        "°C": "_c",
        "ct/kWh": "_ct_kwh",
        "": "heartbeat",
    }
    for name, signal in SIGNALS.items():
        assert name == signal.name
        assert name.endswith(endings[signal.unit])
        assert signal.low < signal.high
