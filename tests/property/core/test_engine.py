"""What the state machine must keep over any sequence of inputs."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_bytes
from bitgrid_core.inputs import BlockClosed, Input, PolicyChanged
from bitgrid_core.model import OFF, DecisionEvent, Rule, Trigger
from bitgrid_core.policy import Policy, Strategy
from support.moments import BLOCK, any_policy, window
from support.walks import CALM, walk

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)


def run(items: list[Input]) -> tuple[EngineState, list[DecisionEvent]]:
    """All decisions of these inputs."""
    state, events = EngineState(), list[DecisionEvent]()
    for item in items:
        state, found = step(state, item)
        events += found
    return state, events


@QUICK
@given(seeds)
def test_same_inputs_give_equal_bytes_and_states(seed: int) -> None:
    """Stepping twice is the same, byte for byte; nothing is carried on the side."""
    first, events = run(walk(seed, 30))
    again, others = run(walk(seed, 30))
    assert [to_bytes(event) for event in events] == [to_bytes(event) for event in others]
    assert first == again


@QUICK
@given(seeds)
def test_step_leaves_the_state_it_was_given_alone(seed: int) -> None:
    """The old state can be stepped again and gives the same."""
    items = walk(seed, 20)
    state, _events = run(items[:-5])
    first = run_from(state, items[-5:])
    assert run_from(state, items[-5:]) == first


def run_from(state: EngineState, items: list[Input]) -> list[bytes]:
    """Bytes of the decisions from a state on."""
    found: list[bytes] = []
    for item in items:
        state, events = step(state, item)
        found += [to_bytes(event) for event in events]
    return found


@QUICK
@given(seeds)
def test_block_is_ticked_once_and_every_event_has_its_own_id(seed: int) -> None:
    """Inputs that come again or late decide nothing a second time."""
    chance = Random(seed)
    items = walk(seed, 30)
    for _ in range(15):
        items.insert(chance.randint(1, len(items)), chance.choice(items[1:]))
    _state, events = run(items)
    ids = [event.id for event in events]
    assert len(ids) == len(set(ids))
    blocks = [event.block_id for event in events]
    assert blocks == sorted(blocks)


@QUICK
@given(seeds)
def test_recorded_memory_is_what_the_decision_before_left_behind(seed: int) -> None:
    """Levels follow each other without a hole; the block after a switch is n = 1."""
    _state, events = run(walk(seed, 40))
    level, switched_at = OFF, None
    for event in events:
        assert event.memory.level == level
        if switched_at is not None:
            assert event.memory.blocks_since_switch == event.block_id - switched_at
        level = acted_level(event)
        if event.switches:
            switched_at = event.block_id


@QUICK
@given(seeds)
def test_r1_changes_the_level_at_most_once_per_dead_band(seed: int) -> None:
    """Whatever R1 changes was left alone for the dead-band before; a band may lower it at once."""
    items = walk(seed, 60)
    _state, events = run(items)
    policy = policy_of(items)
    limits = policy.loads[0].thresholds
    changed_at = None
    for event in events:
        changed = acted_level(event) != event.memory.level
        lower = policy.strategy is Strategy.SOC_BAND and OFF not in (
            event.memory.level,
            acted_level(event),
        )
        powers_w = policy.loads[0].powers_w
        lower = lower and powers_w[acted_level(event)] < powers_w[event.memory.level]
        by_r1 = changed and event.decision.rule is Rule.R1 and not lower
        if by_r1 and changed_at is not None:
            rest = event.block_id - changed_at
            running = event.memory.level != OFF
            needed = limits.deadband_hold_blocks if running else limits.min_pause_blocks
            assert rest >= needed
        if changed:
            changed_at = event.block_id


@QUICK
@given(seeds)
def test_r1_never_stops_before_the_minimum_run_time(seed: int) -> None:
    """A run that nobody else ends lasts at least its minimum."""
    items = walk(seed, 60)
    _state, events = run(items)
    least = policy_of(items).loads[0].thresholds.min_runtime_blocks
    for event in events:
        since = event.memory.blocks_since_switch
        if event.decision.code.startswith("STOP_R1") and since is not None:
            assert since >= least


def policy_of(items: list[Input]) -> Policy:
    """The policy with which a walk begins."""
    assert isinstance(items[0], PolicyChanged)
    return items[0].policy


def two_loads(seed: int) -> tuple[Policy, Policy]:
    """A site without battery with one load, and the same with a lower one as well."""
    chance = Random(seed)
    one = replace(any_policy(chance), has_battery=False)
    lower = replace(any_policy(chance).loads[0], id="load-2", priority=2)
    return one, replace(one, loads=(*one.loads, lower))


@QUICK
@given(seeds, st.booleans())
def test_lower_load_changes_no_decision_of_a_higher_one(seed: int, included: bool) -> None:
    """Neither by its power on the grid (R2) nor on the house's meter (R1) nor by its counters."""
    one, both = (replace(policy, house_meter_includes_loads=included) for policy in two_loads(seed))
    alone, _ = step(EngineState(), PolicyChanged(policy=one))
    pair, _ = step(EngineState(), PolicyChanged(policy=both))
    chance = Random(seed)
    sun_w = 1500
    for block in range(BLOCK, BLOCK + 40):
        sun_w = max(0, sun_w + chance.randint(-1500, 1500))
        alone, mine = step(alone, metered(block, sun_w, alone, one))
        pair, ours = step(pair, metered(block, sun_w, pair, both))
        assert [event.decision for event in ours[:1]] == [event.decision for event in mine]
        assert [event.votes for event in ours[:1]] == [event.votes for event in mine]


def metered(block: int, sun_w: int, state: EngineState, policy: Policy) -> BlockClosed:
    """A window in which the loads drew what their levels say, and the grid balances it."""
    drawn_w = {load.id: load.powers_w[state.memories[load.id].level] for load in policy.loads}
    house_w = 300
    net_w = house_w + sum(drawn_w.values()) - sun_w
    site: dict[str, int | None] = {
        "pv_power_w": sun_w,
        "house_load_w": house_w
        + (sum(drawn_w.values()) if policy.house_meter_includes_loads else 0),
        "grid_import_w": max(0, net_w),
        "grid_export_w": max(0, -net_w),
    }
    loads: dict[str, dict[str, int | None]] = {
        load: {**CALM, "load_power_w": power_w} for load, power_w in drawn_w.items()
    }
    return BlockClosed(window=window(block, site, loads))


@QUICK
@given(seeds)
def test_later_load_sees_the_surplus_that_earlier_ones_left(seed: int) -> None:
    """Together the loads that R1 starts never want more than there is."""
    _one, both = two_loads(seed)
    state, _ = step(EngineState(), PolicyChanged(policy=both))
    chance = Random(seed)
    for block in range(BLOCK, BLOCK + 20):
        state, events = step(state, metered(block, chance.randint(0, 6000), state, both))
        assert events[0].state.earlier_loads_w == 0
        first = both.loads[0].powers_w[acted_level(events[0])]
        assert events[1].state.earlier_loads_w == first
        assert events[0].trigger is events[1].trigger is Trigger.TICK
