"""What happens to the appliance itself: too slow, a clock that was set, a journal that is lost."""

from dataclasses import replace

import pytest

from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import from_body, to_body
from bitgrid_core.explain import LANGUAGES, detail, short
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
    from_record,
    to_record,
)
from bitgrid_core.model import OFF, Autonomy, DecisionEvent, Effect, Override
from bitgrid_core.policy import parse_policy
from support.moments import window

TWO = parse_policy({"loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}]})
SUNNY: dict[str, int | None] = {
    "pv_power_w": 9000,
    "house_load_w": 500,
    "grid_import_w": 0,
    "battery_soc_pct": 800,
}
ALIVE: dict[str, int | None] = {"load_temp_c": 60_000, "heartbeat": 1000, "load_power_w": 1674}
JUMP = ClockJumped(drift_ms=31_000)
SLOW = TimeBoxExceeded(block_id=1001, took_ms=5_001)
LOST = JournalLost(block_id=1000)


def tick(block: int, temp_mdegc: int = 60_000, **values: int | None) -> BlockClosed:
    """A sunny block for both loads, with other site values where given."""
    alive = ALIVE | {"load_temp_c": temp_mdegc}
    return BlockClosed(window=window(block, SUNNY | values, {"load-1": alive, "load-2": alive}))


def run(*items: Input, state: EngineState | None = None) -> tuple[EngineState, list[DecisionEvent]]:
    """State and decisions after these inputs; each must be its own record's input again."""
    state = state or step(EngineState(), PolicyChanged(policy=TWO))[0]
    events: list[DecisionEvent] = []
    for item in items:
        assert from_record(*to_record(item)) == item
        state, found = step(state, item)
        events += found
    for event in events:
        assert from_body(to_body(event)) == event
        assert all(short(event, lang) and detail(event, lang) for lang in LANGUAGES)
    return state, events


def codes(events: list[DecisionEvent]) -> list[str]:
    """Their codes."""
    return [event.decision.code for event in events]


RUNNING = run(tick(1000))[0]
DARK = run(tick(1000, pv_power_w=0))[0]


def test_tick_that_took_too_long_is_the_blocks_decision_and_stops_every_load() -> None:
    """STOP_SYS_TIMEOUT_SAFE with the tick's trigger; its window, recorded behind it, is too late."""
    state, events = run(SLOW, state=RUNNING)
    assert codes(events) == ["STOP_SYS_TIMEOUT_SAFE"] * 2
    assert [event.id for event in events] == ["1001/load-1/tick/0", "1001/load-2/tick/0"]
    assert {memory.level for memory in state.memories.values()} == {OFF}
    assert {memory.blocks_since_switch for memory in state.memories.values()} == {0}
    assert run(tick(1001), state=state) == (state, [])


def test_time_box_of_a_block_that_is_decided_stops_what_runs_within_it() -> None:
    """Decided in time, recorded too late: the tick stays, the stop is one of safety."""
    state, events = run(replace(SLOW, block_id=1000), state=RUNNING)
    assert [event.id for event in events] == ["1000/load-1/safety/0", "1000/load-2/safety/0"]
    assert state.ticked == 1000
    assert run(replace(SLOW, block_id=1000), state=DARK)[1] == []


@pytest.mark.parametrize("autonomy", list(Autonomy))
@pytest.mark.parametrize("item", [SLOW, LOST])
def test_system_stops_act_at_every_autonomy_level(item: Input, autonomy: Autonomy) -> None:
    """Nobody is asked whether a load may run on unrecorded."""
    _state, events = run(AutonomySet(autonomy=autonomy), item, state=RUNNING)
    assert {event.decision.effect for event in events} == {Effect.ACTED}
    assert {acted_level(event) for event in events} == {OFF}


def test_loads_return_by_themselves_at_the_next_block_after_a_time_box() -> None:
    """Once the minimum pause is over; the pause counts from the stop."""
    _state, events = run(SLOW, tick(1002), tick(1003), state=RUNNING)
    assert codes(events)[2:] == [
        "NOOP_R5_MIN_PAUSE_NOT_REACHED",
        "NOOP_R5_MIN_PAUSE_NOT_REACHED",
        "START_R1_SURPLUS_OK",
        "START_R1_SURPLUS_OK",
    ]


def test_lost_journal_stops_what_runs_and_tells_nothing_of_what_is_off() -> None:
    """An event for each running load alone."""
    state, _events = run(LeaseEnded(load="load-2", block_id=1000), state=RUNNING)
    state, (event,) = run(LOST, state=state)
    assert (event.id, event.decision.code) == ("1000/load-1/safety/0", "STOP_SYS_JOURNAL_LOST")
    assert run(LOST, state=state) == (state, [])
    assert run(LOST)[1] == []


def test_held_block_lets_run_what_runs_and_starts_nothing() -> None:
    """NOOP_SYS_CLOCK_HOLD for one tick, whatever the sun does; then the rules decide again."""
    dark = {"pv_power_w": 0, "grid_import_w": 2500}
    state, events = run(JUMP, tick(1001, **dark), state=RUNNING)
    assert codes(events) == ["NOOP_SYS_CLOCK_HOLD"] * 2
    assert {memory.level for memory in state.memories.values()} == {"super"}
    assert codes(run(tick(1002, **dark), state=state)[1]) == ["STOP_R2_GRID_IMPORT_EXCEEDED"] * 2
    off, _events = run(tick(1001, pv_power_w=0), state=DARK)
    off, events = run(JUMP, tick(1002), state=off)
    assert codes(events) == ["NOOP_SYS_CLOCK_HOLD"] * 2
    assert codes(run(tick(1003), state=off)[1]) == ["START_R1_SURPLUS_OK"] * 2


def test_safety_objects_in_a_held_block() -> None:
    """R3 alone is heard, and sets its lockout."""
    state, events = run(JUMP, tick(1001, 86_000), state=RUNNING)
    assert codes(events) == ["STOP_R3_OVERTEMP"] * 2
    assert all(memory.lockout for memory in state.memories.values())


def test_missed_blocks_and_a_late_window_do_not_use_up_the_hold() -> None:
    """It is the next decided block that is held."""
    missed = BlocksMissed(first_block=1001, last_block=1003)
    _state, events = run(JUMP, missed, tick(1002), tick(1004), state=RUNNING)
    assert codes(events) == ["NOOP_SYS_CLOCK_HOLD"] * 2
    assert {event.block_id for event in events} == {1004}


def test_clock_that_jumps_back_brings_no_second_decision_of_a_block() -> None:
    """Old windows change nothing, and the hold waits for a new one."""
    state, events = run(ClockJumped(drift_ms=-3_600_000), tick(1000), tick(995), state=RUNNING)
    assert events == []
    assert codes(run(tick(1001), state=state)[1]) == ["NOOP_SYS_CLOCK_HOLD"] * 2


def test_end_of_a_start_by_hand_is_not_lost_in_a_held_block() -> None:
    """It stops the load one block later where nothing starts by itself."""
    wish = Override(action="START", level="eco", until_block=1000)
    state, _events = run(
        AutonomySet(autonomy=Autonomy.MANUAL),
        OverrideSet(load="load-1", override=wish, block_id=1000),
        state=DARK,
    )
    _state, events = run(JUMP, tick(1001), tick(1002), state=state)
    mine = [event.decision.code for event in events if event.load == "load-1"]
    assert mine == ["NOOP_SYS_CLOCK_HOLD", "STOP_OVERRIDE_ENDED"]


@pytest.mark.parametrize("item", [SLOW, LOST, JUMP])
def test_before_any_policy_no_load_is_stopped(item: Input) -> None:
    """No load is known, so none can be meant."""
    assert step(EngineState(), item)[1] == ()


def test_system_stop_ends_proposals_and_keeps_each_loads_own_picture() -> None:
    """Nobody can confirm what the system has overruled."""
    proposed, _events = run(
        AutonomySet(autonomy=Autonomy.ASSISTED), tick(1004, pv_power_w=0), state=RUNNING
    )
    assert set(proposed.proposals) == {"load-1", "load-2"}
    state, events = run(JournalLost(block_id=1004), state=proposed)
    assert codes(events) == ["STOP_SYS_JOURNAL_LOST"] * 2
    assert state.proposals == {}
    assert {load: seen.block_id for load, seen in state.seen.items()} == dict.fromkeys(
        ("load-1", "load-2"), 1004
    )
