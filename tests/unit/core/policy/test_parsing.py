"""People's policy to values: all faults at once, or nothing."""

from dataclasses import asdict
from typing import Any

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.policy import Thresholds, default_policy, parse_load, parse_policy
from bitgrid_core.policy.parsing import KEYS


def site(**keys: Any) -> dict[str, Any]:
    """A policy document with one load."""
    return {"loads": [{"id": "load-1"}]} | keys


def test_defaults_are_those_of_the_decision_rules() -> None:
    """The numbers in brackets of the table."""
    assert asdict(default_policy().thresholds) == {
        "surplus_throttle_min_w": 800,
        "surplus_min_w": 1500,
        "surplus_lost_blocks": 1,
        "step_up_margin_w": 100,
        "price_max_ct_per_mwh": 25_000,
        "soc_hard_min_permille": 500,
        "soc_soft_min_permille": 580,
        "max_grid_import_w": 500,
        "max_temp_mdegc": 85_000,
        "resume_temp_mdegc": 75_000,
        "comm_timeout_ms": 60_000,
        "safety_lockout_ms": 1_800_000,
        "forecast_lookahead_ms": 3_600_000,
        "min_predicted_pv_w": 2000,
        "price_spike_ct_per_mwh": 30_000,
        "min_runtime_blocks": 3,
        "min_pause_blocks": 2,
        "deadband_hold_blocks": 2,
        "max_starts_per_day": None,
        "soc_stop_permille": 500,
        "soc_eco_start_permille": 580,
        "soc_standard_permille": 800,
        "soc_standard_stop_permille": 750,
        "soc_super_permille": 900,
        "soc_super_stop_permille": 850,
        "pv_start_w": 6000,
    }
    load = default_policy().loads[0]
    assert load.powers_w == {"off": 0, "eco": 800, "standard": 1300, "super": 1674}
    assert (load.start_grace_ms, load.telemetry_when_off, load.throttle_starts) == (
        300_000,
        False,
        True,
    )


def test_every_threshold_has_a_key_for_people() -> None:
    """Nothing can be set only by a programmer."""
    assert {key.name for key in KEYS.values()} == set(Thresholds.__dataclass_fields__)


@pytest.mark.parametrize(("key", "value", "inside"), [
    ("surplus_min_kw", "1.6", 1600), ("soc_hard_min_pct", 20.5, 205), ("max_temp_c", 95, 95_000),
    ("comm_timeout_s", 300, 300_000), ("safety_lockout_min", 45, 2_700_000),
    ("price_max_ct_kwh", -0.5, -500), ("max_grid_import_w", 0, 0), ("max_starts_per_day", 4, 4),
    ("soc_standard_stop_pct", "77.5", 775), ("pv_start_w", 2500, 2500),
])  # fmt: skip
def test_threshold_is_converted_exactly(key: str, value: object, inside: int) -> None:
    """From people's unit to the integer inside, for every load without its own."""
    policy = parse_policy(site(**{key: value}))
    assert getattr(policy.thresholds, KEYS[key].name) == inside
    assert policy.loads[0].thresholds == policy.thresholds


@pytest.mark.parametrize("key", KEYS)
def test_threshold_beyond_its_bounds_is_refused_by_name(key: str) -> None:
    """Both ends; the built-in safety limits are such ends."""
    for value in (-(10**12), 10**12):
        with pytest.raises(BadInput, match=rf"policy\.{key}: {value} is outside"):
            parse_policy(site(**{key: value}))


@pytest.mark.parametrize(("key", "value"), [("max_temp_c", 95.001), ("comm_timeout_s", 300.001)])
def test_built_in_safety_limit_cannot_be_loosened(key: str, value: float) -> None:
    """Neither by the site nor by a load."""
    with pytest.raises(BadInput, match=key):
        parse_policy(site(**{key: value}))
    with pytest.raises(BadInput, match=key):
        parse_policy({"loads": [{"id": "load-1", key: value}]})


