"""A window's samples as aggregates."""

import pytest

from bitgrid_core.block import block_start_ms
from bitgrid_core.context import Aggregate, BlockCollector, Forecast, Measurement
from bitgrid_core.policy import default_policy
from bitgrid_core.signals import (
    BATTERY_SOC,
    HOUSE_LOAD,
    LOAD_TEMP,
    PRICE,
    PV_FORECAST,
    PV_POWER,
    Quality,
    Signal,
)

BLOCK = 2_861_280
OPENED = block_start_ms(BLOCK - 1)
END = block_start_ms(BLOCK)


def sample(
    at_ms: int, value: int | None, signal: Signal = PV_POWER, device: str = "site"
) -> Measurement:
    """One measurement; without a value it is missing."""
    quality = Quality.MISSING if value is None else Quality.OK
    return Measurement(
        signal=signal, device=device, value=value, at_ms=at_ms, source="test", quality=quality
    )


def collected(*samples: Measurement | Forecast) -> BlockCollector:
    """A collector that took these just before the boundary."""
    collector = BlockCollector(default_policy(), OPENED)
    for item in samples:
        assert collector.add(item, END)
    return collector


def closed(*samples: Measurement, signal: str = "pv_power_w") -> Aggregate:
    """The aggregate of a site signal."""
    return collected(*samples).close(BLOCK, 20240601).site[signal]


def test_window_has_mean_last_extremes_count_and_age() -> None:
    """In the order of the record."""
    found = closed(sample(OPENED + 1000, 100), sample(END - 60_000, 301), sample(END - 1, 200))
    assert found == Aggregate(200, 200, 100, 301, 3, 1, Quality.OK)


def test_mean_is_rounded_to_the_cautious_side() -> None:
    """PV down, house load up."""
    halves = [(OPENED + 1, 1), (OPENED + 2, 2)]
    assert closed(*(sample(at, value) for at, value in halves)).mean == 1
    loads = [sample(at, value, HOUSE_LOAD) for at, value in halves]
    assert closed(*loads, signal="house_load_w").mean == 2


def test_window_begins_with_its_first_instant() -> None:
    """[t − 600 s, t): a sample at the opening boundary belongs to this window."""
    assert closed(sample(OPENED, 500), sample(END - 1, 700)).samples == 2


def test_sample_from_before_the_window_is_only_a_last_value() -> None:
    """It does not enter the mean of a window that it was not measured in."""
    found = closed(sample(OPENED - 1, 500))
    assert (found.mean, found.last, found.samples) == (None, 500, 0)


@pytest.mark.parametrize(("age_ms", "quality"), [(90_000, Quality.OK), (90_001, Quality.STALE)])
def test_value_older_than_its_limit_is_stale(age_ms: int, quality: Quality) -> None:
    """Seconds for meters."""
    assert closed(sample(END - age_ms, 500)).quality is quality


def test_each_signal_has_its_own_limit() -> None:
    """A state of charge may be five times as old as a meter's value."""
    soc = closed(sample(END - 450_000, 500, BATTERY_SOC), signal="battery_soc_pct")
    assert soc.quality is Quality.OK


def test_newest_sample_without_a_value_makes_the_signal_missing() -> None:
    """What was good a minute ago is not estimated to be good now."""
    found = closed(sample(END - 1000, 500), sample(END - 10, None))
    assert (found.quality, found.mean, found.last) == (Quality.MISSING, 500, 500)


@pytest.mark.parametrize(
    ("age_ms", "quality"), [(90_000, Quality.SUSPECT), (90_001, Quality.STALE)]
)
def test_nonsense_counts_as_such_only_while_it_is_fresh(age_ms: int, quality: Quality) -> None:
    """A sensor that said nonsense and fell silent is silent."""
    nonsense = Measurement(
        signal=LOAD_TEMP,
        device="load-1",
        value=None,
        at_ms=END - age_ms,
        source="test",
        quality=Quality.SUSPECT,
    )
    found = collected(nonsense).close(BLOCK, 20240601).loads["load-1"]["load_temp_c"]
    assert found.quality is quality


def test_samples_that_arrive_out_of_order_do_not_make_old_values_new() -> None:
    """The newest instant counts, not the newest arrival."""
    assert closed(sample(END - 10, 700), sample(END - 5000, 500)).last == 700


def test_next_window_starts_empty_and_keeps_the_last_value() -> None:
    """A silent meter goes stale; it does not repeat itself."""
    collector = collected(sample(END - 10, 700))
    collector.close(BLOCK, 20240601)
    found = collector.close(BLOCK + 1, 20240601).site["pv_power_w"]
    assert found == Aggregate(None, 700, None, None, 0, 600_010, Quality.STALE)


def test_sample_of_an_unknown_load_or_from_the_future_is_not_taken() -> None:
    """Said by the answer, so that it is counted."""
    collector = BlockCollector(default_policy(), OPENED)
    assert not collector.add(sample(END, 1, LOAD_TEMP, "load-9"), END)
    assert not collector.add(sample(END + 30_001, 1), END)
    assert collector.add(sample(END, 1, LOAD_TEMP, "load-1"), END)


def test_series_gives_the_look_ahead_from_the_boundary() -> None:
    """Six blocks by default; an older series does not replace a newer one."""
    collector = BlockCollector(default_policy(), OPENED)
    new = series(END - 1000, END - 600_000, tuple(range(10)))
    assert collector.add(new, END)
    assert not collector.add(series(END - 2000, END, (9,) * 10), END)
    assert collector.close(BLOCK, 20240601).pv_forecast_w == (1, 2, 3, 4, 5, 6)


def test_series_older_than_its_limit_is_no_forecast() -> None:
    """Hours, not seconds; then none at all."""
    old = series(END - PV_FORECAST.max_age_ms - 1, END, (5,) * 10)
    assert collected(old).close(BLOCK, 20240601).pv_forecast_w == ()


def test_series_that_ends_early_has_gaps() -> None:
    """A value that nobody forecast is none."""
    prices = series(END, END, (10, 20), PRICE)
    found = collected(prices).close(BLOCK, 20240601).prices_ct_per_mwh
    assert found == (10, 20, None, None, None, None)


def series(
    at_ms: int, from_ms: int, values: tuple[int | None, ...], signal: Signal = PV_FORECAST
) -> Forecast:
    """A forecast in steps of a block."""
    return Forecast(signal=signal, at_ms=at_ms, from_ms=from_ms, step_ms=600_000, values=values)
