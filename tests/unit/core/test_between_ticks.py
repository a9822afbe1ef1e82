"""What happens between two ticks: safety, people's wishes, and their yes."""

from dataclasses import replace

import pytest

from bitgrid_core.engine import EngineState, refusal, step
from bitgrid_core.explain import LANGUAGES, detail, short
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    Confirmed,
    Input,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
    SafetyMeasured,
    from_record,
    to_record,
)
from bitgrid_core.model import (
    OFF,
    Action,
    Autonomy,
    DecisionEvent,
    Effect,
    Lockout,
    Override,
    Rule,
    Trigger,
)
from bitgrid_core.policy import parse_policy
from bitgrid_core.signals import Quality
from support.moments import window

TWO = parse_policy(
    {"surplus_lost_blocks": 2, "loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}]}
)
SUNNY: dict[str, int | None] = {
    "pv_power_w": 9000,
    "house_load_w": 500,
    "grid_import_w": 0,
    "battery_soc_pct": 800,
}
ALIVE: dict[str, int | None] = {"load_temp_c": 60_000, "heartbeat": 1000, "load_power_w": 1674}


def tick(block: int, **values: int | None) -> BlockClosed:
    """A sunny block for both loads, with other site values where given."""
    return BlockClosed(window=window(block, SUNNY | values, {"load-1": ALIVE, "load-2": ALIVE}))


def run(*items: Input, state: EngineState | None = None) -> tuple[EngineState, list[DecisionEvent]]:
    """State and decisions after these inputs; each must be its own record's input again."""
    state = state or step(EngineState(), PolicyChanged(policy=TWO))[0]
    events: list[DecisionEvent] = []
    for item in items:
        assert from_record(*to_record(item)) == item
        state, found = step(state, item)
        events += found
    return state, events


def hot(
    value: int | None = 86_000, *, block: int = 1000, load: str | None = "load-1"
) -> SafetyMeasured:
    """A load's temperature within a block."""
    return SafetyMeasured(
        load=load, signal="load_temp_c", value=value, at_ms=600_000_123, block_id=block
    )


def wish(action: str | None, level: str | None = None, until: int = 1005) -> OverrideSet:
    """A person's wish for load-1; ``None`` takes it back."""
    override = None if action is None else Override(action=action, level=level, until_block=until)
    return OverrideSet(load="load-1", override=override, block_id=1000)


RUNNING = run(tick(1000))[0]
DARK = run(tick(1000, pv_power_w=0))[0]


def test_heat_stops_its_load_at_once_and_no_other() -> None:
    """An event of its own trigger, on the last known picture with the new value."""
    state, (event,) = run(hot(), state=RUNNING)
    assert event.id == "1000/load-1/safety/0"
    assert event.decision.code == "STOP_R3_OVERTEMP"
    assert event.state.load_temp_mdegc == 86_000
    assert event.state.pv_power_w == 9000
    assert state.memories["load-1"].level == OFF
    assert state.memories["load-1"].blocks_since_switch == 0
    assert state.memories["load-2"].level == "super"


def test_temperature_at_the_limit_is_nothing() -> None:
    """The boundary is the tick's own."""
    assert run(hot(85_000), state=RUNNING)[1] == []


def test_lockout_set_within_a_block_does_not_count_that_block() -> None:
    """Half an hour from now is never less than half an hour."""
    state, _events = run(hot(), state=RUNNING)
    assert state.memories["load-1"].lockout == Lockout(cause="OVERTEMP", until_block=1003)


def test_load_that_is_off_gets_a_lockout_once_and_a_longer_one_later() -> None:
    """Nothing changes, nothing is told; a renewed lockout is."""
    state, events = run(hot(), hot(87_000), state=DARK)
    assert [event.id for event in events] == ["1000/load-1/safety/0"]
    state, (later,) = run(hot(block=1001), state=state)
    assert later.id == "1001/load-1/safety/0"
    assert state.memories["load-1"].lockout == Lockout(cause="OVERTEMP", until_block=1004)


def test_silence_is_judged_by_its_age() -> None:
    """A heartbeat's value is how old it is."""
    silent = replace(hot(), signal="heartbeat", value=60_001)
    assert run(silent, state=RUNNING)[1][0].decision.code == "STOP_R3_COMM_TIMEOUT"
    assert run(replace(silent, value=60_000), state=RUNNING)[1] == []


def test_explicitly_bad_site_signal_stops_every_running_load() -> None:
    """A mandatory signal that says of itself that it is lost is lost now."""
    bad = replace(hot(None), load=None, signal="grid_import_w", quality=Quality.SUSPECT)
    _state, events = run(bad, state=RUNNING)
    assert [event.load for event in events] == ["load-1", "load-2"]
    assert {event.decision.code for event in events} == {"STOP_R3_MISSING_TELEMETRY"}
    assert ("grid_import_w", Quality.SUSPECT) in events[0].state.quality


def test_safety_of_a_block_that_has_no_tick_yet_leaves_the_tick_to_come() -> None:
    """Late ticks are still ticked, and the lockout counts from the later block."""
    state, events = run(hot(block=1001), tick(1001), state=RUNNING)
    assert [event.id for event in events] == [
        "1001/load-1/safety/0",
        "1001/load-1/tick/0",
        "1001/load-2/tick/0",
    ]
    assert events[1].decision.code == "STOP_R3_LOCKOUT"
    assert state.memories["load-1"].blocks_since_switch == 0


@pytest.mark.parametrize(
    "item", [hot(load="load-9"), hot(), wish("STOP"), Confirmed(load="x", block_id=1)]
)
def test_before_any_policy_nothing_is_decided(item: Input) -> None:
    """No load is known, so none can be meant."""
    assert step(EngineState(), item)[1] == ()


def test_start_by_hand_starts_at_once() -> None:
    """The event's trigger says that a person did it."""
    state, (event,) = run(wish("START", "eco"), state=DARK)
    assert event.id == "1000/load-1/override/0"
    assert event.decision.code == "START_OVERRIDE"
    assert state.memories["load-1"].level == "eco"


def test_stop_by_hand_stops_at_once() -> None:
    """The switch counts from this block."""
    state, (event,) = run(wish("STOP"), state=RUNNING)
    assert event.decision.code == "STOP_OVERRIDE"
    assert state.memories["load-1"].blocks_since_switch == 0


@pytest.mark.parametrize(("state", "codes"), [(RUNNING, ["THROTTLE_OVERRIDE"]), (DARK, [])])
def test_limit_by_hand_lowers_at_once_and_starts_nothing(
    state: EngineState, codes: list[str]
) -> None:
    """A load that is not above its limit is left to the next tick."""
    after, events = run(wish("LIMIT", "eco"), state=state)
    assert [event.decision.code for event in events] == codes
    override = after.memories["load-1"].override
    assert override is not None
    assert override.action == "LIMIT"


def test_wish_does_not_judge_the_surplus_of_its_block_again() -> None:
    """Two blocks too dark stop a load; a tick and a wish in one block are one block."""
    state, _events = run(tick(1001), tick(1002), tick(1003), state=RUNNING)
    state, (first, _second) = run(tick(1004, pv_power_w=0), state=state)
    assert first.decision.code == "THROTTLE_R1_SURPLUS_LOW"
    state, events = run(replace(wish("LIMIT", "super", 1009), block_id=1004), state=state)
    assert events == []
    assert state.memories["load-1"].blocks_surplus_low == 1


@pytest.mark.parametrize(
    ("autonomy", "codes"),
    [(Autonomy.MANUAL, ["STOP_OVERRIDE_ENDED"]), (Autonomy.FULL, [])],
)
def test_start_taken_back_ends_at_once_where_nothing_starts_by_itself(
    autonomy: Autonomy, codes: list[str]
) -> None:
    """Elsewhere the rules take over at the next tick."""
    state, _events = run(AutonomySet(autonomy=autonomy), wish("START", "eco"), state=DARK)
    assert [event.decision.code for event in run(wish(None), state=state)[1]] == codes


def test_refused_start_is_told_with_the_rule_and_is_forgotten() -> None:
    """Safety's own vote is the reason, and the wish does not wait."""
    state, _events = run(hot(), state=RUNNING)
    vote = refusal(state, "load-1", 1000)
    assert vote is not None
    assert (vote.rule, vote.reason) == (Rule.R3, "OVERTEMP")
    state, (event,) = run(wish("START", "eco"), state=state)
    assert event.decision.code == "STOP_R3_OVERTEMP"
    assert state.memories["load-1"].override is None
    for lang in LANGUAGES:
        assert short(event, lang)


def test_reserve_of_the_battery_refuses_a_start_and_other_rules_do_not() -> None:
    """Only R3 and R2's reserve stand above a person."""
    low, _events = run(tick(1000, battery_soc_pct=500))
    vote = refusal(low, "load-1", 1000)
    assert vote is not None
    assert (vote.rule, vote.reason) == (Rule.R2, "SOC_HARD_MIN")
    assert refusal(DARK, "load-1", 1000) is None
    assert refusal(run(tick(1000, battery_soc_pct=570))[0], "load-1", 1000) is None


def test_start_before_the_first_picture_is_refused() -> None:
    """Nobody knows whether it would be safe."""
    vote = refusal(run()[0], "load-1", 1000)
    assert vote is not None
    assert vote.reason == "MISSING_TELEMETRY"


ASSISTED = run(AutonomySet(autonomy=Autonomy.ASSISTED), tick(1000))[0]
YES = Confirmed(load="load-1", block_id=1000)


def test_confirmed_proposal_acts_as_it_was_proposed() -> None:
    """Same action, level, rule and reason; both languages say who agreed."""
    proposal = ASSISTED.proposals["load-1"]
    state, (event,) = run(YES, state=ASSISTED)
    assert event.id == "1000/load-1/confirm/0"
    assert event.decision == replace(proposal.decision, effect=Effect.ACTED)
    assert event.votes == proposal.votes
    assert event.autonomy is Autonomy.ASSISTED
    assert state.memories["load-1"].level == "super"
    assert short(event, "en").endswith("; you said yes.")
    assert short(event, "de").endswith("; Sie haben Ja gesagt.")
    assert all(detail(event, lang) for lang in LANGUAGES)


def test_proposal_is_confirmed_once_and_only_in_its_block() -> None:
    """Later, and without a proposal, a yes means nothing."""
    state, _events = run(YES, state=ASSISTED)
    assert run(YES, state=state)[1] == []
    assert run(replace(YES, block_id=999), state=ASSISTED)[1] == []
    assert run(tick(1001), YES, state=ASSISTED)[1][-1].trigger is Trigger.TICK
    assert run(YES, state=RUNNING)[1] == []


def test_safety_between_proposal_and_yes_has_the_last_word() -> None:
    """A hot load is locked out; a yes does not start it."""
    state, events = run(hot(), YES, state=ASSISTED)
    assert [event.decision.code for event in events] == ["STOP_R3_OVERTEMP"]
    assert state.memories["load-1"].level == OFF


def test_proposal_ends_with_a_lease_or_a_wish() -> None:
    """What happened since makes it void."""
    state, _events = run(
        tick(1000), AutonomySet(autonomy=Autonomy.ASSISTED), tick(1001, pv_power_w=0),
        tick(1002, pv_power_w=0), tick(1003, pv_power_w=0), tick(1004, pv_power_w=0),
    )  # fmt: skip
    assert state.proposals["load-1"].decision.action is Action.STOP
    ended, _events = run(LeaseEnded(load="load-1", block_id=1004), state=state)
    assert set(ended.proposals) == {"load-2"}
    wished, _events = run(replace(wish("START", "eco", 1009), block_id=1004), state=state)
    assert set(wished.proposals) == {"load-2"}