@pytest.mark.parametrize(("document", "named"), [
    (site(surprise=1), "surprise"),
    (site(strategy="greedy"), "greedy"),
    (site(has_battery="yes"), "has_battery"),
    (site(version=0), "version"),
    (site(surplus_min_kw="much"), "much"),
    (site(surplus_min_kw=0.5), "surplus_throttle_min_w"),
    (site(soc_soft_min_pct=40), "soc_hard_min_permille"),
    (site(max_temp_c=70), "resume_temp_mdegc"),
    (site(strategy="soc_band", has_battery=False), "needs a battery"),
    (site(strategy=["soc_band"]), "'surplus' or 'soc_band'"),
    (site(soc_stop_pct=58.1), "soc_eco_start_permille"),
    (site(soc_eco_start_pct=75.1), "soc_standard_stop_permille"),
    (site(soc_standard_stop_pct=80.1), "soc_standard_permille"),
    (site(soc_standard_pct=90.1), "soc_super_permille"),
    (site(soc_super_stop_pct=90.1), "soc_super_permille"),
    (site(soc_super_stop_pct=74.9), "soc_standard_stop_permille"),
    (site(surplus_min_kw=1.0005), "finer"),
    (site(min_pause_blocks=1.5), "finer"),
    ({"loads": {}}, "loads"),
    ({"loads": ["miner"]}, "miner"),
    ({"loads": [{"id": f"load-{n}", "priority": n} for n in range(1, 18)]}, "at most 16"),
    ({"loads": [{"id": "Load 1"}]}, "Load 1"),
    ({"loads": [{"id": "a" * 41}]}, "aaa"),
    ({"loads": [{"id": "load-1"}, {"id": "load-1", "priority": 2}]}, "its own id"),
    ({"loads": [{"id": "load-1"}, {"id": "load-2"}]}, "its own priority"),
    ({"loads": [{"id": "load-1", "colour": "red"}]}, "colour"),
    ({"loads": [{"id": "load-1", "kind": "fridge"}]}, "fridge"),
    ({"loads": [{"id": "load-1", "levels_w": {}}]}, "levels_w"),
    ({"loads": [{"id": "load-1", "levels_w": {"off": 5}}]}, "off"),
    ({"loads": [{"id": "load-1", "levels_w": {"eco": 0}}]}, "outside"),
    ({"loads": [{"id": "load-1", "levels_w": {"eco": 5, "super": 5}}]}, "rise"),
    ({"loads": [{"id": "load-1", "levels_w": {"super": 5, "eco": 9}}]}, "order"),
    ({"loads": [{"id": "load-1", "levels_w": [1, 2, 3, 4]}]}, "levels_w"),
    ({"loads": [{"id": "load-1", "start_grace_s": 3601}]}, "start_grace_s"),
    ({"loads": [{"id": "load-1", "telemetry_when_off": 1}]}, "telemetry_when_off"),
])  # fmt: skip
def test_policy_with_a_fault_is_refused_by_name(document: dict[str, Any], named: str) -> None:
    """What is wrong is named; nothing is applied."""
    with pytest.raises(BadInput, match=named) as refused:
        parse_policy(document)
    assert "Nothing was applied." in str(refused.value)


def test_all_faults_are_named_at_once() -> None:
    """A person mends them in one go."""
    with pytest.raises(BadInput) as refused:
        parse_policy(site(surprise=1, max_temp_c=200, has_battery="no", strategy="greedy"))
    for named in ("surprise", "max_temp_c", "has_battery", "greedy"):
        assert named in str(refused.value)


def test_loads_own_thresholds_stand_above_the_sites() -> None:
    """What a load does not say is the site's."""
    policy = parse_policy({
        "surplus_min_kw": 2,
        "min_pause_blocks": 5,
        "loads": [{"id": "load-1", "surplus_min_kw": 1.8}],
    })  # fmt: skip
    limits = policy.loads[0].thresholds
    assert (limits.surplus_min_w, limits.min_pause_blocks) == (1800, 5)
    assert policy.thresholds.surplus_min_w == 2000


def test_levels_may_be_a_list_in_the_usual_order() -> None:
    """Two numbers are eco and standard."""
    load = parse_load({"id": "rod-1", "levels_w": [500, 900]}, Thresholds())
    assert load.powers_w == {"off": 0, "eco": 500, "standard": 900}


def test_profile_with_names_of_its_own_has_its_first_as_eco() -> None:
    """The lowest running level is what THROTTLE leads to."""
    load = parse_load({"id": "rod-1", "levels_w": {"low": 500, "high": 900}}, Thresholds())
    assert load.eco.name == "low"


@pytest.mark.parametrize(
    ("surplus_w", "level"), [(799, "off"), (800, "eco"), (1299, "eco"), (1300, "standard"),
                             (1674, "super"), (10**6, "super"), (-5, "off")]
)  # fmt: skip
def test_highest_level_carried_costs_no_more_than_the_surplus(surplus_w: int, level: str) -> None:
    """To the watt."""
    assert default_policy().loads[0].highest_carried(surplus_w) == level
