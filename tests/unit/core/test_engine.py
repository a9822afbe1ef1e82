"""The state machine, input by input."""

from dataclasses import replace

import pytest

from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    Input,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
)
from bitgrid_core.model import OFF, Autonomy, DecisionEvent, Memory, Override, Trigger
from bitgrid_core.policy import default_policy, parse_policy, policy_digest
from support.moments import window

SUNNY: dict[str, int | None] = {
    "pv_power_w": 5000,
    "house_load_w": 3000,
    "grid_import_w": 0,
    "battery_soc_pct": 800,
}
ALIVE: dict[str, int | None] = {"load_temp_c": 60_000, "heartbeat": 1000, "load_power_w": 1674}
START = Override(action="START", level="eco", until_block=1010)


def tick(block: int, **values: int | None) -> BlockClosed:
    """A sunny block, with other site values where given."""
    return BlockClosed(window=window(block, SUNNY | values, {"load-1": ALIVE}))


def run(*items: Input, state: EngineState | None = None) -> tuple[EngineState, list[DecisionEvent]]:
    """State and decisions after these inputs, the default policy first."""
    state = state or step(EngineState(), PolicyChanged(policy=default_policy()))[0]
    events: list[DecisionEvent] = []
    for item in items:
        state, found = step(state, item)
        events += found
    return state, events


def test_tick_decides_for_the_block_that_begins() -> None:
    """The event names block, load, trigger and policy, and what was remembered before."""
    state, (event,) = run(tick(1000))
    assert event.id == "1000/load-1/tick/0"
    assert event.policy == policy_digest(default_policy())
    assert event.memory == Memory()
    assert state.memories["load-1"].level == acted_level(event) == "super"
    assert (state.block_id, state.ticked) == (1000, 1000)


def test_tick_before_any_policy_is_a_fault_of_the_program() -> None:
    """Broken code asserts."""
    with pytest.raises(AssertionError):
        step(EngineState(), tick(1000))


@pytest.mark.parametrize("block", [1000, 999, 1])
def test_block_that_was_decided_or_lies_before_is_not_decided_again(block: int) -> None:
    """A late or doubled window changes nothing, after a jump of the clock either."""
    state, _events = run(tick(1000))
    assert step(state, tick(block, pv_power_w=0)) == (state, ())


@pytest.mark.parametrize("block", [1001, 1003])
def test_block_recorded_as_missed_is_never_decided(block: int) -> None:
    """Nothing twice: missed is an outcome."""
    state, _events = run(tick(1000), BlocksMissed(first_block=1001, last_block=1003))
    assert step(state, tick(block)) == (state, ())
    assert len(step(state, tick(1004))[1]) == 1


@pytest.mark.parametrize("told", [True, False])
def test_missed_blocks_count_for_run_time_and_pause(told: bool) -> None:
    """Four blocks later it is n = 4, whether the hole was recorded or just happened."""
    hole = [BlocksMissed(first_block=1001, last_block=1003)] if told else []
    _state, events = run(tick(1000), *hole, tick(1004))
    assert events[1].memory.blocks_since_switch == 4


def test_blocks_missed_before_the_first_tick_are_past() -> None:
    """An appliance that was off begins after them."""
    state, _none = run(BlocksMissed(first_block=990, last_block=999))
    assert step(state, tick(999)) == (state, ())
    assert len(step(state, tick(1000))[1]) == 1


def test_override_taken_back_that_was_not_there_is_nothing() -> None:
    """Twice the same click."""
    state, _events = run(tick(1000))
    assert step(state, OverrideSet(load="load-1", override=None, block_id=1000)) == (state, ())


def test_wish_for_a_load_that_is_not_there_is_nothing() -> None:
    """Neither before any policy nor for another name."""
    wish = OverrideSet(load="load-9", override=START, block_id=1000)
    assert step(EngineState(), wish)[1] == ()
    state, _events = run(tick(1000))
    assert step(state, wish) == (state, ())


