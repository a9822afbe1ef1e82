"""People's policy — kW, %, °C, minutes, ct/kWh — to ``Policy``, all faults or nothing.

One table says each threshold's key, unit and bounds; the built-in safety limits are its
upper bounds, so that no policy can loosen them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from bitgrid_core.errors import BadInput
from bitgrid_core.model import OFF
from bitgrid_core.policy.model import Level, LoadProfile, Policy, Strategy, Thresholds
from bitgrid_core.units import to_inside_exact, to_people


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdKey:
    """How people write one threshold.

    Attributes:
        name: field of ``Thresholds``.
        unit: people's unit; ``min`` is minutes.
        inside: inside unit.
        low: least value inside.
        high: greatest value inside.
    """

    name: str
    unit: str
    inside: str
    low: int
    high: int


def _key(name: str, unit: str, low: int, high: int) -> ThresholdKey:
    inside = {"kW": "w", "W": "w", "%": "permille", "°C": "mdegc", "s": "ms", "min": "ms"}.get(unit)
    inside = inside or ("ct_per_mwh" if unit == "ct/kWh" else "count")
    return ThresholdKey(name=name, unit=unit, inside=inside, low=low, high=high)


_DAY_MS: Final = 86_400_000

KEYS: Final[dict[str, ThresholdKey]] = {
    "surplus_throttle_min_kw": _key("surplus_throttle_min_w", "kW", 0, 1_000_000),
    "surplus_min_kw": _key("surplus_min_w", "kW", 0, 1_000_000),
    "surplus_lost_blocks": _key("surplus_lost_blocks", "", 1, 144),
    "step_up_margin_w": _key("step_up_margin_w", "W", 0, 100_000),
    "price_max_ct_kwh": _key("price_max_ct_per_mwh", "ct/kWh", -1_000_000, 1_000_000),
    "soc_hard_min_pct": _key("soc_hard_min_permille", "%", 0, 1000),
    "soc_soft_min_pct": _key("soc_soft_min_permille", "%", 0, 1000),
    "max_grid_import_w": _key("max_grid_import_w", "W", 0, 1_000_000),
    "max_temp_c": _key("max_temp_mdegc", "°C", 0, 95_000),
    "resume_temp_c": _key("resume_temp_mdegc", "°C", 0, 95_000),
    "comm_timeout_s": _key("comm_timeout_ms", "s", 1000, 300_000),
    "safety_lockout_min": _key("safety_lockout_ms", "min", 60_000, _DAY_MS),
    "forecast_lookahead_min": _key("forecast_lookahead_ms", "min", 600_000, _DAY_MS),
    "min_predicted_pv_kw": _key("min_predicted_pv_w", "kW", 0, 1_000_000),
    "price_spike_ct_kwh": _key("price_spike_ct_per_mwh", "ct/kWh", -1_000_000, 1_000_000),
    "min_runtime_blocks": _key("min_runtime_blocks", "", 0, 144),
    "min_pause_blocks": _key("min_pause_blocks", "", 0, 144),
    "deadband_hold_blocks": _key("deadband_hold_blocks", "", 0, 144),
    "max_starts_per_day": _key("max_starts_per_day", "", 1, 144),
    "soc_stop_pct": _key("soc_stop_permille", "%", 0, 1000),
    "soc_eco_start_pct": _key("soc_eco_start_permille", "%", 0, 1000),
    "soc_standard_pct": _key("soc_standard_permille", "%", 0, 1000),
    "soc_standard_stop_pct": _key("soc_standard_stop_permille", "%", 0, 1000),
    "soc_super_pct": _key("soc_super_permille", "%", 0, 1000),
    "soc_super_stop_pct": _key("soc_super_stop_permille", "%", 0, 1000),
    "pv_start_w": _key("pv_start_w", "W", 0, 1_000_000),
}

_ORDERED: Final = (
    ("surplus_throttle_min_w", "surplus_min_w"),
    ("soc_hard_min_permille", "soc_soft_min_permille"),
    ("resume_temp_mdegc", "max_temp_mdegc"),
    ("soc_stop_permille", "soc_eco_start_permille"),
    ("soc_eco_start_permille", "soc_standard_stop_permille"),
    ("soc_standard_stop_permille", "soc_standard_permille"),
    ("soc_standard_permille", "soc_super_permille"),
    ("soc_standard_stop_permille", "soc_super_stop_permille"),
    ("soc_super_stop_permille", "soc_super_permille"),
)
"""Pairs of thresholds of which the first must not be above the second."""

_SWITCHES: Final = (
    "has_battery",
    "battery_yields",
    "dynamic_price",
    "has_forecast",
    "house_meter_includes_loads",
    "house_load_derived",
)
_DEFAULT_LEVELS_W: Final[dict[str, object]] = {"eco": 800, "standard": 1300, "super": 1674}
_LOAD_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_LOADS: Final = 16
_MAX_ID: Final = 40
_MAX_NUMBER: Final = 1_000_000
_LOAD_KEYS: Final = {
    "id",
    "kind",
    "priority",
    "levels_w",
    "start_grace_s",
    "telemetry_when_off",
    "throttle_starts",
}


class _Faults:
    """Collects every fault of a document, so that a person mends them in one go."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def note(self, where: str, error: BadInput | str) -> None:
        self.found.append(f"{where}: {error}")

    def raise_if_any(self, what: str) -> None:
        if self.found:
            raise BadInput(f"{what} has faults: {' '.join(self.found)}", "Nothing was applied.")


