"""One group of recorded decisions — what one input caused — made again and taken apart.

A decision may differ for its own sake, or because something before it did. It is therefore
made again in three ways: as the engine goes on, from its recorded memory, and from its
recorded state as well. The way with the fewest differences is the explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from bitgrid_core.block import block_end_text
from bitgrid_core.codec import Json, encode_trusted
from bitgrid_core.context.aggregates import BlockAggregates
from bitgrid_core.context.picture import energy_state
from bitgrid_core.deciding import (
    Frame,
    acted_level,
    decide,
    lease_event,
    others_w,
    system_reason,
)
from bitgrid_core.deviation import Body, Difference, differences, outcome_differences
from bitgrid_core.engine import EngineState, fitting, open_proposals, step, without
from bitgrid_core.errors import BadInput
from bitgrid_core.events import to_body
from bitgrid_core.inputs import LeaseEnded, PolicyChanged
from bitgrid_core.model import OFF, DecisionEvent, EnergyState, Trigger
from bitgrid_core.policy import Policy
from bitgrid_core.restore import memory_after


@dataclass(frozen=True, slots=True)
class Line:
    """A way in which the engine may have gone on: its state, and what it decided to get there."""

    state: EngineState
    events: tuple[DecisionEvent, ...]

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        assert self.state.policy is not None  # nothing is decided without one
        return self.state.policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A decision as it lies in the journal."""

    data: bytes
    body: Body
    event: DecisionEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one input led to.

    Attributes:
        line: how the engine went on.
        window: the window that closed; ``None`` for another input.
        known: whether a load's memory is known from before.
    """

    line: Line
    window: BlockAggregates | None
    known: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What was found at one decision, named by where it belongs."""

    block_id: int
    load: str
    is_recorded: bool
    found: list[Difference]


def against(moment: Moment, items: Sequence[Recorded]) -> list[Pair]:
    """Each decision that should be there with the recorded one."""
    found = []
    for expected, item in _paired(moment.line.events, items):
        event = expected or (item.event if item else None)
        assert event is not None  # a pair has at least one side
        found.append(
            Pair(
                block_id=event.block_id,
                load=event.load,
                is_recorded=item is not None,
                found=_found(moment, expected, item, items),
            )
        )
    return found


def outcomes(moment: Moment, items: Sequence[Recorded]) -> list[list[Difference]]:
    """How each decision's outcome changes under the moment's policy."""
    policy = moment.line.policy
    levels = {item.event.load: item.event.memory.level for item in items}
    found = []
    for item in items:
        load = policy.loads[_index(policy, item.event)]
        event = replace(item.event, memory=fitting(item.event.memory, load))
        again = _again(moment, event, levels)
        levels[again.load] = acted_level(again)
        found.append(outcome_differences(item.body, to_body(again)))
    return found


def recorded_line(line: Line, items: Sequence[Recorded]) -> Line:
    """The state as if everything had gone as it is recorded."""
    state = line.state
    for item in items:
        event = item.event
        if event.load not in state.memories:
            continue
        if event.trigger is Trigger.LEASE:
            running = replace(state, memories=state.memories | {event.load: event.memory})
            state, _events = step(running, LeaseEnded(load=event.load, block_id=event.block_id))
        else:
            memory = memory_after(event, line.policy)
            state = replace(
                state,
                memories=state.memories | {event.load: memory},
                seen=state.seen | {event.load: event.state},
                proposals=without(state.proposals, event.load) | open_proposals([event]),
            )
        state = replace(state, autonomy=event.autonomy)
    counts = line.state.events_in_block
    if state != line.state:  # a level that no profile has must not break what follows
        state, _none = step(state, PolicyChanged(policy=line.policy))
    return Line(state=replace(state, events_in_block=counts), events=())


def _paired(
    events: Sequence[DecisionEvent], items: Sequence[Recorded]
) -> list[tuple[DecisionEvent | None, Recorded | None]]:
    """By place if none is missing, else by id."""
    if len(events) == len(items):
        return list(zip_longest(events, items))
    by_id: dict[Json, Recorded] = {}
    extra = []
    ids = {event.id for event in events}
    for item in items:
        if item.body.get("id") in ids - set(by_id):
            by_id[item.body["id"]] = item
        else:
            extra.append(item)
    return [(event, by_id.get(event.id)) for event in events] + [(None, item) for item in extra]


