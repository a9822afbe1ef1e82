"""The laboratory: the same days under other policies, from a file or from a journal's windows."""

import pytest

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.errors import BadInput
from bitgrid_core.household import BatteryConfig, House, Series
from bitgrid_core.household.lab import (
    MAX_TRIALS,
    Bench,
    Trial,
    bench_of,
    plant_of_policy,
    play,
    varied,
    without_loads,
)
from bitgrid_core.household.loop import closed_loop
from bitgrid_core.household.recalled import recorded_series
from bitgrid_core.inputs import Input
from bitgrid_core.kpi import Tally, figures
from bitgrid_core.policy import default_policy, parse_policy

T0 = 2_840_112 * BLOCK_MS
DAYS = 2
DOCUMENT: dict[str, object] = {"version": 1, "loads": [{"id": "load-1"}]}


def sunny(days: int = DAYS) -> Series:
    """Days on which the sun rises to 4 kW and sets again, the second dimmer; a house that breathes."""
    pv_w = [
        max(0, 4000 - 900 * day - 90 * abs(block - 72))
        for day in range(days)
        for block in range(144)
    ]
    return Series(
        source="sunny",
        start_ms=T0,
        step_s=600,
        load_w=tuple(449 + row % 3 for row in range(len(pv_w))),
        pv_w=tuple(pv_w),
        pv_forecast_w=tuple(pv_w),
    )


def full(days: int | None = None) -> Bench:
    """A bench whose battery begins well charged."""
    return bench_of(sunny(), days, battery=BatteryConfig(soc_start_permille=800))


def test_figures_are_those_of_the_loop() -> None:
    """The laboratory decides nothing by itself: it counts what the engine decided."""
    bench, policy = full(), default_policy()
    tally = Tally(judge=None)
    house = House.begin(bench.series, plant_of_policy(bench, policy), bench.start_ms)
    for done in closed_loop(house, policy, bench.blocks):
        tally.take(done.item)
        for event in done.events:
            tally.decided(event)
    outcome = play(bench, Trial(name="own", policy=policy))
    assert outcome.days == tally.days
    assert outcome.total.switches >= 2
    assert sorted(outcome.days) == [20240101, 20240102, 20240103]


def test_playing_twice_gives_the_same() -> None:
    """Nothing random, nothing kept between trials."""
    trial = Trial(name="own", policy=default_policy())
    assert play(full(), trial) == play(full(), trial)


def test_plant_answers_to_the_policy() -> None:
    """A higher threshold runs less, exports more and stores no less."""
    easy, strict = varied(DOCUMENT, ["surplus_throttle_min_kw=0.8,1.5"])
    one, other = play(full(), easy), play(full(), strict)
    assert one.total.loads_w > other.total.loads_w
    assert one.total.export_w <= other.total.export_w
    assert one.stored_wh <= other.stored_wh


def test_energy_balances_over_the_days() -> None:
    """What was made and bought was used, sold, stored or lost in the battery."""
    sums = play(full(), Trial(name="own", policy=default_policy())).total
    stored = sums.pv_w + sums.import_w - sums.house_w - sums.loads_w - sums.export_w
    assert -10_000 * 6 <= stored <= 10_000 * 6
    assert sums.measured == sums.blocks == DAYS * 144


def test_house_without_loads_switches_nothing() -> None:
    """The run that extra import is measured against."""
    outcome = play(full(), without_loads(default_policy()))
    assert (outcome.total.switches, outcome.total.loads_w) == (0, 0)


def test_days_cut_the_series() -> None:
    """One day is one day; more than the series holds is refused."""
    assert full(1).blocks == 144
    for days in (3, 0, -1):
        with pytest.raises(BadInput, match="holds 2 days"):
            full(days)


def test_grid_is_every_combination() -> None:
    """Two keys with two and three values are six policies, each named by its values."""
    trials = varied(DOCUMENT, ["surplus_min_kw=1.5,2", "min_pause_blocks=1,2,3"])
    assert len({trial.name for trial in trials}) == len(trials) == 6
    assert trials[0].name == "surplus_min_kw=1.5 min_pause_blocks=1"
    last = trials[-1].policy.loads[0].thresholds
    assert (last.surplus_min_w, last.min_pause_blocks) == (2000, 3)


def test_grid_replaces_a_loads_own_value() -> None:
    """A key that a load sets for itself would otherwise not vary at all."""
    document: dict[str, object] = {"loads": [{"id": "load-1", "surplus_min_kw": "1.2"}]}
    trials = varied(document, ["surplus_min_kw=1.4,1.6"])
    found = [trial.policy.loads[0].thresholds.surplus_min_w for trial in trials]
    assert found == [1400, 1600]


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (["sunshine=1"], "cannot be varied"),
        (["surplus_min_kw="], "names no value"),
        (["surplus_min_kw"], "names no value"),
        (["surplus_min_kw=much"], "has faults"),
        (["max_temp_c=96"], "outside"),
        ([f"min_pause_blocks={','.join('1' * (MAX_TRIALS + 1))}"], "too many"),
    ],
)
def test_wrong_grid_is_one_sentence(wishes: list[str], words: str) -> None:
    """An owner learns what to write instead."""
    with pytest.raises(BadInput, match=words):
        varied(DOCUMENT, wishes)


@pytest.mark.parametrize("includes", [False, True])
def test_journals_windows_give_the_same_household(includes: bool) -> None:
    """Played from its own records under the same policy, a home comes to the same figures."""
    policy = parse_policy(DOCUMENT | {"house_meter_includes_loads": includes})
    bench = full()
    house = House.begin(bench.series, plant_of_policy(bench, policy), bench.start_ms)
    items: list[Input] = [done.item for done in closed_loop(house, policy, bench.blocks)]
    series, soc_permille = recorded_series(items, "journal")
    assert (series.pv_w, series.load_w) == (bench.series.pv_w, bench.series.load_w)
    assert series.pv_forecast_w[1:] == bench.series.pv_forecast_w[1:]
    again = bench_of(series, battery=bench.battery)
    trial = Trial(name="own", policy=policy)
    assert figures(play(again, trial).total) == figures(play(bench, trial).total)
    assert soc_permille is not None


def test_unmeasured_block_of_a_journal_stays_a_gap() -> None:
    """A window that is not there is not made up."""
    bench, policy = full(1), default_policy()
    house = House.begin(bench.series, plant_of_policy(bench, policy), bench.start_ms)
    items: list[Input] = [done.item for done in closed_loop(house, policy, 12)]
    series, _soc = recorded_series(items[:5] + items[7:], "journal")
    assert series.load_w[3:7] == (bench.series.load_w[3], None, None, bench.series.load_w[6])
    assert series.counts.load_gaps == 2


def test_journal_without_windows_is_refused() -> None:
    """There is nothing to play."""
    with pytest.raises(BadInput, match="holds no window"):
        recorded_series([], "journal.sqlite")
