"""A series in integers: what holds when, and forecasts for blocks."""

import pytest

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Sample, Series
from bitgrid_core.household.series import Column

START = 2_000_000 * BLOCK_MS


def series(step_s: int, forecast: Column, start_ms: int = START) -> Series:
    """Rows with consumption 0, 1, 2 … and the given forecast."""
    return Series(
        source="test",
        start_ms=start_ms,
        step_s=step_s,
        load_w=tuple(range(len(forecast))),
        pv_w=tuple(100 * n for n in range(len(forecast))),
        pv_forecast_w=forecast,
    )


def test_value_holds_from_its_instant_until_the_next() -> None:
    """The last millisecond before a row still belongs to the row before."""
    two = series(1800, (5, 6))
    assert two.at(START) == Sample(load_w=0, pv_w=0, pv_forecast_w=5, asleep=False)
    assert two.at(START + 1_799_999).pv_forecast_w == 5
    assert two.at(START + 1_800_000).pv_forecast_w == 6


def test_before_and_after_the_series_everything_is_a_gap() -> None:
    """Nothing is extended beyond what was recorded."""
    two = series(1800, (5, 6))
    for at_ms in (START - 1, two.end_ms):
        assert two.at(at_ms) == Sample(load_w=None, pv_w=None, pv_forecast_w=None, asleep=False)


def test_forecast_of_longer_rows_is_held_for_their_blocks() -> None:
    """Half an hour fills three blocks; past the end there is none."""
    assert series(1800, (5, None, 7)).forecast_blocks(START, 11) == (
        *(5, 5, 5),
        *(None, None, None),
        *(7, 7, 7),
        *(None, None),
    )


def test_forecast_of_shorter_rows_is_their_mean_rounded_down_or_a_gap() -> None:
    """One missing value makes its block a gap."""
    minutes: Column = (*range(10), *(9, None), *(3,) * 8)
    assert series(60, minutes).forecast_blocks(START, 2) == (4, None)


def test_forecast_of_quarters_is_weighted_by_time() -> None:
    """A block over two rows takes each for as long as it holds."""
    assert series(900, (90, 30)).forecast_blocks(START, 3) == (90, 60, 30)


@pytest.mark.parametrize(
    ("step_s", "resolution_s"), [(60, 60), (300, 300), (420, 60), (900, 300), (3600, 600)]
)
def test_resolution_divides_step_and_block(step_s: int, resolution_s: int) -> None:
    """A plant at that step sees every value of every block."""
    assert series(step_s, (1, 2)).resolution_s == resolution_s


def test_series_off_the_block_grid_begins_with_its_first_whole_block() -> None:
    """A start between two boundaries makes the resolution finer, never a block partial."""
    late = series(600, (1, 2, 3), START + 240_000)
    assert late.first_block_ms == START + BLOCK_MS
    assert late.resolution_s == 120


def test_step_that_does_not_fit_blocks_is_refused() -> None:
    """Only whole minutes up to an hour come to blocks."""
    with pytest.raises(BadInput, match="A step of 61 s"):
        series(61, (1, 2))


def test_digest_tells_different_series_apart() -> None:
    """One watt more is another series; the source's name is not part of it."""
    assert series(600, (1, 2)).digest() == series(600, (1, 2)).digest()
    assert series(600, (1, 2)).digest() != series(600, (1, 3)).digest()
