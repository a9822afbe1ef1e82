"""R1, strategy ``soc_band``: the battery's state of charge names the level.

Running on battery discharge is intended here. Each level is left lower than it is entered, and
below *eco* nothing starts while what runs goes on, down to R2's reserve. Levels count by their
place: *eco* is the first, *standard* the second, *super* the third; a profile with fewer uses
its highest.
"""

from __future__ import annotations

from typing import Final

from bitgrid_core.model import Action, Rule, Vote
from bitgrid_core.rules.situation import (
    Situation,
    no_change,
    numbers,
    price_too_high,
    throttle,
    unknown,
)

_OFF: Final = -1
_ECO: Final = 0
_STANDARD: Final = 1
_SUPER: Final = 2


def vote(now: Situation) -> Vote:
    """R1's vote: first matching row of its table.

    What a load that is off lacks is named before the price; a price above its limit stops a
    load in every band.
    """
    soc = now.state.battery_soc_permille
    if soc is None:
        return unknown(Rule.R1, ("battery_soc_pct",))
    dear = price_too_high(now)
    if now.running:
        return dear or _while_running(now, soc)
    return _while_off(now, soc, dear)


def _while_running(now: Situation, soc: int) -> Vote:
    eco, stop_at = now.limits.soc_eco_start_permille, now.limits.soc_stop_permille
    if soc < eco:
        compared = {"soc_permille": soc, "soc_start_permille": eco}
        held = {"soc_stop_permille": stop_at} if soc >= stop_at else {}  # below, R2 stops it
        return no_change(Rule.R1, "SOC_HOLD", **compared, **held)
    return _at(now, soc, _place(now, soc))


def _while_off(now: Situation, soc: int, dear: Vote | None) -> Vote:
    limits, pv_w = now.limits, now.state.pv_power_w
    eco, standard = limits.soc_eco_start_permille, limits.soc_standard_permille
    if soc < eco:
        return no_change(Rule.R1, "SOC_HOLD", soc_permille=soc, soc_start_permille=eco)
    if soc < standard:
        if not now.load.throttle_starts:
            return no_change(Rule.R1, "SOC_HOLD", soc_permille=soc, soc_start_permille=standard)
        if pv_w is None:
            return unknown(Rule.R1, ("pv_power_w",))
        if pv_w < limits.pv_start_w:
            return no_change(
                Rule.R1,
                "SOC_HOLD_PV",
                pv_power_w=pv_w,
                pv_start_w=limits.pv_start_w,
                soc_permille=soc,
                soc_standard_permille=standard,
            )
    return dear or _at(now, soc, _place(now, soc))


def _at(now: Situation, soc: int, place: int) -> Vote:
    """The vote for a level; on the way down it names the limit that was left."""
    limits = now.limits
    if place < _present(now):
        left = (limits.soc_standard_stop_permille, limits.soc_super_stop_permille)[place]
        compared = {"soc_permille": soc, "soc_left_permille": left}
    else:
        compared = {"soc_permille": soc, "soc_from_permille": _from_permille(now, place)}
    if place == _ECO:
        return throttle(now, Rule.R1, "SOC_BAND", **compared)
    levels = now.load.levels
    return Vote(
        rule=Rule.R1,
        action=Action.START,
        reason="SOC_BAND",
        level=levels[min(place, len(levels) - 1)].name,
        numbers=numbers(**compared),
    )


def _from_permille(now: Situation, place: int) -> int:
    """From where on a load may be at a place: lower for one that is there already."""
    limits, there = now.limits, _present(now) == place
    if place == _ECO:
        return limits.soc_eco_start_permille
    if place == _STANDARD:
        return limits.soc_standard_stop_permille if there else limits.soc_standard_permille
    return limits.soc_super_stop_permille if there else limits.soc_super_permille


def _place(now: Situation, soc: int) -> int:
    """The place that the state of charge names, from *eco* on."""
    limits, present = now.limits, _present(now)
    for place, enter, leave in (
        (_SUPER, limits.soc_super_permille, limits.soc_super_stop_permille),
        (_STANDARD, limits.soc_standard_permille, limits.soc_standard_stop_permille),
    ):
        if soc >= enter or (present >= place and soc >= leave):
            return place
    return _ECO


def _present(now: Situation) -> int:
    """The place of the present level; higher ones than *super* count as that."""
    names = [level.name for level in now.load.levels]
    return min(names.index(now.memory.level), _SUPER) if now.running else _OFF
