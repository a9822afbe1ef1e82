"""What one load sees of a window."""

from dataclasses import replace

import pytest

from bitgrid_core.context import Aggregate, BlockAggregates, energy_state
from bitgrid_core.model import EnergyState, Memory
from bitgrid_core.policy import default_policy, parse_policy
from bitgrid_core.signals import Quality
from support.moments import steady, window

SITE: dict[str, int | None] = {
    "pv_power_w": 3000,
    "house_load_w": 1000,
    "grid_import_w": 0,
    "grid_export_w": 2000,
    "battery_soc_pct": 800,
    "battery_charge_w": 0,
}
OWN: dict[str, int | None] = {"load_power_w": 800, "load_temp_c": 50_000, "heartbeat": 5000}
OFF, LONG_ON = Memory(), Memory(level="eco", blocks_since_switch=9, blocks_since_level=9)
JUST_ON = Memory(level="eco", blocks_since_switch=0, blocks_since_level=0)


def seen(
    found: BlockAggregates, memory: Memory = LONG_ON, site: dict[str, object] | None = None
) -> EnergyState:
    """What load-1 sees."""
    policy = parse_policy((site or {}) | {"loads": [{"id": "load-1"}]})
    return energy_state(found, policy, policy.loads[0], memory, (0, 0))


def test_powers_are_means_and_the_rest_last_values() -> None:
    """The whole picture of a calm block."""
    state = seen(window(7, SITE, {"load-1": OWN}))
    assert state.block_id == 7
    assert (state.pv_power_w, state.house_load_w, state.grid_export_w) == (3000, 1000, 2000)
    assert (state.battery_soc_permille, state.load_temp_mdegc) == (800, 50_000)
    assert state.heartbeat_age_ms == 5000
    assert state.quality == (("pv_forecast_kw", Quality.MISSING),)


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.MISSING, Quality.SUSPECT])
def test_value_that_is_not_ok_is_absent_and_named_with_its_quality(quality: Quality) -> None:
    """Never estimated from what was."""
    found = window(7, SITE, {"load-1": OWN})
    bad = {
        name: steady(500)._replace(quality=quality) for name in ("pv_power_w", "battery_soc_pct")
    }
    state = seen(replace(found, site={**found.site, **bad}))
    assert (state.pv_power_w, state.battery_soc_permille) == (None, None)
    assert {("pv_power_w", quality), ("battery_soc_pct", quality)} <= set(state.quality)


def test_fresh_last_value_without_a_sample_in_the_window_is_no_mean() -> None:
    """A power needs at least one sample of its own window."""
    found = window(7, SITE, {"load-1": OWN})
    empty = Aggregate(None, 3000, None, None, 0, 60_000, Quality.OK)
    state = seen(replace(found, site={**found.site, "pv_power_w": empty}))
    assert state.pv_power_w is None
    assert ("pv_power_w", Quality.STALE) in state.quality


def test_site_without_battery_or_forecast_sees_none() -> None:
    """What the policy does not have is not missing either."""
    found = replace(window(7, SITE, {"load-1": OWN}), pv_forecast_w=(1000,) * 6)
    state = seen(found, site={"has_battery": False, "has_forecast": False})
    assert (state.battery_soc_permille, state.battery_charge_w) == (None, None)
    assert state.pv_forecast_w is None
    assert state.quality == ()


@pytest.mark.parametrize(
    ("age_ms", "memory", "expected"),
    [
        (5000, OFF, 5000),
        (60_000, OFF, 60_000),
        (60_001, OFF, None),
        (60_001, JUST_ON, None),
        (60_001, LONG_ON, 60_001),
        (None, LONG_ON, None),
    ],
)
def test_old_heartbeat_of_a_load_that_need_not_answer_is_absent_not_late(
    age_ms: int | None, memory: Memory, expected: int | None
) -> None:
    """A load that was switched off must be able to return."""
    state = seen(window(7, SITE, {"load-1": OWN | {"heartbeat": age_ms}}), memory)
    assert state.heartbeat_age_ms == expected


def test_loads_on_the_house_meter_are_subtracted_and_never_below_nothing() -> None:
    """The house is what the flexible loads are not."""
    found = window(7, SITE, {"load-1": OWN, "load-2": {"load_power_w": 150}})
    assert seen(found, site={"house_meter_includes_loads": True}).house_load_w == 50
    more = window(7, SITE, {"load-1": OWN | {"load_power_w": 1200}})
    assert seen(more, site={"house_meter_includes_loads": True}).house_load_w == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((2000, 2001, 2000, 2000, 2000, 2000), 2000),
        ((1999, 2000, 2000, 2000, 2000, 2000), 1999),
        ((2000, 2000, 2000, None, None, None), 2000),
        ((2000, 2000, None, None, None, None), None),
        ((2000, 2000, 2000), 2000),
        ((), None),
    ],
)
def test_forecast_is_the_mean_of_at_least_half_the_look_ahead(
    values: tuple[int | None, ...], expected: int | None
) -> None:
    """Rounded down; from fewer values there is no forecast."""
    found = replace(window(7, SITE, {"load-1": OWN}), pv_forecast_w=values)
    assert seen(found).pv_forecast_w == expected


def test_forecast_beyond_the_look_ahead_does_not_count() -> None:
    """Each load looks as far as its own policy says."""
    found = replace(window(7, SITE, {"load-1": OWN}), pv_forecast_w=(1000,) * 3 + (9000,) * 3)
    assert seen(found, site={"forecast_lookahead_min": 30}).pv_forecast_w == 1000


@pytest.mark.parametrize(
    ("series", "meter", "now", "peak"),
    [
        ((10, 20, 30), None, 10, 30),
        ((10, 20, 30), 99, 10, 30),
        ((), 15, 15, 15),
        ((), None, None, None),
        ((None, None, 40), 15, 15, 40),
        ((None, None), 15, 15, 15),
        ((None, 40), None, None, 40),
        ((10, None, 5), None, 10, 10),
        ((-50, -60), None, -50, -50),
        ((1, 1, 1, 1, 1, 1, 99), None, 1, 1),
    ],
)
def test_price_is_now_and_the_highest_ahead(
    series: tuple[int | None, ...], meter: int | None, now: int | None, peak: int | None
) -> None:
    """Where the series does not know the present, the meter's value stands in."""
    site = SITE if meter is None else SITE | {"energy_price_ct_kwh": meter}
    state = seen(replace(window(7, site, {"load-1": OWN}), prices_ct_per_mwh=series))
    assert (state.price_ct_per_mwh, state.price_peak_ct_per_mwh) == (now, peak)


def test_load_that_nothing_was_heard_of_sees_the_site_all_the_same() -> None:
    """Its own signals are missing, by name."""
    policy = default_policy()
    state = energy_state(window(7, SITE), policy, policy.loads[0], OFF, (800, 300))
    assert state.pv_power_w == 3000
    assert (state.earlier_loads_w, state.lower_loads_w) == (800, 300)
    assert ("load_temp_c", Quality.MISSING) in state.quality
