"""The only state machine: ``step(EngineState, Input) → (EngineState, events)``.

It knows no clock, file or protocol. Invariants: the same arguments give equal bytes; a block
is ticked at most once and blocks never run backwards; every change of a level is an event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from bitgrid_core.arbiter import CLOCK_HOLD, advance, ends_start
from bitgrid_core.context.aggregates import BlockAggregates
from bitgrid_core.context.picture import energy_state
from bitgrid_core.deciding import Frame, acted_level, decide, lease_event, others_w
from bitgrid_core.frozen import quickly_made
from bitgrid_core.inputs import (
    SAFETY_FIELDS,
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    ClockJumped,
    Confirmed,
    Input,
    JournalLost,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
    SafetyMeasured,
    SystemInput,
    TimeBoxExceeded,
)
from bitgrid_core.model import (
    OFF,
    Autonomy,
    DecisionEvent,
    Effect,
    EnergyState,
    Memory,
    Override,
    Rule,
    Trigger,
    Vote,
)
from bitgrid_core.policy import LoadProfile, Policy, policy_digest
from bitgrid_core.signals import Quality


@quickly_made
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
        seen: what each load saw last.
        proposals: what waits for a person's yes in this block, by load.
        events_in_block: how many events of each load and trigger this block has seen.
        clock_held: the next tick changes nothing but for safety.
    """

    policy: Policy | None = None
    policy_digest: str = ""
    autonomy: Autonomy = Autonomy.FULL
    block_id: int | None = None
    ticked: int | None = None
    memories: dict[str, Memory] = field(default_factory=dict)
    seen: dict[str, EnergyState] = field(default_factory=dict)
    proposals: dict[str, DecisionEvent] = field(default_factory=dict)
    events_in_block: dict[tuple[str, Trigger], int] = field(default_factory=dict)
    clock_held: bool = False


def step(state: EngineState, item: Input) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """One input's effect: the next state, and the decisions in order of priority."""
    match item:
        case PolicyChanged():
            return _with_policy(state, item.policy), ()
        case AutonomySet():
            return replace(state, autonomy=item.autonomy), ()
        case OverrideSet():
            return _overridden(state, item)
        case BlocksMissed():
            return _missed(state, item.last_block), ()
        case LeaseEnded():
            return _lease_ended(state, item)
        case SafetyMeasured():
            return _measured(state, item)
        case Confirmed():
            return _confirmed(state, item)
        case BlockClosed():
            return _tick(state, item.window)
        case ClockJumped() | TimeBoxExceeded() | JournalLost():
            return _of_system(state, item)
        case _:
            assert_never(item)


