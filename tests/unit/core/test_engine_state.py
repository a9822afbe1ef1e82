"""What the engine carries on, field by field, and which windows come too late."""

from dataclasses import replace

import pytest

from bitgrid_core.deciding import system_reason
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    ClockJumped,
    Input,
    JournalLost,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
    TimeBoxExceeded,
)
from bitgrid_core.model import OFF, Autonomy, DecisionEvent, Memory, Override, Trigger
from bitgrid_core.policy import parse_policy
from support.moments import window

TWO = parse_policy({"loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}]})
ONE = parse_policy({"loads": [{"id": "load-2"}]})
SITE: dict[str, int | None] = {
    "pv_power_w": 9000,
    "house_load_w": 500,
    "grid_import_w": 0,
    "battery_soc_pct": 800,
}
ALIVE: dict[str, int | None] = {"load_temp_c": 60_000, "heartbeat": 1000, "load_power_w": 1674}
LIMIT = Override(action="LIMIT", level="super", until_block=1009)


def tick(block: int, **values: int | None) -> BlockClosed:
    """A sunny block for both loads, with other site values where given."""
    return BlockClosed(window=window(block, SITE | values, {"load-1": ALIVE, "load-2": ALIVE}))


def limit(block: int) -> OverrideSet:
    """A wish that changes nothing but the newest block that is known."""
    return OverrideSet(load="load-1", override=LIMIT, block_id=block)


def run(*items: Input, state: EngineState | None = None) -> tuple[EngineState, list[DecisionEvent]]:
    """State and decisions after these inputs, the policy first."""
    state = state or step(EngineState(), PolicyChanged(policy=TWO))[0]
    events: list[DecisionEvent] = []
    for item in items:
        state, found = step(state, item)
        events += found
    return state, events


RUNNING = run(tick(1000))[0]
PROPOSED = run(AutonomySet(autonomy=Autonomy.ASSISTED), tick(1000))[0]


def test_window_of_a_block_that_something_else_has_begun_is_still_in_time() -> None:
    """A wish within block 1003 was there first; its own window decides it all the same."""
    assert len(run(limit(1003), tick(1003), state=RUNNING)[1]) == 2


@pytest.mark.parametrize("late", [tick(1002), TimeBoxExceeded(block_id=1002, took_ms=6000)])
def test_window_of_the_block_before_the_newest_is_past(late: Input) -> None:
    """Nobody decided block 1002, and once block 1003 is known nobody will."""
    state, events = run(limit(1003), late, state=RUNNING)
    assert {event.block_id for event in events} <= {1003}
    assert state.ticked == 1000


def test_blocks_missed_do_not_take_back_what_was_decided() -> None:
    """The newest decided block stays the newest."""
    missed = BlocksMissed(first_block=1001, last_block=1003)
    assert run(tick(1005), missed, state=RUNNING)[0].ticked == 1005


def test_each_tick_is_counted_once() -> None:
    """The first event of a load and a trigger in a block has number 0, so one has been seen."""
    keys = (("load-1", Trigger.TICK), ("load-2", Trigger.TICK))
    assert RUNNING.events_in_block == dict.fromkeys(keys, 1)


def test_new_block_forgets_proposals_and_counts() -> None:
    """A yes counts within its own block."""
    missed = BlocksMissed(first_block=1001, last_block=1001)
    assert PROPOSED.proposals
    state, _events = run(missed, state=PROPOSED)
    assert (state.proposals, state.events_in_block) == ({}, {})


def test_counters_that_nobody_dated_go_on_from_the_first_block() -> None:
    """No block has passed before the first one that is known."""
    memory = Memory(level="eco", blocks_since_switch=3, blocks_since_level=3)
    begun = run()[0]
    begun = replace(begun, memories=begun.memories | {"load-1": memory})
    missed = BlocksMissed(first_block=1000, last_block=1000)
    assert run(missed, state=begun)[0].memories["load-1"] == memory


def test_lease_end_leaves_a_load_that_is_off_since_this_block() -> None:
    """All that a stop leaves behind, and nothing of the wait for surplus."""
    dim = replace(RUNNING.memories["load-1"], blocks_surplus_low=2)
    state = replace(RUNNING, memories=RUNNING.memories | {"load-1": dim})
    after = run(LeaseEnded(load="load-1", block_id=1001), state=state)[0].memories["load-1"]
    assert (after.level, after.blocks_since_switch, after.blocks_since_level) == (OFF, 0, 0)
    assert after.blocks_surplus_low == 0
    assert (after.starts_today, after.starts_day) == (dim.starts_today, dim.starts_day)


def test_new_policy_forgets_what_loads_saw_that_it_lacks_and_what_was_proposed() -> None:
    """A proposal was made by the rules of the old one."""
    state, _events = run(PolicyChanged(policy=ONE), state=PROPOSED)
    assert set(state.seen) == set(state.memories) == {"load-2"}
    assert state.proposals == {}


def test_what_the_system_decided_is_told_apart_from_what_a_lease_did() -> None:
    """As a frame takes it: to decide the event again, or nothing for the rules' own."""
    rules = run(tick(1001), state=RUNNING)[1]
    held = run(ClockJumped(drift_ms=31_000), tick(1001), state=RUNNING)[1]
    lost = run(JournalLost(block_id=1000), state=RUNNING)[1]
    ended = run(LeaseEnded(load="load-1", block_id=1000), state=RUNNING)[1]
    assert {system_reason(event) for event in rules} == {""}
    assert {system_reason(event) for event in held} == {"CLOCK_HOLD"}
    assert {system_reason(event) for event in lost} == {"JOURNAL_LOST"}
    assert {system_reason(event) for event in ended} == {""}