def default_policy() -> Policy:
    """The policy of a site with one miner and a battery, all defaults."""
    return parse_policy({"loads": [{"id": "load-1"}]})


def parse_policy(document: Mapping[str, object]) -> Policy:
    """A policy in people's units as values.

    Raises:
        BadInput: naming every fault; nothing is applied.
    """
    faults = _Faults()
    known = set(KEYS) | set(_SWITCHES) | {"version", "strategy", "loads"}
    _refuse_unknown(document, known, "policy", faults)
    thresholds = _thresholds(document, Thresholds(), "policy", faults)
    switches = {name: _flag(document, name, "policy", faults) for name in _SWITCHES}
    version = _whole(document.get("version", 1), "version", faults)
    strategy = _strategy(document.get("strategy", "surplus"), faults)
    if strategy is Strategy.SOC_BAND and switches["has_battery"] is False:
        faults.note("strategy", "'soc_band' needs a battery, and has_battery is false.")
    if switches["house_load_derived"] and switches["house_meter_includes_loads"]:
        faults.note("house_load_derived", "is of a site without a house meter that includes loads.")
    loads = _loads(document.get("loads", []), thresholds, faults)
    faults.raise_if_any("The policy")
    given = {name: value for name, value in switches.items() if value is not None}
    site = Policy(version=version, strategy=strategy, thresholds=thresholds, loads=loads)
    return replace(site, **given)  # type: ignore[arg-type]  # switches are flags, checked above


def parse_load(document: Mapping[str, object], thresholds: Thresholds) -> LoadProfile:
    """One load profile in people's units; absent thresholds are the site's.

    Raises:
        BadInput: naming every fault.
    """
    faults = _Faults()
    profile = _load(document, thresholds, faults)
    faults.raise_if_any("The load profile")
    return profile


def _loads(value: object, thresholds: Thresholds, faults: _Faults) -> tuple[LoadProfile, ...]:
    if not isinstance(value, list) or len(value) > _MAX_LOADS:
        faults.note("loads", f"must be a list of at most {_MAX_LOADS} loads.")
        return ()
    loads = [_load(item, thresholds, faults) for item in value]
    for attribute in ("id", "priority"):
        if len({getattr(load, attribute) for load in loads}) != len(loads):
            faults.note("loads", f"each load needs its own {attribute}.")
    return tuple(sorted(loads, key=lambda load: load.priority))


def _load(document: object, thresholds: Thresholds, faults: _Faults) -> LoadProfile:
    if not isinstance(document, Mapping):
        faults.note("loads", f"{document!r} is not a load. Write keys such as id and levels_w.")
        return LoadProfile(id="load-0", levels=())
    load_id = document.get("id", "load-1")
    if not (isinstance(load_id, str) and len(load_id) <= _MAX_ID and _LOAD_ID.fullmatch(load_id)):
        faults.note("id", f"{load_id!r} is not an id. Use one such as load-1.")
        load_id = "load-0"
    _refuse_unknown(document, _LOAD_KEYS | set(KEYS), load_id, faults)
    grace = _scaled(
        ThresholdKey(name="", unit="s", inside="ms", low=0, high=3_600_000),
        document.get("start_grace_s", 300),
        f"{load_id}.start_grace_s",
        faults,
    )
    off = _flag(document, "telemetry_when_off", load_id, faults)
    starts = _flag(document, "throttle_starts", load_id, faults)
    return LoadProfile(
        id=load_id,
        kind=_kind(document.get("kind", "miner"), load_id, faults),
        priority=_whole(document.get("priority", 1), f"{load_id}.priority", faults),
        levels=_levels(document.get("levels_w", _DEFAULT_LEVELS_W), load_id, faults),
        start_grace_ms=grace if grace is not None else 0,
        telemetry_when_off=bool(off),
        throttle_starts=True if starts is None else starts,
        thresholds=_thresholds(document, thresholds, load_id, faults),
    )


