"""Key figures: each formula on windows and decisions whose outcome is known."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bitgrid_core.context import Aggregate, BlockAggregates
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import BlockClosed, Input, LeaseEnded, PolicyChanged
from bitgrid_core.kpi import CATALOGUE, Sums, Tally, catalogue_table, figures
from bitgrid_core.policy import default_policy, parse_policy
from bitgrid_core.signals import Quality
from support.decided import FIRST_BLOCK, window
from support.tree import ROOT

DAY = 20240601


def steady(value: int, quality: Quality = Quality.OK) -> Aggregate:
    """A signal that did not move in its window."""
    return Aggregate(value, value, value, value, 1, 1, quality)


def seen(number: int, loads_w: int = 0, **site: int) -> BlockClosed:
    """A window with the site's powers and one load's; the battery is well charged."""
    values = {"pv_power_w": 0, "house_load_w": 0, "grid_import_w": 0, "battery_soc_pct": 900}
    own = {"load_power_w": loads_w, "load_temp_c": 40_000, "heartbeat": 1}
    return BlockClosed(
        window=BlockAggregates(
            block_id=FIRST_BLOCK + number,
            local_day=DAY,
            site={name: steady(value) for name, value in (values | site).items()},
            loads={"load-1": {name: steady(value) for name, value in own.items()}},
        )
    )


def counted(items: list[Input], policy: Input | None = None) -> Tally:
    """The tally of some inputs under the default policy, with what the engine decided."""
    state, tally = EngineState(), Tally()
    for item in [policy or PolicyChanged(policy=default_policy()), *items]:
        state, events = step(state, item)
        tally.take(item)
        for event in events:
            tally.decided(event)
    return tally


def test_energies_are_means_over_blocks() -> None:
    """Six blocks of one kilowatt are one kilowatt-hour."""
    items: list[Input] = [seen(n, pv_power_w=3000, house_load_w=400) for n in range(3)]
    items += [seen(n, 800, pv_power_w=600, grid_import_w=1000) for n in range(3, 9)]
    found = figures(counted(items).total())
    assert found["grid_import_wh"] == 1000
    assert found["load_energy_wh"] == 800
    assert found["load_import_wh"] == 800


def test_shares_are_of_what_was_made_and_used() -> None:
    """A quarter of the PV exported leaves 750 ‰; 500 W of 2000 W from the grid leave 750 ‰."""
    items: list[Input] = [
        seen(0, 1200, pv_power_w=2000, house_load_w=800, grid_import_w=500, grid_export_w=500)
    ]
    found = figures(counted(items).total())
    assert found["self_consumption_permille"] == 750
    assert found["autarky_permille"] == 750


def test_meter_that_includes_the_loads_counts_them_once() -> None:
    """The house's own use is what the meter shows minus what the loads took."""
    policy = parse_policy({"house_meter_includes_loads": True, "loads": [{"id": "load-1"}]})
    item = seen(0, 1200, house_load_w=2000, grid_import_w=500)
    total = counted([item], PolicyChanged(policy=policy)).total()
    assert (total.house_w, total.loads_w) == (800, 1200)


def test_window_with_an_unknown_power_carries_no_energy() -> None:
    """What is not known in full is left out and said to be."""
    item = seen(0, grid_import_w=6000)
    lost = replace(item.window, site={**item.window.site, "pv_power_w": steady(1, Quality.STALE)})
    total = counted([BlockClosed(window=lost), seen(1, grid_import_w=600)]).total()
    assert (total.blocks, total.measured) == (2, 1)
    assert figures(total)["grid_import_wh"] == 100


