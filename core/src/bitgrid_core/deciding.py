"""One load's decision at one moment: from what it sees and remembers to event and memory.

Pure, and without any state of its own; the engine says when, the replay asks the same again.
"""

from __future__ import annotations

from dataclasses import dataclass

from bitgrid_core.arbiter import CLOCK_HOLD, arbitrate, arbitrate_at_once, hold, remember
from bitgrid_core.context.aggregates import BlockAggregates
from bitgrid_core.frozen import quickly_made
from bitgrid_core.model import (
    OFF,
    Action,
    Autonomy,
    Decision,
    DecisionEvent,
    Effect,
    EnergyState,
    Memory,
    Rule,
    Trigger,
)
from bitgrid_core.policy import LoadProfile, Policy
from bitgrid_core.rules import all_votes, situation


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all decisions of one moment share.

    Attributes:
        policy: in force.
        digest: its digest.
        autonomy: in force.
        trigger: why now.
        n: number of this event among its like.
        system: what keeps the rules from deciding: ``CLOCK_HOLD``, or the reason of a system
            stop; ``""`` for nothing.
    """

    policy: Policy
    digest: str
    autonomy: Autonomy
    trigger: Trigger = Trigger.TICK
    n: int = 0
    system: str = ""


def decide(
    frame: Frame, load: LoadProfile, seen: EnergyState, memory: Memory
) -> tuple[DecisionEvent, Memory]:
    """One load's decision on what it sees, and its memory after it. Pure."""
    now = situation(seen, memory, frame.policy, load)
    votes = all_votes(now)
    if frame.system == CLOCK_HOLD:
        decision = hold(now, votes)
    elif frame.system:
        decision = Decision(action=Action.STOP, level=OFF, rule=Rule.SYS, reason=frame.system)
    elif frame.trigger is Trigger.TICK:
        decision = arbitrate(now, votes, frame.autonomy)
    else:
        decision = arbitrate_at_once(now, votes, frame.trigger, frame.autonomy)
    event = DecisionEvent(
        block_id=seen.block_id,
        load=load.id,
        trigger=frame.trigger,
        n=frame.n,
        decision=decision,
        autonomy=frame.autonomy,
        votes=votes,
        state=seen,
        memory=memory,
        policy=frame.digest,
    )
    return event, remember(now, event)


def lease_event(frame: Frame, load: str, block_id: int, memory: Memory) -> DecisionEvent:
    """The event of a load that its adapter switched off for want of a lease."""
    return DecisionEvent(
        block_id=block_id,
        load=load,
        trigger=Trigger.LEASE,
        n=frame.n,
        decision=Decision(action=Action.STOP, level=OFF, rule=Rule.SYS, reason="LEASE_EXPIRED"),
        autonomy=frame.autonomy,
        votes=(),
        state=EnergyState(block_id=block_id),
        memory=memory,
        policy=frame.digest,
    )


def system_reason(event: DecisionEvent) -> str:
    """What of the system decided a recorded event, as ``Frame.system`` takes it."""
    is_system = event.decision.rule is Rule.SYS and event.trigger is not Trigger.LEASE
    return event.decision.reason if is_system else ""


def others_w(
    index: int, policy: Policy, window: BlockAggregates, levels: dict[str, str]
) -> tuple[int, int]:
    """Power of the loads around the load at ``index``.

    Args:
        index: position in the order of priority.
        policy: with the loads in that order.
        window: for the measured powers.
        levels: level of each load: decided for earlier ones, remembered for the rest.

    Returns:
        W decided for earlier loads, W measured at running lower-priority loads.
    """
    earlier = sum(load.powers_w[levels[load.id]] for load in policy.loads[:index])
    lower = sum(_measured_w(window, load, levels[load.id]) for load in policy.loads[index + 1 :])
    return earlier, lower


def _measured_w(window: BlockAggregates, load: LoadProfile, level: str) -> int:
    if level == OFF:
        return 0
    power = window.loads.get(load.id, {}).get("load_power_w")
    return (power.mean or 0) if power is not None else 0


def acted_level(event: DecisionEvent) -> str:
    """The level at which the load is after the event."""
    acted = event.decision.effect is Effect.ACTED
    return event.decision.level if acted else event.memory.level