def _strategy(value: object, faults: _Faults) -> Strategy:
    try:
        return Strategy(value)  # type: ignore[arg-type]  # whatever is none is a ValueError
    except ValueError:
        known = " or ".join(repr(one.value) for one in Strategy)
        faults.note("strategy", f"{value!r} is not known. Use {known}.")
        return Strategy.SURPLUS


def _kind(value: object, load_id: str, faults: _Faults) -> str:
    if value not in ("miner", "heating_rod"):
        faults.note(f"{load_id}.kind", f"{value!r} is not known. Use miner or heating_rod.")
    return str(value)


def _levels(value: object, load_id: str, faults: _Faults) -> tuple[Level, ...]:
    where = f"{load_id}.levels_w"
    if isinstance(value, list) and len(value) <= len(_DEFAULT_LEVELS_W):
        value = dict(zip(_DEFAULT_LEVELS_W, value, strict=False))
    if not isinstance(value, Mapping) or not 1 <= len(value) <= _MAX_LOADS:
        faults.note(where, "needs levels such as {eco: 800, standard: 1300, super: 1674}.")
        return ()
    limits = ThresholdKey(name="", unit="W", inside="w", low=1, high=1_000_000)
    levels = []
    for name, power in value.items():
        if not (isinstance(name, str) and name != OFF and _LOAD_ID.fullmatch(name)):
            faults.note(where, f"{name!r} is not a level name.")
        power_w = _scaled(limits, power, f"{where}.{name}", faults)
        levels.append(Level(name=str(name), power_w=power_w or 0))
    if any(low.power_w >= high.power_w for low, high in pairwise(levels)):
        faults.note(where, "levels must rise in power, eco first.")
    known = [name for name in _DEFAULT_LEVELS_W if name in value]
    if known != [level.name for level in levels if level.name in _DEFAULT_LEVELS_W]:
        faults.note(where, f"{', '.join(known)} must rise in this order.")
    return tuple(levels)


def _thresholds(
    document: Mapping[str, object], base: Thresholds, where: str, faults: _Faults
) -> Thresholds:
    changed: dict[str, int | None] = {}
    for key, spec in KEYS.items():
        if key not in document:
            continue
        value = document[key]
        if value is None and key == "max_starts_per_day":
            changed[spec.name] = None
        else:
            changed[spec.name] = _scaled(spec, value, f"{where}.{key}", faults)
    if None in [value for name, value in changed.items() if name != "max_starts_per_day"]:
        return base
    thresholds = replace(base, **changed)  # type: ignore[arg-type]  # checked just above
    for low, high in _ORDERED:
        if getattr(thresholds, low) > getattr(thresholds, high):
            faults.note(where, f"{low} must not be above {high}.")
    return thresholds


def _scaled(spec: ThresholdKey, value: object, where: str, faults: _Faults) -> int | None:
    try:
        if spec.unit == "min":
            number = 60 * to_inside_exact(value, "s", spec.inside)
        else:
            number = to_inside_exact(value, spec.unit, spec.inside)
    except BadInput as error:
        faults.note(where, error)
        return None
    if not spec.low <= number <= spec.high:
        faults.note(
            where, f"{value} is outside {_people(spec, spec.low)} … {_people(spec, spec.high)}."
        )
        return None
    return number


def _people(spec: ThresholdKey, value: int) -> str:
    if spec.unit == "min":
        return f"{to_people(value // 60, spec.inside, 's')} min"
    return f"{to_people(value, spec.inside, spec.unit)} {spec.unit}".rstrip()


def _flag(document: Mapping[str, object], name: str, where: str, faults: _Faults) -> bool | None:
    value = document.get(name)
    if value is not None and not isinstance(value, bool):
        faults.note(f"{where}.{name}", f"{value!r} is not true or false.")
        return None
    return value


def _whole(value: object, where: str, faults: _Faults) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_NUMBER:
        faults.note(where, f"{value!r} is not a whole number from 1.")
        return 1
    return value


def _refuse_unknown(
    document: Mapping[str, object], known: set[str], where: str, faults: _Faults
) -> None:
    for key in document:
        if key not in known:
            faults.note(where, f"key {key!r} is not known.")
