"""Votes → decision, by one table of precedence, and decision → memory.

R3 > R2's reserve > override > R2 > R4 > R5 > R1, then what the autonomy level allows.
R3 and the reserve act at every level.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.model import (
    OFF,
    Action,
    Autonomy,
    Decision,
    DecisionEvent,
    Effect,
    Lockout,
    Memory,
    Override,
    Rule,
    Trigger,
    Vote,
)
from bitgrid_core.rules.r2_autarky import RESERVES
from bitgrid_core.rules.r3_safety import OVERTEMP, locked_out, lockout_cause
from bitgrid_core.rules.situation import Situation

CLOCK_HOLD: Final = "CLOCK_HOLD"


def arbitrate(now: Situation, votes: tuple[Vote, ...], autonomy: Autonomy) -> Decision:
    """The decision of one load.

    Args:
        now: the situation that was voted on.
        votes: R3, R2, R4, R5, R1.
        autonomy: what the appliance may do by itself.
    """
    safety, autarky = votes[0], votes[1]
    if safety.action is not None:
        return _decided(now, safety)
    if autarky.reason in RESERVES:
        return _decided(now, autarky)
    override = now.memory.override
    if override is not None:
        if override.until_block < now.state.block_id:
            ended = _override_ended(now, override, autonomy)
            if ended is not None:
                return ended
        elif override.action != "LIMIT":
            return _overridden(now, override)
    winner = next((vote for vote in votes if vote.action is not None), votes[-1])
    decision = _allowed(now, _decided(now, winner), autonomy)
    return _limited(now, decision)


def hold(now: Situation, votes: tuple[Vote, ...]) -> Decision:
    """The decision of a block whose time nobody knows for sure: as it is, unless R3 objects."""
    if votes[0].action is not None:
        return _decided(now, votes[0])
    return Decision(action=Action.NOOP, level=now.memory.level, rule=Rule.SYS, reason=CLOCK_HOLD)


def _decided(now: Situation, vote: Vote) -> Decision:
    return Decision(
        action=vote.action or Action.NOOP,
        level=now.memory.level if vote.level is None else vote.level,
        rule=vote.rule,
        reason=vote.reason,
    )


def _allowed(now: Situation, decision: Decision, autonomy: Autonomy) -> Decision:
    """What the autonomy level makes of a decision of R2, R4, R5 or R1."""
    if autonomy is Autonomy.MANUAL:
        return Decision(
            action=Action.NOOP,
            level=now.memory.level,
            rule=Rule.MANUAL,
            reason="MANUAL_MODE",
            effect=Effect.HELD_BY_AUTONOMY,
        )
    if autonomy is Autonomy.SEMI and decision.action is Action.STOP:
        return replace(
            decision,
            action=Action.NOOP,
            level=now.memory.level,
            effect=Effect.HELD_BY_AUTONOMY,
        )
    if autonomy is Autonomy.ASSISTED and decision.level != now.memory.level:
        return replace(decision, effect=Effect.PROPOSED)
    return decision


def _overridden(now: Situation, override: Override) -> Decision:
    level = OFF if override.action == "STOP" else (override.level or now.load.eco.name)
    if level == now.memory.level:
        action = Action.NOOP
    else:
        action = Action.STOP if level == OFF else Action.START
    return Decision(action=action, level=level, rule=Rule.OVERRIDE, reason="OVERRIDE")


def _override_ended(now: Situation, override: Override, autonomy: Autonomy) -> Decision | None:
    """Where nothing starts by itself, a start by hand ends with its override."""
    by_hand = autonomy in (Autonomy.MANUAL, Autonomy.ASSISTED)
    if not (by_hand and override.action == "START" and now.running):
        return None
    return Decision(action=Action.STOP, level=OFF, rule=Rule.OVERRIDE, reason="OVERRIDE_ENDED")


def _limited(now: Situation, decision: Decision) -> Decision:
    override = now.memory.override
    if override is None or override.action != "LIMIT" or override.until_block < now.state.block_id:
        return decision
    limit = override.level or now.load.eco.name
    powers_w, before = now.load.powers_w, now.memory.level
    if powers_w[decision.level] <= powers_w[limit]:
        return decision
    by_person = Decision(
        action=_towards(now, limit), level=limit, rule=Rule.OVERRIDE, reason="OVERRIDE"
    )
    # Coming down is the person's order; a rise under the limit is still the rules' wish, which
    # ASSISTED only proposes.
    rises = powers_w[limit] > powers_w[before]
    return replace(by_person, effect=decision.effect) if rises else by_person


def _towards(now: Situation, level: str) -> Action:
    """What leads from the present level to another: THROTTLE is only the way down to *eco*."""
    if level == now.memory.level:
        return Action.NOOP
    if level == OFF:
        return Action.STOP
    return Action.THROTTLE if now.running and level == now.load.eco.name else Action.START


def arbitrate_at_once(
    now: Situation, votes: tuple[Vote, ...], trigger: Trigger, autonomy: Autonomy
) -> Decision:
    """The decision of one load between two ticks, when only safety and people may act.

    Args:
        now: the last known picture, with what is new in it.
        votes: R3, R2, R4, R5, R1; all are kept, but a block's own decision is made once.
        trigger: who asks. A confirmation makes the block's decision act.
        autonomy: what the appliance may do by itself.
    """
    kept = Decision(action=Action.NOOP, level=now.memory.level, rule=Rule.R3, reason="NO_OBJECTION")
    if trigger is Trigger.CONFIRM:
        return arbitrate(now, votes, Autonomy.FULL)
    if votes[0].action is not None:
        return arbitrate(now, votes, autonomy)
    override = now.memory.override
    if trigger is not Trigger.OVERRIDE or override is None:
        return kept
    in_force = override.until_block >= now.state.block_id
    if override.action == "LIMIT":
        return _limited(now, kept)
    decision = arbitrate(now, votes, autonomy)
    return decision if in_force or decision.rule is Rule.OVERRIDE else kept


def remember(now: Situation, event: DecisionEvent) -> Memory:
    """The memory after a decision; only what *acted* changes level and counters."""
    before, level = event.memory, event.decision.level
    acted = event.decision.effect is Effect.ACTED and level != before.level
    switched = acted and (level == OFF) != (before.level == OFF)
    day = now.state.local_day
    starts, starts_day = before.starts_today, before.starts_day
    if switched and level != OFF:
        starts, starts_day = (starts + 1 if starts_day == day else 1), day
    return Memory(
        level=level if acted else before.level,
        blocks_since_switch=0 if switched else before.blocks_since_switch,
        blocks_since_level=0 if acted else before.blocks_since_level,
        blocks_surplus_low=0 if switched else _surplus_low(event),
        starts_today=starts,
        starts_day=starts_day,
        lockout=_lockout(now, event),
        override=_override_left(event),
    )


def advance(memory: Memory, blocks: int) -> Memory:
    """The memory some blocks later: the counters go on, nothing else."""
    if blocks == 0 or (memory.blocks_since_switch is None and memory.blocks_since_level is None):
        return memory
    return Memory(
        level=memory.level,
        blocks_since_switch=_later(memory.blocks_since_switch, blocks),
        blocks_since_level=_later(memory.blocks_since_level, blocks),
        blocks_surplus_low=memory.blocks_surplus_low,
        starts_today=memory.starts_today,
        starts_day=memory.starts_day,
        lockout=memory.lockout,
        override=memory.override,
    )


def _later(count: int | None, blocks: int) -> int | None:
    return None if count is None else count + blocks


def _surplus_low(event: DecisionEvent) -> int:
    if event.trigger not in (Trigger.TICK, Trigger.CONFIRM):
        return event.memory.blocks_surplus_low  # a block's surplus is judged once
    for vote in event.votes:
        if vote.rule is Rule.R1 and vote.reason in ("SURPLUS_LOST", "SURPLUS_LOW"):
            return event.memory.blocks_surplus_low + 1
    return 0


def _override_left(event: DecisionEvent) -> Override | None:
    """The override, unless its time is over or it is a start that became unsafe.

    A held block ends none: what has to follow its end is left to the next one.
    """
    override = event.memory.override
    if override is not None and event.decision.reason == CLOCK_HOLD:
        return override
    if override is None or override.until_block < event.block_id or ends_start(event):
        return None
    return override


def ends_start(event: DecisionEvent) -> bool:
    """Whether safety or the reserve ends a start by hand that was still in force."""
    override = event.memory.override
    if override is None or override.action != "START" or override.until_block < event.block_id:
        return False
    return event.decision.rule is Rule.R3 or event.decision.reason in RESERVES


def _lockout(now: Situation, event: DecisionEvent) -> Lockout | None:
    """Set, renewed, kept or ended.

    Its length counts from the decision: a tick is at a boundary, anything else lies within its
    block, which then counts on top.
    """
    cause = lockout_cause(now)
    if cause is None:
        return now.memory.lockout if locked_out(now) else None
    blocks = -(-now.limits.safety_lockout_ms // BLOCK_MS)
    if event.trigger is Trigger.TICK:
        blocks -= 1
    until_block = event.block_id + blocks
    before = now.memory.lockout
    if before is not None and locked_out(now):
        # Never milder than the lockout that still holds: silence does not excuse a hot load
        # from cooling down, nor does a new cause shorten it.
        cause = OVERTEMP if before.cause == OVERTEMP else cause
        until_block = max(until_block, before.until_block)
    return Lockout(cause=cause, until_block=until_block)