def test_switches_runtime_and_dead_band_follow_the_decisions() -> None:
    """Two blocks of sun and then none: one start, held for the minimum run time, one stop."""
    items: list[Input] = [seen(n, pv_power_w=3000) for n in range(2)]
    items += [seen(n, pv_power_w=0) for n in range(2, 5)]
    total = counted(items).total()
    found = figures(total)
    assert found["switches"] == 2
    assert found["switches_per_day_milli"] == 2 * 144 * 1000 // 5
    assert found["load_runtime_min"] == 30
    assert (total.wanted, total.held) == (3, 1)
    assert found["deadband_hit_permille"] == 333


def test_lost_surplus_is_bounded_by_the_loads() -> None:
    """Nobody could have taken more than the top level; what runs already is no loss."""
    items: list[Input] = [seen(0, pv_power_w=9000, grid_export_w=6000)]
    items += [seen(1, 1300, pv_power_w=9000, grid_export_w=6000)]
    assert counted(items).total().lost_w == 1674 + 374


def test_overheating_counts_once_an_incident() -> None:
    """The lockout that follows is the same incident."""
    hot = {"load-1": {"load_power_w": steady(1674), "load_temp_c": steady(90_000)}}
    first = seen(0, pv_power_w=3000)
    items: list[Input] = [first]
    items += [
        BlockClosed(window=replace(first.window, block_id=FIRST_BLOCK + n, loads=hot))
        for n in (1, 2, 3)
    ]
    assert figures(counted(items).total())["thermal_incidents"] == 1


def test_lease_end_is_a_switch_but_no_tick() -> None:
    """A load that its adapter switched off was really switched."""
    items: list[Input] = [seen(0, pv_power_w=3000)]
    items.append(LeaseEnded(load="load-1", block_id=FIRST_BLOCK))
    total = counted(items).total()
    assert (total.switches, total.ticks, total.running) == (2, 1, 1)


def test_every_decision_is_explained() -> None:
    """The coverage of explanations is whole."""
    items: list[Input] = [BlockClosed(window=window(n)) for n in range(144)]
    assert figures(counted(items).total())["explanation_coverage_permille"] == 1000


def test_without_judge_the_coverage_is_undefined() -> None:
    """Nobody asked is not nobody explained."""
    tally = Tally(judge=None)
    tally.take(seen(0))
    assert figures(tally.total())["explanation_coverage_permille"] is None


def test_nothing_seen_has_no_quotients() -> None:
    """Zero windows give zero energies and undefined shares."""
    found = figures(Sums())
    assert found["grid_import_wh"] == 0
    assert found["autarky_permille"] is None
    assert found["switches_per_day_milli"] is None


def test_window_belongs_to_the_day_that_it_measured() -> None:
    """The window that ends at midnight is yesterday's, its decision today's."""
    tally = Tally(judge=None)
    tally.take(seen(0))
    late = seen(1, grid_import_w=600)
    tally.take(BlockClosed(window=replace(late.window, local_day=DAY + 1)))
    assert tally.days[DAY].import_w == 600
    assert tally.days[DAY + 1].import_w == 0


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_days_add_up_to_the_whole(days: list[int]) -> None:
    """However the blocks fall into days, the total is that of one long day."""
    split, whole = Tally(judge=None), Tally(judge=None)
    for number, day in enumerate(sorted(days)):
        item = seen(number, 500, pv_power_w=100 * number, grid_import_w=700)
        split.take(BlockClosed(window=replace(item.window, local_day=DAY + day)))
        whole.take(item)
    assert split.total() == whole.total()


def test_names_are_unique_and_end_in_their_unit() -> None:
    """A name says what it counts in."""
    names = [kpi.name for kpi in CATALOGUE]
    assert len(set(names)) == len(names)
    suffix = {"Wh": "_wh", "‰": "_permille", "min": "_min", "0.001/d": "_milli", "": ""}
    assert all(kpi.name.endswith(suffix[kpi.unit]) for kpi in CATALOGUE)


def test_documentation_holds_the_catalogue() -> None:
    """The table that people read is the one that is computed."""
    assert catalogue_table() in (Path(ROOT) / "docs" / "kpis.md").read_text()
