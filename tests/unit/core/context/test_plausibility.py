"""Values that lie in their range and still cannot be true."""

from itertools import pairwise

import pytest

from bitgrid_core.block import block_start_ms
from bitgrid_core.context import Aggregate, BlockAggregates, BlockCollector, Measurement
from bitgrid_core.context.plausibility import CONFIRM_MS, Watch
from bitgrid_core.policy import default_policy
from bitgrid_core.signals import (
    BATTERY_SOC,
    GRID_IMPORT,
    HOUSE_LOAD,
    LOAD_POWER,
    LOAD_TEMP,
    PRICE,
    PV_POWER,
    SIGNALS,
    Doubt,
    Quality,
    Signal,
)

HOUR_MS = 3_600_000
STEP_MS = 10_000
BLOCK = 2_861_280


def doubts(signal: Signal, *samples: tuple[int, int]) -> list[Doubt | None]:
    """What is said of each (instant, value) in turn."""
    watch = Watch(signal.habits)
    return [watch.judge(value, at_ms) for at_ms, value in samples]


def watched(signal: Signal, *values: int) -> Watch:
    """A watch that knows the signal and believed these values, one every ten seconds until 0."""
    watch = Watch(signal.habits)
    past = [values[0] - number % 2 for number in range(100)]
    for number, value in enumerate([*past, *values], start=1 - len(values) - len(past)):
        assert watch.judge(value, number * STEP_MS) is None
    return watch


@pytest.mark.parametrize(
    ("signal", "hours"),
    [(PV_POWER, 2), (HOUSE_LOAD, 24), (GRID_IMPORT, 24)],
    ids=["pv", "house", "import"],
)
def test_value_is_stuck_when_it_repeats_longer_than_it_can(signal: Signal, hours: int) -> None:
    """To the millisecond, whatever the rate of samples."""
    watch = watched(signal, 5000, 5100, 700)
    for minutes in range(10, hours * 60 + 1, 10):
        assert watch.judge(700, minutes * 60_000) is None
    assert watch.judge(700, hours * HOUR_MS + 1) is Doubt.STUCK
    assert watch.judge(701, hours * HOUR_MS + 2) is None