def _found(
    moment: Moment,
    expected: DecisionEvent | None,
    item: Recorded | None,
    items: Sequence[Recorded],
) -> list[Difference]:
    if item is None:
        assert expected is not None  # a pair has at least one side
        missing = Difference(field="decision", recorded=None, replayed=expected.id)
        return [missing] if moment.known(expected.load) else []
    known = moment.known(item.event.load if expected is None else expected.load)
    if expected is None and known:
        return [Difference(field="decision", recorded=item.body.get("id"), replayed=None)]
    ways = []
    if expected is not None:
        straight = differences(item.body, to_body(expected))
        ways = [straight] if known or not straight else []
    if not (ways and len(ways[0]) <= 1):  # one difference is its own explanation
        ways += _ways_from_recorded(moment, expected if known else None, item, items)
    found = min(ways, key=len)
    return found or _not_canonical(item)


def _ways_from_recorded(
    moment: Moment,
    expected: DecisionEvent | None,
    item: Recorded,
    items: Sequence[Recorded],
) -> list[list[Difference]]:
    """From the recorded memory, autonomy and state; what of them has no cause comes first."""
    levels = _levels(moment, item.event.load, items)
    if expected is None:
        return _ways(moment, item, item.event, levels)
    event = replace(
        item.event,
        load=expected.load,
        trigger=expected.trigger,
        n=expected.n,
        autonomy=expected.autonomy,
        decision=expected.decision,
    )
    body = to_body(expected)
    uncaused = _one("memory", item.body, body)
    ways = [uncaused + way for way in _ways(moment, item, event, levels)]
    if item.event.autonomy is not expected.autonomy:
        uncaused = _one("autonomy", item.body, body) + uncaused
        event = replace(event, autonomy=item.event.autonomy)
        ways += [uncaused + way for way in _ways(moment, item, event, levels)]
    return ways


def _ways(
    moment: Moment, item: Recorded, event: DecisionEvent, levels: dict[str, str]
) -> list[list[Difference]]:
    """Made again with what the window shows, and with the state that is recorded."""
    again = to_body(_again(moment, event, levels))
    seen = to_body(_decided(moment, event, event.state))
    return [
        differences(item.body, again),
        _one("state", item.body, again) + differences(item.body, seen),
    ]


def _one(name: str, recorded: Body, again: Body) -> list[Difference]:
    if recorded[name] == again[name]:
        return []
    return [Difference(field=name, recorded=recorded[name], replayed=again[name])]


def _again(moment: Moment, event: DecisionEvent, levels: dict[str, str]) -> DecisionEvent:
    """A decision from the window and its recorded memory.

    Args:
        moment: with the window.
        event: as recorded.
        levels: of the other loads; decided for earlier ones, remembered for the rest.
    """
    if event.trigger is not Trigger.TICK or moment.window is None:
        return _decided(moment, event, event.state)
    policy = moment.line.policy
    index = _index(policy, event)
    known = {
        load.id: level if (level := levels.get(load.id, OFF)) in load.powers_w else OFF
        for load in policy.loads
    }
    around = others_w(index, policy, moment.window, known)
    load = policy.loads[index]
    return _decided(moment, event, energy_state(moment.window, policy, load, event.memory, around))


def _decided(moment: Moment, event: DecisionEvent, seen: EnergyState) -> DecisionEvent:
    policy = moment.line.policy
    frame = Frame(
        policy=policy,
        digest=moment.line.state.policy_digest,
        autonomy=event.autonomy,
        trigger=event.trigger,
        n=event.n,
        system=system_reason(event),
    )
    if event.trigger is Trigger.LEASE:
        return lease_event(frame, event.load, event.block_id, event.memory)
    again, _memory = decide(frame, policy.loads[_index(policy, event)], seen, event.memory)
    return again


def _levels(moment: Moment, load_id: str, items: Sequence[Recorded]) -> dict[str, str]:
    """The other loads' levels as recorded; where nothing is recorded, as expected."""
    events = {event.load: event for event in moment.line.events}
    events |= {item.event.load: item.event for item in items}
    order = [load.id for load in moment.line.policy.loads]
    own = order.index(load_id) if load_id in order else len(order)
    earlier = set(order[:own])
    return {
        load: acted_level(event) if load in earlier else event.memory.level
        for load, event in events.items()
    }


def _index(policy: Policy, event: DecisionEvent) -> int:
    for index, load in enumerate(policy.loads):
        if load.id == event.load:
            return index
    raise BadInput(
        f"Load {event.load!r} of the block until {block_end_text(event.block_id)} is not in its "
        "policy.",
        "Name the policy that was in force.",
    )


def _not_canonical(item: Recorded) -> list[Difference]:
    canonical = encode_trusted(item.body)
    if item.data == canonical:
        return []
    return [
        Difference(
            field="encoding", recorded=item.data.decode("utf-8"), replayed=canonical.decode("utf-8")
        )
    ]
