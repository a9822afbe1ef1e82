"""R5: no flapping — minimum run time, minimum pause, dead-band, starts per day.

R5 speaks only when it holds something back: for a running load only against what R1 wants.
It never holds a load against R2 or R3, which precede it. With the strategy ``soc_band`` a level
may go down at once.
"""

from __future__ import annotations

from bitgrid_core.model import OFF, Rule, Vote
from bitgrid_core.policy import Strategy
from bitgrid_core.rules.situation import NO_OBJECTION, Situation, no_change, silent

_CONTENT = silent(Rule.R5, NO_OBJECTION)


def vote(now: Situation, wish: Vote) -> Vote:
    """R5's vote: first matching row of its table.

    Args:
        now: the situation.
        wish: R1's vote on it.
    """
    return _while_running(now, wish) if now.running else _while_off(now)


def _while_running(now: Situation, wish: Vote) -> Vote:
    wanted = wish.level
    if wanted is None or wanted == now.memory.level:
        return _CONTENT
    changed = _blocks_since_change(now)
    in_deadband = changed is not None and changed < now.limits.deadband_hold_blocks
    since, least = now.memory.blocks_since_switch, now.limits.min_runtime_blocks
    lower = now.load.powers_w[wanted] < now.load.powers_w[now.memory.level]
    if lower and wanted != OFF and now.policy.strategy is Strategy.SOC_BAND:
        return _CONTENT
    if since is not None and since < least and (wanted == OFF or (lower and in_deadband)):
        return no_change(
            Rule.R5, "MIN_RUNTIME_NOT_REACHED", blocks_since_switch=since, min_runtime_blocks=least
        )
    if changed is not None and in_deadband:
        return no_change(
            Rule.R5,
            "DEADBAND_ACTIVE",
            blocks_since_level=changed,
            deadband_hold_blocks=now.limits.deadband_hold_blocks,
        )
    return _CONTENT


def _blocks_since_change(now: Situation) -> int | None:
    """Blocks since the newest switch or change of level; ``None`` if none is remembered."""
    recent = (now.memory.blocks_since_switch, now.memory.blocks_since_level)
    return min((blocks for blocks in recent if blocks is not None), default=None)


def _while_off(now: Situation) -> Vote:
    since, pause = now.memory.blocks_since_switch, now.limits.min_pause_blocks
    if since is not None and since < pause:
        return no_change(
            Rule.R5, "MIN_PAUSE_NOT_REACHED", blocks_since_switch=since, min_pause_blocks=pause
        )
    limit = now.limits.max_starts_per_day
    same_day = now.memory.starts_day == now.state.local_day
    starts = now.memory.starts_today if same_day else 0
    if limit is not None and starts >= limit:
        return no_change(Rule.R5, "DAILY_LIMIT", starts_today=starts, max_starts_per_day=limit)
    return _CONTENT
