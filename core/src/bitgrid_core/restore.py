"""The engine's state from the journal: what a restart continues with.

Reads only. The newest block's decisions carry each load's memory; inputs after them are
applied on top. A crash between append and act loses nothing: the decision is recorded.
Invariant: the result equals stepping through every input of the journal from the first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import cast

from bitgrid_core.arbiter import remember
from bitgrid_core.chain import Record
from bitgrid_core.engine import EngineState, open_proposals, step
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body
from bitgrid_core.inputs import INPUT_KINDS, PolicyChanged, from_record
from bitgrid_core.journal.protocol import JournalReader
from bitgrid_core.model import DecisionEvent, Memory, Trigger
from bitgrid_core.policy import Policy
from bitgrid_core.rules import situation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tick:
    """A decided block: its record, the policy in force, and what was decided."""

    block: Record
    policy: PolicyChanged
    events: tuple[DecisionEvent, ...]

    @property
    def last_seq(self) -> int:
        """Number of its last decision."""
        return self.block.seq + len(self.events)


def restore(journal: JournalReader) -> EngineState:
    """The state after the last record; the empty state for an empty journal.

    Raises:
        BadInput: a record cannot be read; verify the journal.
    """
    tick = _newest_tick(journal)
    if tick is None:
        return _applied(EngineState(), journal, 1)
    return _applied(_after(tick, journal), journal, tick.last_seq + 1)


def memory_after(event: DecisionEvent, policy: Policy) -> Memory:
    """The memory that a recorded tick left behind."""
    load = policy.load(event.load)
    return remember(situation(event.state, event.memory, policy, load), event)


def _applied(state: EngineState, journal: JournalReader, first: int) -> EngineState:
    for record in journal.records(first):
        if record.kind in INPUT_KINDS:
            item = from_record(record.kind, record.body)
            if record.kind == "block" and state.policy is None:
                raise BadInput(
                    f"Record {record.seq} is a block before any policy.", "Verify the journal."
                )
            state, _events = step(state, item)
    return state


def _newest_tick(journal: JournalReader, before: int = 2**62) -> _Tick | None:
    """The newest block that was decided; a window that came too late has no decisions."""
    while (block := journal.newest("block", before=before)) is not None:
        policy = journal.newest("policy", before=block.seq)
        item = None if policy is None else from_record("policy", policy.body)
        if not isinstance(item, PolicyChanged):
            return None
        events = tuple(_ticked(journal, block, len(item.policy.loads)))
        if events:
            return _Tick(block=block, policy=item, events=events)
        before = block.seq
    return None


def _ticked(journal: JournalReader, block: Record, loads: int) -> list[DecisionEvent]:
    found = []
    for record in journal.records(block.seq + 1, block.seq + loads):
        if record.kind != "decision":
            break
        event = from_body(record.body)
        if event.trigger is not Trigger.TICK or event.block_id != block.body["block_id"]:
            break
        found.append(event)
    return found


def _after(tick: _Tick, journal: JournalReader) -> EngineState:
    """The state right after a block's decisions."""
    begun, _none = step(EngineState(), tick.policy)
    block_id = tick.events[0].block_id
    ticks = {(event.load, Trigger.TICK): 1 for event in tick.events}
    return EngineState(
        policy=begun.policy,
        policy_digest=begun.policy_digest,
        autonomy=tick.events[0].autonomy,
        block_id=block_id,
        ticked=block_id,
        memories={event.load: memory_after(event, tick.policy.policy) for event in tick.events},
        seen={event.load: event.state for event in tick.events},
        proposals=open_proposals(tick.events),
        events_in_block=_earlier_in_block(tick, journal) | ticks,
    )


def _earlier_in_block(tick: _Tick, journal: JournalReader) -> dict[tuple[str, Trigger], int]:
    """Events of the block before its late tick: their ids are taken."""
    before = _newest_tick(journal, before=tick.block.seq)
    first = 1 if before is None else before.last_seq + 1
    found: Counter[tuple[str, Trigger]] = Counter()
    for record in journal.records(first, tick.block.seq - 1):
        if record.kind == "decision" and record.body["block_id"] == tick.block.body["block_id"]:
            body = cast("dict[str, str]", record.body)
            found[body["load"], Trigger(body["trigger"])] += 1
    return dict(found)