def _of_system(
    state: EngineState, item: SystemInput
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    match item:
        case ClockJumped():
            return replace(state, clock_held=True), ()
        case TimeBoxExceeded():
            return _out_of_time(state, item.block_id)
        case JournalLost():
            return _all_stopped(_at_block(state, item.block_id), "JOURNAL_LOST")
        case _:
            assert_never(item)


def _tick(
    state: EngineState, window: BlockAggregates
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    policy = state.policy
    assert policy is not None, "a policy comes before the first block"
    past = max(state.ticked or 0, (state.block_id or 0) - 1)
    if state.block_id is not None and window.block_id <= past:
        return state, ()
    memories = _advanced(state, window.block_id)
    frame = Frame(
        policy=policy,
        digest=state.policy_digest,
        autonomy=state.autonomy,
        system=CLOCK_HOLD if state.clock_held else "",
    )
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
        seen={event.load: event.state for event in events},
        proposals=open_proposals(events),
        events_in_block=earlier | {(event.load, Trigger.TICK): 1 for event in events},
    )
    return after, tuple(events)


def _out_of_time(
    state: EngineState, block_id: int
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """This is the decision of its block, if there is none yet; else it stops what runs."""
    reason = "TIMEOUT_SAFE"
    if state.block_id is not None and block_id <= max(state.ticked or 0, state.block_id - 1):
        return _all_stopped(state, reason)
    state = _at_block(state, block_id)
    events: list[DecisionEvent] = []
    for load in state.policy.loads if state.policy is not None else ():
        state, event = _stopped(state, load, Trigger.TICK, reason)
        events.append(event)
    return replace(state, ticked=block_id, clock_held=False), tuple(events)


def _all_stopped(state: EngineState, reason: str) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """The system stops every load that runs; nothing that is off has to be told."""
    events: list[DecisionEvent] = []
    for load in state.policy.loads if state.policy is not None else ():
        if state.memories[load.id].level != OFF:
            state, event = _stopped(state, load, Trigger.SAFETY, reason)
            events.append(event)
    return state, tuple(events)


def _stopped(
    state: EngineState, load: LoadProfile, trigger: Trigger, reason: str
) -> tuple[EngineState, DecisionEvent]:
    frame = replace(_frame(state, load.id, trigger), system=reason)
    seen = _sight(state, load.id)
    event, after = decide(frame, load, seen, state.memories[load.id])
    return replace(
        state,
        memories=state.memories | {load.id: after},
        seen=state.seen | {load.id: seen},
        proposals=without(state.proposals, load.id),
        events_in_block=state.events_in_block | {(load.id, trigger): frame.n + 1},
    ), event


def _missed(state: EngineState, last_block: int) -> EngineState:
    """Blocks recorded as missed are never decided afterwards: nothing twice."""
    ticked = last_block if state.ticked is None else max(last_block, state.ticked)
    return replace(_at_block(state, last_block), ticked=ticked)


def _at_block(state: EngineState, block_id: int) -> EngineState:
    """The state at a block that is not before the present one: counters advanced."""
    if state.block_id is not None and block_id <= state.block_id:
        return state
    memories = _advanced(state, block_id)
    return replace(state, block_id=block_id, memories=memories, proposals={}, events_in_block={})


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
    frame = _frame(state, item.load, Trigger.LEASE)
    assert state.block_id is not None  # _at_block set it
    event = lease_event(frame, item.load, state.block_id, memory)
    after = replace(
        memory, level=OFF, blocks_since_switch=0, blocks_since_level=0, blocks_surplus_low=0
    )
    return replace(
        state,
        memories=state.memories | {item.load: after},
        proposals=without(state.proposals, item.load),
        events_in_block=state.events_in_block | {(item.load, Trigger.LEASE): frame.n + 1},
    ), (event,)


def _with_policy(state: EngineState, policy: Policy) -> EngineState:
    memories = {
        load.id: fitting(state.memories.get(load.id, Memory()), load) for load in policy.loads
    }
    return replace(
        state,
        policy=policy,
        policy_digest=policy_digest(policy),
        memories=memories,
        seen={load: seen for load, seen in state.seen.items() if load in memories},
        proposals={},
    )


def fitting(memory: Memory, load: LoadProfile) -> Memory:
    """A level that the profile lacks, running or wished for, becomes *eco*."""
    override = memory.override
    if override is not None and override.level not in {None, *load.powers_w}:
        override = replace(override, level=load.eco.name)
    level = memory.level if memory.level in load.powers_w else load.eco.name
    if level == memory.level and override is memory.override:
        return memory
    return replace(memory, level=level, override=override)


def open_proposals(events: Iterable[DecisionEvent]) -> dict[str, DecisionEvent]:
    """Those of a tick's decisions that wait for a person's yes, by load."""
    return {event.load: event for event in events if event.decision.effect is Effect.PROPOSED}


def refusal(state: EngineState, load_id: str, block_id: int) -> Vote | None:
    """The vote — of R3 or of R2's reserve — that would refuse a start by hand now, if any.

    Asked of the arbiter itself, so that nobody else knows what precedes a person.
    """
    state = _at_block(state, block_id)
    assert state.policy is not None  # whoever asks for a load has one
    load = state.policy.load(load_id)
    wish = Override(action="START", level=load.eco.name, until_block=block_id)
    memory = replace(state.memories[load_id], override=wish)
    event, _after = decide(
        _frame(state, load_id, Trigger.OVERRIDE), load, _sight(state, load_id), memory
    )
    if event.decision.rule is Rule.OVERRIDE:
        return None
    return next(vote for vote in event.votes if vote.rule is event.decision.rule)


def _overridden(
    state: EngineState, item: OverrideSet
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """A person's wish takes effect at once; a load that the policy lacks has none.

    One without a block is of an earlier version, which let it wait for the next tick.
    """
    at_once = item.block_id is not None
    if item.block_id is not None:
        state = _at_block(state, item.block_id)
    memory = state.memories.get(item.load)
    if state.policy is None or memory is None:
        return state, ()
    override = item.override
    if override is None and memory.override is not None and state.block_id is not None:
        # Taken back early it is *ended*, not forgotten: a start by hand may have to end with it.
        override = replace(memory.override, until_block=state.block_id - 1)
    changed = fitting(replace(memory, override=override), state.policy.load(item.load))
    state = replace(state, memories=state.memories | {item.load: changed})
    return _at_once(state, item.load, Trigger.OVERRIDE) if at_once else (state, ())


def _measured(
    state: EngineState, item: SafetyMeasured
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """R3 on the last known picture with this value, for every load that it concerns."""
    state = _at_block(state, item.block_id)
    if state.policy is None:
        return state, ()
    events: tuple[DecisionEvent, ...] = ()
    for load in state.policy.loads:
        if item.load in (None, load.id):
            seen = _with_value(_sight(state, load.id), item)
            state = replace(state, seen=state.seen | {load.id: seen})
            state, found = _at_once(state, load.id, Trigger.SAFETY)
            events += found
    return state, events


def _confirmed(
    state: EngineState, item: Confirmed
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """The proposal, decided again from where it was made, now acts — unless safety objects."""
    proposal = state.proposals.get(item.load)
    if proposal is None or item.block_id != state.block_id:
        return state, ()
    memory = state.memories[item.load]
    memory = replace(memory, blocks_surplus_low=proposal.memory.blocks_surplus_low)
    state = replace(state, memories=state.memories | {item.load: memory})
    return _at_once(state, item.load, Trigger.CONFIRM)


def _at_once(
    state: EngineState, load_id: str, trigger: Trigger
) -> tuple[EngineState, tuple[DecisionEvent, ...]]:
    """Decide between two ticks; an event only if it changes something or answers a person."""
    assert state.policy is not None  # whoever asks has a load of it
    memory, frame = state.memories[load_id], _frame(state, load_id, trigger)
    event, after = decide(frame, state.policy.load(load_id), _sight(state, load_id), memory)
    locked = after.lockout is not None and after.lockout != memory.lockout
    answers = event.decision.rule is Rule.OVERRIDE or ends_start(event)
    if acted_level(event) == memory.level and not (locked or answers):
        return state, ()
    return replace(
        state,
        memories=state.memories | {load_id: after},
        proposals=without(state.proposals, load_id),
        events_in_block=state.events_in_block | {(load_id, trigger): frame.n + 1},
    ), (event,)


def _frame(state: EngineState, load_id: str, trigger: Trigger) -> Frame:
    assert state.policy is not None  # nothing is decided without one
    return Frame(
        policy=state.policy,
        digest=state.policy_digest,
        autonomy=state.autonomy,
        trigger=trigger,
        n=state.events_in_block.get((load_id, trigger), 0),
    )


def _sight(state: EngineState, load_id: str) -> EnergyState:
    """What the load saw last, as of the present block; nothing before its first tick."""
    assert state.block_id is not None  # nothing is decided outside a block
    seen = state.seen.get(load_id)
    if seen is None:
        return EnergyState(block_id=state.block_id)
    return replace(seen, block_id=state.block_id)


def _with_value(seen: EnergyState, item: SafetyMeasured) -> EnergyState:
    quality = {name: value for name, value in seen.quality if name != item.signal}
    if item.value is None:
        quality[item.signal] = Quality.MISSING if item.quality is Quality.OK else item.quality
    changed = replace(seen, quality=tuple(sorted(quality.items())))
    return replace(changed, **{SAFETY_FIELDS[item.signal]: item.value})  # type: ignore[arg-type]  # a field's name


def without(proposals: dict[str, DecisionEvent], load_id: str) -> dict[str, DecisionEvent]:
    """The proposals that are still open after something else happened to a load."""
    return {load: event for load, event in proposals.items() if load != load_id}
