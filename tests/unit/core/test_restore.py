"""Restore in the corners that a property rarely meets, and what it says of a broken journal."""

import pytest

from bitgrid_core.chain import Draft
from bitgrid_core.engine import EngineState
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import (
    BlockClosed,
    BlocksMissed,
    Input,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
)
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.model import OFF, Override, Trigger
from bitgrid_core.restore import restore
from support.site import SiteConfig, fill, inputs, policy, windows

WINDOWS = windows(SiteConfig(seed=4, blocks=60, loads=1, quiet=True))


def lived(*items: Input) -> tuple[MemoryJournal, EngineState]:
    """A journal of these inputs and the state they led to."""
    journal = MemoryJournal()
    return journal, fill(journal, items)


def running() -> list[Input]:
    """Inputs after which load-1 runs."""
    items: list[Input] = [PolicyChanged(policy=policy(1))]
    for window in WINDOWS:
        items.append(BlockClosed(window=window))
        _journal, state = lived(*items)
        if state.memories["load-1"].level != OFF:
            return items
    pytest.fail("the site has too little sun")


def test_empty_journal_restores_to_nothing() -> None:
    """No record: the engine's first state."""
    assert restore(MemoryJournal()) == EngineState()


@pytest.mark.parametrize("more", [0, 1, 2])
def test_lease_end_before_a_late_tick_keeps_its_number(more: int) -> None:
    """A lease ended in a block whose tick came afterwards: the next one in it gets the next id."""
    items = running()
    last = items[-1]
    assert isinstance(last, BlockClosed)
    late = WINDOWS[len(items) - 1 :]
    block_id = late[0].block_id
    items += [LeaseEnded(load="load-1", block_id=block_id), BlockClosed(window=late[0])]
    start = Override(action="START", level="eco", until_block=block_id + 9)
    items += [OverrideSet(load="load-1", override=start)] * more
    journal, state = lived(*items)
    assert state.events_in_block["load-1", Trigger.LEASE] == 1
    assert restore(journal) == state


def test_window_that_came_too_late_is_passed_over() -> None:
    """Recorded but not decided on: the block before it carries the memory."""
    items = running()
    journal, state = lived(*items, items[1], items[-1], items[1])
    assert restore(journal) == state


def test_missed_blocks_after_the_last_tick_count() -> None:
    """The counters go on over blocks for which nobody decided."""
    items = running()
    last = items[-1]
    assert isinstance(last, BlockClosed)
    block_id = last.window.block_id
    missed = BlocksMissed(first_block=block_id + 1, last_block=block_id + 9)
    journal, state = lived(*items, missed)
    assert state.block_id == block_id + 9
    assert restore(journal) == state


def test_policy_without_loads_restores_by_stepping() -> None:
    """No load, no decision, no memory: still the same state."""
    journal, state = lived(PolicyChanged(policy=policy(0)), BlockClosed(window=WINDOWS[0]))
    assert restore(journal) == state


def test_override_of_an_unknown_load_or_level_restores() -> None:
    """An override for a load that the policy lacks changes nothing; an unknown level is eco."""
    items = running()
    wish = Override(action="START", level="turbo", until_block=2**30)
    journal, state = lived(
        *items,
        OverrideSet(load="load-9", override=wish),
        OverrideSet(load="load-1", override=wish),
        BlockClosed(window=WINDOWS[len(items)]),
    )
    assert state.memories["load-1"].level in {OFF, "eco"}
    assert set(state.memories) == {"load-1"}
    assert restore(journal) == state


def test_append_with_several_inputs_restores() -> None:
    """Boot note, policy, missed blocks and window in one append, as the runtime writes them."""
    one, state = lived(*inputs(SiteConfig(blocks=6)))
    journal = MemoryJournal()
    drafts = [Draft(kind=record.kind, body=record.body) for record in one.records()]
    journal.append([Draft(kind="boot", body={"boot": 1}), *drafts], 0)
    assert restore(journal) == state


def test_block_before_any_policy_is_bad_input() -> None:
    """A journal whose policy is gone cannot be restored: exit 2 and the remedy."""
    whole, _state = lived(*running())
    journal = MemoryJournal()
    journal.append(
        [
            Draft(kind=record.kind, body=record.body)
            for record in whole.records()
            if record.kind != "policy"
        ],
        0,
    )
    with pytest.raises(BadInput, match="before any policy"):
        restore(journal)


@pytest.mark.parametrize("kind", ["policy", "block", "override", "lease_end", "missed", "autonomy"])
def test_unreadable_input_is_bad_input(kind: str) -> None:
    """An input whose body is none: exit 2, whatever stood before it."""
    journal, _state = lived(*running())
    journal.append([Draft(kind=kind, body={"nothing": 1})], 0)
    with pytest.raises(BadInput, match="cannot be read"):
        restore(journal)
