"""The engine's state from the journal: what a restart continues with.

Reads only. The newest block's decisions carry each load's memory; inputs after them are
applied on top. A crash between append and act loses nothing: the decision is recorded.
Invariant: the result equals stepping through every input of the journal from the first.
"""

from __future__ import annotations

from bitgrid_core.arbiter import remember
from bitgrid_core.chain import Record
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import from_body
from bitgrid_core.inputs import INPUT_KINDS, PolicyChanged, from_record
from bitgrid_core.journal.protocol import JournalReader
from bitgrid_core.model import Autonomy, DecisionEvent, Memory, Trigger
from bitgrid_core.policy import Policy
from bitgrid_core.rules import situation


def restore(journal: JournalReader) -> EngineState:
    """The state after the last record; the empty state for an empty journal.

    Raises:
        BadInput: a record cannot be read; verify the journal.
    """
    block = journal.newest("block")
    policy = None if block is None else journal.newest("policy", before=block.seq)
    if block is None or policy is None:
        return _applied(EngineState(), journal, 1)
    state, seq = _after_block(journal, block, policy)
    return _applied(state, journal, seq + 1)


def _applied(state: EngineState, journal: JournalReader, first: int) -> EngineState:
    for record in journal.records(first):
        if record.kind in INPUT_KINDS:
            state, _events = step(state, from_record(record.kind, record.body))
    return state


def _after_block(
    journal: JournalReader, block: Record, policy_record: Record
) -> tuple[EngineState, int]:
    """The state right after a block's decisions, and the number of the last of them."""
    item = from_record("policy", policy_record.body)
    assert isinstance(item, PolicyChanged)  # the kind says so
    last = block.seq + len(item.policy.loads)
    events = [from_body(record.body) for record in journal.records(block.seq + 1, last)]
    state, _none = step(EngineState(), item)
    block_id = block.body["block_id"]
    assert isinstance(block_id, int)  # a block record was decoded before it was written
    return (
        EngineState(
            policy=state.policy,
            policy_digest=state.policy_digest,
            autonomy=_autonomy(journal, events, block),
            block_id=block_id,
            ticked=block_id,
            memories={event.load: memory_after(event, item.policy) for event in events},
            events_in_block={(event.load, Trigger.TICK): 1 for event in events},
        ),
        last,
    )


def _autonomy(journal: JournalReader, events: list[DecisionEvent], block: Record) -> Autonomy:
    if events:
        return events[0].autonomy
    record = journal.newest("autonomy", before=block.seq)
    return Autonomy.FULL if record is None else Autonomy(str(record.body["autonomy"]))


def memory_after(event: DecisionEvent, policy: Policy) -> Memory:
    """The memory that a recorded tick left behind."""
    load = policy.load(event.load)
    return remember(situation(event.state, event.memory, policy, load), event)