def test_lower_load_that_says_nothing_takes_nothing_from_the_grid() -> None:
    """A running load of lower priority without a word in the window counts as 0 W."""
    two = parse_policy({"loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}]})
    state = step(EngineState(), PolicyChanged(policy=two))[0]
    state.memories["load-2"] = Memory(level="eco", blocks_since_switch=9, blocks_since_level=9)
    silent: dict[str, dict[str, int | None]] = {"load-2": {}}
    for said in ({}, silent):
        _state, events = step(state, BlockClosed(window=window(1000, SUNNY, said)))
        assert events[0].state.lower_loads_w == 0


def test_lease_end_is_a_switch_with_an_event_of_its_own() -> None:
    """The load is off, its pause begins, and the record says who did it."""
    state, events = run(tick(1000), LeaseEnded(load="load-1", block_id=1001))
    assert events[1].decision.code == "STOP_SYS_LEASE_EXPIRED"
    assert events[1].id == "1001/load-1/lease/0"
    assert state.memories["load-1"].level == OFF
    _state, (event,) = run(tick(1002), state=state)
    assert event.decision.code == "NOOP_R5_MIN_PAUSE_NOT_REACHED"


def test_lease_end_of_a_load_that_is_off_or_unknown_is_nothing() -> None:
    """No event without a switch."""
    state, _events = run(tick(1000, pv_power_w=0))
    for load in ("load-1", "load-9"):
        assert run(LeaseEnded(load=load, block_id=1000), state=state)[1] == []


def test_lease_ends_before_and_after_the_tick_of_a_block_have_different_ids() -> None:
    """Load off, started again by hand in the same block, off again."""
    state, _events = run(tick(1000), LeaseEnded(load="load-1", block_id=1001))
    state, events = run(
        OverrideSet(load="load-1", override=START, block_id=1001),
        tick(1001),
        LeaseEnded(load="load-1", block_id=1001),
        state=state,
    )
    assert [event.id for event in events] == [
        "1001/load-1/override/0",
        "1001/load-1/tick/0",
        "1001/load-1/lease/1",
    ]


def test_late_lease_end_is_dated_to_the_present_block() -> None:
    """Blocks never run backwards."""
    _state, events = run(tick(1000), tick(1001), LeaseEnded(load="load-1", block_id=1000))
    assert events[-1].block_id == 1001
    assert events[-1].trigger is Trigger.LEASE


def test_autonomy_is_effective_at_the_next_block() -> None:
    """Setting it decides nothing by itself; the event shows which level was in force."""
    state, events = run(AutonomySet(autonomy=Autonomy.MANUAL))
    assert events == []
    assert run(tick(1000), state=state)[1][0].decision.code == "NOOP_MANUAL_MODE"


def test_override_taken_back_in_manual_stops_what_it_started() -> None:
    """Ended early is ended: a start by hand does not run on unwatched."""
    state, events = run(
        AutonomySet(autonomy=Autonomy.MANUAL),
        OverrideSet(load="load-1", override=START),
        tick(1000),
        OverrideSet(load="load-1", override=None, block_id=1000),
        tick(1001),
        tick(1002),
    )
    codes = [event.decision.code for event in events]
    assert codes == ["START_OVERRIDE", "STOP_OVERRIDE_ENDED", *["NOOP_MANUAL_MODE"] * 2]
    assert events[1].id == "1000/load-1/override/0"
    assert state.memories["load-1"].override is None


def test_override_of_an_earlier_version_waits_for_the_next_tick() -> None:
    """Its record names no block, and nothing was decided on it by itself."""
    state, events = run(tick(1000, pv_power_w=0), OverrideSet(load="load-1", override=START))
    assert [event.decision.code for event in events] == ["NOOP_R1_INSUFFICIENT_SURPLUS"]
    assert run(tick(1001, pv_power_w=0), state=state)[1][0].decision.code == "START_OVERRIDE"


def test_override_that_was_unsafe_does_not_start_again_by_itself() -> None:
    """The lost meter is back, the wish is gone: the rules decide."""
    dark: dict[str, int | None] = {"pv_power_w": 0}
    _state, events = run(
        OverrideSet(load="load-1", override=START),
        tick(1000, **dark),
        tick(1001, grid_import_w=None),
        tick(1005, **dark),
    )
    codes = [event.decision.code for event in events]
    assert codes == ["START_OVERRIDE", "STOP_R3_MISSING_TELEMETRY", "NOOP_R1_INSUFFICIENT_SURPLUS"]


def test_new_policy_keeps_memories_of_loads_that_stay() -> None:
    """A load that is new remembers nothing, one that is gone is forgotten."""
    state, _events = run(tick(1000))
    changed = parse_policy({"loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}]})
    state, _none = step(state, PolicyChanged(policy=changed))
    assert state.memories["load-1"].level == "super"
    assert state.memories["load-2"] == Memory()
    only = parse_policy({"loads": [{"id": "load-2"}]})
    assert set(step(state, PolicyChanged(policy=only))[0].memories) == {"load-2"}


def test_level_that_the_new_profile_lacks_becomes_eco() -> None:
    """The load runs, and its next decision is made from a level that exists."""
    state, _events = run(tick(1000))
    small = parse_policy({"loads": [{"id": "load-1", "levels_w": {"eco": 700}}]})
    state, _none = step(state, PolicyChanged(policy=small))
    assert state.memories["load-1"].level == "eco"


def test_loads_are_served_by_priority_whatever_their_order() -> None:
    """The first number is served first and takes its part of the surplus."""
    policy = parse_policy(
        {"loads": [{"id": "load-1", "priority": 7}, {"id": "load-2", "priority": 3}]}
    )
    state, _none = step(EngineState(), PolicyChanged(policy=policy))
    _state, events = run(tick(1000, pv_power_w=5000), state=state)
    assert [(event.load, event.decision.level) for event in events] == [
        ("load-2", "super"),
        ("load-1", OFF),
    ]
    assert events[1].state.earlier_loads_w == 1674


def test_import_that_a_lower_load_draws_is_charged_to_the_lower_one() -> None:
    """1.2 kW from the grid, 0.8 kW of it for the lower load: that one stops, not the higher."""
    policy = parse_policy({"loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}]})
    state, _none = step(EngineState(), PolicyChanged(policy=policy))
    running = Memory(level="eco", blocks_since_switch=9, blocks_since_level=9)
    state = replace(state, memories={"load-1": running, "load-2": running})
    both = {"load-1": ALIVE | {"load_power_w": 800}, "load-2": ALIVE | {"load_power_w": 800}}
    site = SUNNY | {"grid_import_w": 1200, "pv_power_w": 3900}
    _state, events = step(state, BlockClosed(window=window(1000, site, both)))
    assert [event.decision.code for event in events] == [
        "THROTTLE_R1_SURPLUS_THROTTLE",
        "STOP_R2_GRID_IMPORT_EXCEEDED",
    ]