@pytest.mark.parametrize(
    "signal", [BATTERY_SOC, PRICE, LOAD_POWER, LOAD_TEMP], ids=lambda s: s.name
)
def test_signal_that_may_rest_is_never_stuck(signal: Signal) -> None:
    """A full battery, a fixed tariff, a load at its level, a sensor of whole degrees."""
    assert set(doubts(signal, *((at * HOUR_MS // 2, 1000) for at in range(100)))) == {None}


@pytest.mark.parametrize("signal", [PV_POWER, GRID_IMPORT], ids=lambda s: s.name)
def test_power_may_rest_at_zero(signal: Signal) -> None:
    """A night, and a house that the sun carries."""
    assert set(doubts(signal, *((at * HOUR_MS // 2, 0) for at in range(100)))) == {None}


def test_house_that_uses_nothing_for_a_day_is_stuck() -> None:
    """All PV would look like surplus."""
    found = doubts(HOUSE_LOAD, *((at * HOUR_MS // 2, 0) for at in range(50)))
    assert found == [None] * 49 + [Doubt.STUCK]


@pytest.mark.parametrize("signal", [PV_POWER, HOUSE_LOAD, GRID_IMPORT], ids=lambda s: s.name)
def test_two_equal_values_of_hourly_data_are_not_stuck(signal: Signal) -> None:
    """Held for six blocks each, as a recorded household plays them."""
    held = [(minutes * 60_000, 700) for minutes in range(0, 120, 10)]
    assert set(doubts(signal, (-2, 5000), (-1, 5001), *held)) == {None}


def test_inverter_at_its_limit_may_repeat_four_times_as_long() -> None:
    """A clear day above the inverter's size looks stuck and is the best hour for a load."""
    watch = watched(PV_POWER, 3000, 4000, 4600)
    for minutes in range(10, 8 * 60 + 1, 10):
        assert watch.judge(4600, minutes * 60_000) is None
    assert watch.judge(4600, 8 * HOUR_MS + 1) is Doubt.STUCK


def test_value_that_returns_after_a_silence_is_not_stuck() -> None:
    """Nobody watched it: the hours between do not count."""
    assert doubts(PV_POWER, (0, 500), (HOUR_MS + 1, 500), (3 * HOUR_MS, 500))[1] is None


def test_stuck_value_is_doubted_again_only_after_it_moved_and_got_stuck_again() -> None:
    """One watt of change begins a new count."""
    found = doubts(HOUSE_LOAD, *((at * HOUR_MS // 2, 300 + (at == 49)) for at in range(100)))
    assert [at for at, doubt in enumerate(found) if doubt] == [99]


@pytest.mark.parametrize(
    ("signal", "before", "value"),
    [
        (PV_POWER, (4000, 4100, 4050), 8000),
        (PV_POWER, (4000, 4100, 0), 65_535),
        (HOUSE_LOAD, (300, 310, 305), 65_535),
        (BATTERY_SOC, (600, 601, 602), 1000),
        (BATTERY_SOC, (600, 601, 602), 0),
        (LOAD_TEMP, (60_000, 61_000), -10_000),
    ],
)
def test_jump_that_the_signal_cannot_make_is_suspect(
    signal: Signal, before: tuple[int, ...], value: int
) -> None:
    """And the value before it, when it comes again, is believed at once."""
    watch = watched(signal, *before)
    assert watch.judge(value, STEP_MS) is Doubt.JUMP
    assert watch.judge(before[-1] + 1, 2 * STEP_MS) is None


@pytest.mark.parametrize(
    ("signal", "before", "value"),
    [
        (PV_POWER, (4000, 4100, 4050), 0),
        (PV_POWER, (4000, 4100, 10), 4400),
        (PV_POWER, (20, 25, 30), 3000),
        (HOUSE_LOAD, (300, 310, 305), 23_000),
        (HOUSE_LOAD, (23_000, 23_010), 300),
        (BATTERY_SOC, (910, 910, 911), 1000),
        (LOAD_TEMP, (20_000, 21_000), 95_000),
        (PRICE, (25_000, 25_001), -9000),
    ],
)
def test_change_that_the_signal_can_make_is_believed(
    signal: Signal, before: tuple[int, ...], value: int
) -> None:
    """Clouds, kettles and cars, a battery that corrects itself, and heat, which R3 must see."""
    assert watched(signal, *before).judge(value, STEP_MS) is None


def test_rise_of_pv_is_not_judged_before_it_was_watched_for_a_while() -> None:
    """The first sun after a start is no fault; a register that overflows is one at any time."""
    watch = Watch(PV_POWER.habits)
    assert [watch.judge(w, n * STEP_MS) for n, w in enumerate((0, 20, 4500, 9000))] == [None] * 4
    assert watch.judge(65_535, 5 * STEP_MS) is Doubt.JUMP


def test_more_time_allows_more_change() -> None:
    """A charge may move 3 % a minute beyond what it may correct at once."""
    assert doubts(BATTERY_SOC, (0, 400), (600_000, 851))[1] is Doubt.JUMP
    assert doubts(BATTERY_SOC, (0, 400), (600_000, 850))[1] is None


def test_jump_that_stays_for_a_minute_is_believed() -> None:
    """It is the new state of things; so is a rise that goes on meanwhile."""
    watch = watched(PV_POWER, 1000, 1000, 1001)
    assert watch.judge(6000, STEP_MS) is Doubt.JUMP
    assert watch.judge(7000, STEP_MS + CONFIRM_MS - 1) is Doubt.JUMP
    assert watch.judge(6500, STEP_MS + CONFIRM_MS) is None
    assert watch.value == 6500


def test_single_peak_that_was_believed_does_not_become_the_measure() -> None:
    """Only what two neighbours reached counts as usual."""
    watch = watched(PV_POWER, 4000, 4000 + 2900, 4001)
    assert watch.top == 4001


def test_late_sample_is_compared_but_moves_nothing() -> None:
    """Order of arrival is not order of events."""
    watch = watched(BATTERY_SOC, 600, 605)
    assert watch.judge(590, -5 * STEP_MS) is None
    assert (watch.value, watch.at_ms) == (605, 0)
    assert watch.judge(100, -5 * STEP_MS) is Doubt.JUMP


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=lambda s: s.name)
def test_first_value_is_believed(signal: Signal) -> None:
    """There is nothing to compare it with."""
    assert doubts(signal, (0, signal.high)) == [None]


def collector(signal: Signal, *samples: tuple[int, int]) -> BlockAggregates:
    """The window before ``BLOCK`` with samples so many ms before its end."""
    end_ms = block_start_ms(BLOCK)
    found = BlockCollector(default_policy(), block_start_ms(BLOCK - 1))
    assert all(a[0] > b[0] for a, b in pairwise(samples))
    for before_ms, value in samples:
        measured = Measurement(
            signal=signal,
            device="site",
            value=value,
            at_ms=end_ms - before_ms,
            source="test",
            quality=Quality.OK,
        )
        assert found.add(measured, end_ms)
    return found.close(BLOCK, 20240601)


def test_suspect_sample_enters_neither_mean_nor_extremes_nor_last() -> None:
    """Once a believed one follows, the window is as if it had never come."""
    found = collector(PV_POWER, (400_000, 3000), (300_000, 65_535), (1, 3002))
    assert found.site["pv_power_w"] == Aggregate(3001, 3002, 3000, 3002, 2, 1)


def test_newest_sample_suspect_makes_the_signal_suspect_with_the_reason() -> None:
    """The last believed value stays with its age; the record says why and is read back."""
    found = collector(PV_POWER, (400_000, 3000), (300_000, 3002), (1, 65_535))
    expected = Aggregate(3001, 3002, 3000, 3002, 2, 300_000, Quality.SUSPECT, Doubt.JUMP)
    assert found.site["pv_power_w"] == expected
    body = found.to_body()
    assert body["site"] == {"pv_power_w": [3001, 3002, 3000, 3002, 2, 300_000, "suspect", "jump"]}
    assert BlockAggregates.from_body(body) == found
