"""The only state machine: ``step(EngineState, Input) → (EngineState, events)``.

It knows no clock, file or protocol. Invariants: the same arguments give equal bytes; a block
is ticked at most once and blocks never run backwards; every change of a level is an event.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from bitgrid_core.arbiter import advance, arbitrate, remember
from bitgrid_core.context.aggregates import BlockAggregates
from bitgrid_core.context.picture import energy_state
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    Input,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
)
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
from bitgrid_core.policy import LoadProfile, Policy, policy_digest
from bitgrid_core.rules import all_votes, situation


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """What ``step`` carries on.

    Attributes:
        policy: the policy in force, or ``None`` before the first.
        policy_digest: its digest.
        autonomy: the autonomy level.
        block_id: newest block known, or ``None``.
        ticked: newest block that was decided or missed, or ``None``.
        memories: by load id.
        events_in_block: how many events of each load and trigger this block has seen.
    """

    policy: Policy | None = None
    policy_digest: str = ""
    autonomy: Autonomy = Autonomy.FULL
    block_id: int | None = None
    ticked: int | None = None
    memories: dict[str, Memory] = field(default_factory=dict)
    events_in_block: dict[tuple[str, Trigger], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all decisions of one moment share.

    Attributes:
        policy: in force.
        digest: its digest.
        autonomy: in force.
        trigger: why now.
        n: number of this event among its like.
    """

    policy: Policy
    digest: str
    autonomy: Autonomy
    trigger: Trigger = Trigger.TICK
    n: int = 0


def step(state: EngineState, item: Input) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """One input's effect: the next state, and the decisions in order of priority."""
    match item:
        case PolicyChanged():
            return _with_policy(state, item.policy), ()
        case AutonomySet():
            return replace(state, autonomy=item.autonomy), ()
        case OverrideSet():
            return _with_override(state, item), ()
        case BlocksMissed():
            return _missed(state, item.last_block), ()
        case LeaseEnded():
            return _lease_ended(state, item)
        case BlockClosed():
            return _tick(state, item.window)
        case _:
            assert_never(item)


def decide(
    frame: Frame, load: LoadProfile, seen: EnergyState, memory: Memory
) -> tuple[DecisionEvent, Memory]:
    """One load's decision on what it sees, and its memory after it. Pure."""
    now = situation(seen, memory, frame.policy, load)
    votes = all_votes(now)
    event = DecisionEvent(
        block_id=seen.block_id,
        load=load.id,
        trigger=frame.trigger,
        n=frame.n,
        decision=arbitrate(now, votes, frame.autonomy),
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


def _tick(
    state: EngineState, window: BlockAggregates
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    policy = state.policy
    assert policy is not None, "a policy comes before the first block"
    past = max(state.ticked or 0, (state.block_id or 0) - 1)
    if state.block_id is not None and window.block_id <= past:
        return state, ()
    memories = _advanced(state, window.block_id)
    frame = Frame(policy=policy, digest=state.policy_digest, autonomy=state.autonomy)
    levels = {load: memory.level for load, memory in memories.items()}
    events = []
    for index, load in enumerate(policy.loads):
        memory = memories[load.id]
        around = others_w(index, policy, window, levels)
        seen = energy_state(window, policy, load, memory, around)
        event, memories[load.id] = decide(frame, load, seen, memory)
        levels[load.id] = memories[load.id].level
        events.append(event)
    earlier = state.events_in_block if state.block_id == window.block_id else {}
    after = EngineState(
        policy=policy,
        policy_digest=state.policy_digest,
        autonomy=state.autonomy,
        block_id=window.block_id,
        ticked=window.block_id,
        memories=memories,
        events_in_block=earlier | {(event.load, Trigger.TICK): 1 for event in events},
    )
    return after, tuple(events)


def _missed(state: EngineState, last_block: int) -> EngineState:
    """Blocks recorded as missed are never decided afterwards: nothing twice."""
    ticked = last_block if state.ticked is None else max(last_block, state.ticked)
    return replace(_at_block(state, last_block), ticked=ticked)


def _at_block(state: EngineState, block_id: int) -> EngineState:
    """The state at a block that is not before the present one: counters advanced."""
    if state.block_id is not None and block_id <= state.block_id:
        return state
    memories = _advanced(state, block_id)
    return replace(state, block_id=block_id, memories=memories, events_in_block={})


def _advanced(state: EngineState, block_id: int) -> dict[str, Memory]:
    passed = 0 if state.block_id is None else max(0, block_id - state.block_id)
    return {load: advance(memory, passed) for load, memory in state.memories.items()}


def _lease_ended(
    state: EngineState, item: LeaseEnded
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    state = _at_block(state, item.block_id)
    memory = state.memories.get(item.load)
    if state.policy is None or memory is None or memory.level == OFF:
        return state, ()
    key = (item.load, Trigger.LEASE)
    frame = Frame(
        policy=state.policy,
        digest=state.policy_digest,
        autonomy=state.autonomy,
        trigger=Trigger.LEASE,
        n=state.events_in_block.get(key, 0),
    )
    assert state.block_id is not None  # _at_block set it
    event = lease_event(frame, item.load, state.block_id, memory)
    after = replace(
        memory, level=OFF, blocks_since_switch=0, blocks_since_level=0, blocks_surplus_low=0
    )
    counts = state.events_in_block | {key: frame.n + 1}
    memories = state.memories | {item.load: after}
    return replace(state, memories=memories, events_in_block=counts), (event,)


def _with_policy(state: EngineState, policy: Policy) -> EngineState:
    memories = {
        load.id: fitting(state.memories.get(load.id, Memory()), load) for load in policy.loads
    }
    return replace(state, policy=policy, policy_digest=policy_digest(policy), memories=memories)


def fitting(memory: Memory, load: LoadProfile) -> Memory:
    """A level that the profile lacks, running or wished for, becomes *eco*."""
    override = memory.override
    if override is not None and override.level not in {None, *load.powers_w}:
        override = replace(override, level=load.eco.name)
    level = memory.level if memory.level in load.powers_w else load.eco.name
    if level == memory.level and override is memory.override:
        return memory
    return replace(memory, level=level, override=override)


def _with_override(state: EngineState, item: OverrideSet) -> EngineState:
    """The state with the override; a load that the policy lacks has none."""
    memory = state.memories.get(item.load)
    if state.policy is None or memory is None:
        return state
    override = item.override
    if override is None and memory.override is not None and state.block_id is not None:
        # Taken back early it is *ended*, not forgotten: a start by hand may have to end with it.
        override = replace(memory.override, until_block=state.block_id - 1)
    changed = fitting(replace(memory, override=override), state.policy.load(item.load))
    return replace(state, memories=state.memories | {item.load: changed})


def acted_level(event: DecisionEvent) -> str:
    """The level at which the load is after the event."""
    acted = event.decision.effect is Effect.ACTED
    return event.decision.level if acted else event.memory.level
