"""What perfect foresight is asked: known time in half hours, and the figure that it maximises."""

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.household import BatteryConfig, Series
from bitgrid_core.household.foresight import Optimum, Stretch, net_wh, stretches_of, task_of
from bitgrid_core.household.lab import Outcome, bench_of
from bitgrid_core.policy import default_policy, parse_policy

T0 = 2_840_112 * BLOCK_MS


def series(pv_w: list[int | None], house_w: list[int | None]) -> Series:
    """Rows of ten minutes."""
    return Series(
        source="rows",
        start_ms=T0,
        step_s=600,
        load_w=tuple(house_w),
        pv_w=tuple(pv_w),
        pv_forecast_w=(None,) * len(pv_w),
    )


def outcome(drawn_wh: int, bought_wh: int) -> Outcome:
    """Books of a run."""
    return Outcome(
        name="x", days={}, stored_wh=0, drawn_ws=drawn_wh * 3600, bought_ws=bought_wh * 3600
    )


def test_half_hours_hold_the_sums_of_the_scaled_roof() -> None:
    """PV is scaled and rounded as the plant does, and what is unknown is left out."""
    rows = series([101, 200, None, 300], [10, 20, 30, None])
    bench = bench_of(rows, pv_scale_permille=1500)
    assert stretches_of(bench) == (
        Stretch(seconds=1200, pv_ws=(151 + 300) * 600, house_ws=30 * 600),
    )


def test_blocks_of_one_half_hour_are_one_stretch() -> None:
    """A year of half hours stays a year of half hours."""
    found = stretches_of(bench_of(series([600] * 9, [100] * 9)))
    assert [one.seconds for one in found] == [1800, 1800, 1800]


def test_loads_of_a_policy_draw_their_top_together() -> None:
    """What all loads can draw at once bounds foresight, and so does the house's battery."""
    bench = bench_of(series([0], [0]))
    two = parse_policy(
        {
            "has_battery": False,
            "loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2, "levels_w": {"eco": 100}}],
        }
    )
    assert task_of(bench, default_policy(), ()).top_w == 1674
    assert task_of(bench, default_policy(), ()).has_battery
    task = task_of(bench, two, ())
    assert (task.top_w, task.has_battery) == (1674 + 400, False)


def test_extra_import_counts_twice_against_what_was_used() -> None:
    """The figure is used − 2 × import above that without loads."""
    assert net_wh(outcome(1000, 350), outcome(0, 300)) == 900


def test_share_is_rounded_down_and_absent_where_nothing_can_be_reached() -> None:
    """A share is never flattering."""
    best = Optimum(net_wh=3000, used_wh=3000, extra_import_wh=0)
    assert best.share_permille(1999) == 666
    assert best.share_permille(-1) == -1
    assert Optimum(net_wh=0, used_wh=0, extra_import_wh=0).share_permille(0) is None


def test_battery_of_the_bench_is_the_plants() -> None:
    """A bench without a word about its battery has the default one."""
    assert bench_of(series([0], [0])).battery == BatteryConfig()
