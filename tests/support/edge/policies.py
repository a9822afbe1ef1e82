"""Policies from the valid space, by a seed: both strategies, one to three loads, any tariff."""

import random
from typing import Any

from bitgrid_core.errors import BadInput
from bitgrid_core.policy import Policy, parse_policy

_LEVELS_W: tuple[dict[str, int], ...] = (
    {"eco": 800, "standard": 1300, "super": 1674},
    {"eco": 500, "standard": 1000, "super": 2000},
    {"eco": 1200},
    {"eco": 300, "standard": 2500},
)


def any_policy(draw: random.Random, has_battery: bool | None = None) -> Policy:
    """A valid policy; what ``parse_policy`` refuses is drawn again."""
    while True:
        try:
            return parse_policy(_document(draw, has_battery))
        except BadInput:
            continue


def other_policy(draw: random.Random, policy: Policy) -> Policy:
    """What the owner of a house may change in his: everything but battery and wiring."""
    while True:
        document = _document(draw, policy.has_battery)
        document["house_meter_includes_loads"] = policy.house_meter_includes_loads
        document["house_load_derived"] = policy.house_load_derived
        document["battery_yields"] = policy.battery_yields
        document["version"] = policy.version + 1
        for load, known in zip(document["loads"], policy.loads, strict=False):
            load["levels_w"] = {level.name: level.power_w for level in known.levels}
            load["telemetry_when_off"] = known.telemetry_when_off
        document["loads"] = document["loads"][: len(policy.loads)]
        try:
            return parse_policy(document)
        except BadInput:
            continue


def _document(draw: random.Random, has_battery: bool | None) -> dict[str, Any]:
    if has_battery is None:
        has_battery = draw.random() < 0.8
    banded = has_battery and draw.random() < 0.3
    return {
        "strategy": "soc_band" if banded else "surplus",
        "has_battery": has_battery,
        "battery_yields": draw.random() < 0.7,
        "dynamic_price": draw.random() < 0.4,
        "has_forecast": draw.random() < 0.8,
        "house_meter_includes_loads": draw.random() < 0.3,
        "house_load_derived": draw.random() < 0.15,
        "surplus_throttle_min_kw": draw.choice(("0.8", "0.3", "0.75", "1.0")),
        "surplus_min_kw": draw.choice(("1.5", "0.9", "1.2", "2.5")),
        "surplus_lost_blocks": draw.choice((1, 1, 2, 3)),
        "step_up_margin_w": draw.choice((100, 0, 50, 300)),
        "price_max_ct_kwh": draw.choice((25, 20, 35)),
        "price_spike_ct_kwh": draw.choice((30, 45, 100)),
        "soc_hard_min_pct": draw.choice((50, 20, 10, 15)),
        "soc_soft_min_pct": draw.choice((58, 25, 30, 20)),
        "max_grid_import_w": draw.choice((500, 0, 200, 3000)),
        "max_temp_c": draw.choice((85, 80, 95)),
        "resume_temp_c": draw.choice((75, 60, 80)),
        "comm_timeout_s": draw.choice((60, 30, 120, 300)),
        "safety_lockout_min": draw.choice((30, 10, 60, 25)),
        "forecast_lookahead_min": draw.choice((60, 30, 120, 45)),
        "min_predicted_pv_kw": draw.choice(("1.3", "2.0", "0.0", "0.5")),
        "min_runtime_blocks": draw.choice((3, 0, 1, 6)),
        "min_pause_blocks": draw.choice((2, 0, 1, 4)),
        "deadband_hold_blocks": draw.choice((2, 0, 1, 5)),
        "max_starts_per_day": draw.choice((None, None, None, 2, 5)),
        "soc_stop_pct": draw.choice((50, 20, 10)),
        "soc_eco_start_pct": draw.choice((58, 30, 25)),
        "pv_start_w": draw.choice((6000, 1500, 0)),
        "loads": [_load(draw, number) for number in range(1, 1 + draw.choice((1, 1, 1, 2, 2, 3)))],
    }


def _load(draw: random.Random, number: int) -> dict[str, Any]:
    load: dict[str, Any] = {
        "id": f"load-{number}",
        "priority": number,
        "kind": draw.choice(("miner", "heating_rod")),
        "levels_w": draw.choice(_LEVELS_W),
        "start_grace_s": draw.choice((300, 60, 600)),
        "telemetry_when_off": draw.random() < 0.3,
        "throttle_starts": draw.random() < 0.8,
    }
    if draw.random() < 0.3:
        load["min_runtime_blocks"] = draw.choice((1, 2, 5))
    return load
