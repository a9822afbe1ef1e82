"""R2: the house comes first — battery reserve and grid import.

The reserve and the import limit act on running loads; the soft minimum only keeps a load from
starting. The strategy ``soc_band`` has a reserve of its own in place of hard and soft minimum.
"""

from __future__ import annotations

from bitgrid_core.model import Rule, Vote
from bitgrid_core.policy import Strategy
from bitgrid_core.rules.situation import (
    NO_OBJECTION,
    Situation,
    no_change,
    silent,
    stop,
    stop_or_stay_off,
    throttle,
    unknown,
)

HARD_MINIMUM = "SOC_HARD_MIN"
RESERVE_STOP = "SOC_RESERVE_STOP"
RESERVES = frozenset({HARD_MINIMUM, RESERVE_STOP})
"""Reasons of the reserve that stand above overrides and act at every autonomy level."""

_CONTENT = silent(Rule.R2, NO_OBJECTION)


def vote(now: Situation) -> Vote:
    """R2's vote: first matching row of its table."""
    soc = now.state.battery_soc_permille if now.policy.has_battery else None
    reserve = None if soc is None else _reserve(now, soc)
    if reserve is not None:
        return reserve
    if now.running and now.net_import_w is not None:
        if now.net_import_w > now.limits.max_grid_import_w:
            return _too_much_import(now, now.net_import_w)
    elif not now.running and soc is not None:
        soft = _soft_minimum(now, soc)
        if soft is not None:
            return soft
    missing = _missing(now)
    return unknown(Rule.R2, missing) if missing else _CONTENT


def _reserve(now: Situation, soc: int) -> Vote | None:
    if now.policy.strategy is Strategy.SOC_BAND:
        stop_at = now.limits.soc_stop_permille
        if soc >= stop_at:
            return None
        return stop_or_stay_off(
            now, Rule.R2, RESERVE_STOP, soc_permille=soc, soc_stop_permille=stop_at
        )
    hard = now.limits.soc_hard_min_permille
    if soc > hard:
        return None
    return stop_or_stay_off(
        now, Rule.R2, HARD_MINIMUM, soc_permille=soc, soc_hard_min_permille=hard
    )


def _soft_minimum(now: Situation, soc: int) -> Vote | None:
    soft = now.limits.soc_soft_min_permille
    if now.policy.strategy is Strategy.SOC_BAND or soc > soft:
        return None
    return no_change(Rule.R2, "SOC_SOFT_MIN", soc_permille=soc, soc_soft_min_permille=soft)


def _missing(now: Situation) -> tuple[str, ...]:
    found = []
    if now.policy.has_battery and now.state.battery_soc_permille is None:
        found.append("battery_soc_pct")
    if now.running and now.net_import_w is None:
        found.append("grid_import_w")
    return tuple(found)


def _too_much_import(now: Situation, net_import_w: int) -> Vote:
    """Throttle if the surplus carries *eco* and *eco* brings the import below the limit."""
    limit_w = now.limits.max_grid_import_w
    eco_w = now.load.eco.power_w
    saved_w = now.load.powers_w[now.memory.level] - eco_w
    carried = now.surplus_w is not None and now.surplus_w >= eco_w
    compared = {"net_import_w": net_import_w, "max_grid_import_w": limit_w}
    if carried and net_import_w - saved_w < limit_w:
        return throttle(now, Rule.R2, "GRID_IMPORT_EXCEEDED", **compared)
    return stop(Rule.R2, "GRID_IMPORT_EXCEEDED", **compared)
