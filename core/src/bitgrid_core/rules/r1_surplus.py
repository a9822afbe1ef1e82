"""R1, strategy ``surplus``: run on photovoltaic surplus, at the level that the surplus carries.

The only rule that wants something; the others hold back, throttle or stop.
"""

from __future__ import annotations

from bitgrid_core.model import Action, Rule, Vote
from bitgrid_core.rules.situation import (
    Situation,
    missing_surplus_signals,
    no_change,
    numbers,
    price_too_high,
    stop,
    throttle,
    unknown,
)


def vote(now: Situation) -> Vote:
    """R1's vote: first matching row of its table."""
    surplus_w, limits = now.surplus_w, now.limits
    if surplus_w is None:
        return unknown(Rule.R1, missing_surplus_signals(now))
    needed_w = max(limits.surplus_throttle_min_w, now.load.eco.power_w)
    if surplus_w < needed_w:
        return _too_little(now, surplus_w, needed_w)
    dear = price_too_high(now)
    if dear is not None:
        return dear
    if surplus_w < limits.surplus_min_w:
        return _throttle_band(now, surplus_w)
    return Vote(
        rule=Rule.R1,
        action=Action.START,
        reason="SURPLUS_OK",
        level=_best_level(now, surplus_w),
        numbers=numbers(surplus_w=surplus_w, surplus_min_w=limits.surplus_min_w),
    )


def _too_little(now: Situation, surplus_w: int, needed_w: int) -> Vote:
    if not now.running:
        return no_change(
            Rule.R1, "INSUFFICIENT_SURPLUS", surplus_w=surplus_w, surplus_throttle_min_w=needed_w
        )
    lost_blocks = now.memory.blocks_surplus_low + 1
    if lost_blocks >= now.limits.surplus_lost_blocks:
        return stop(Rule.R1, "SURPLUS_LOST", surplus_w=surplus_w, surplus_throttle_min_w=needed_w)
    return throttle(
        now,
        Rule.R1,
        "SURPLUS_LOW",
        surplus_w=surplus_w,
        surplus_throttle_min_w=needed_w,
        blocks_surplus_low=lost_blocks,
        surplus_lost_blocks=now.limits.surplus_lost_blocks,
    )


def _throttle_band(now: Situation, surplus_w: int) -> Vote:
    compared = {"surplus_w": surplus_w, "surplus_min_w": now.limits.surplus_min_w}
    if not now.running and not now.load.throttle_starts:
        return no_change(Rule.R1, "SURPLUS_THROTTLE", **compared)
    return throttle(now, Rule.R1, "SURPLUS_THROTTLE", **compared)


def _best_level(now: Situation, surplus_w: int) -> str:
    """Highest level carried; a running load rises only with the margin to spare."""
    powers_w = now.load.powers_w
    carried = now.load.highest_carried(surplus_w)
    if not now.running or powers_w[carried] <= powers_w[now.memory.level]:
        return carried
    with_margin = now.load.highest_carried(surplus_w - now.limits.step_up_margin_w)
    if powers_w[with_margin] > powers_w[now.memory.level]:
        return with_margin
    return now.memory.level
