"""What a load remembers after a decision: counters, starts, lockout, override."""

from dataclasses import replace
from typing import Any

import pytest

from bitgrid_core.arbiter import advance, remember
from bitgrid_core.deciding import Frame, decide
from bitgrid_core.model import (
    OFF,
    Autonomy,
    EnergyState,
    Lockout,
    Memory,
    Override,
    Trigger,
)
from bitgrid_core.policy import Policy, default_policy, parse_policy
from bitgrid_core.rules import situation
from support.moments import decided

SUNNY = EnergyState(
    block_id=1000,
    local_day=20240601,
    pv_power_w=5000,
    house_load_w=3000,
    grid_import_w=0,
    battery_soc_permille=800,
    pv_forecast_w=4000,
    load_temp_mdegc=60_000,
    heartbeat_age_ms=1000,
)
DARK = replace(SUNNY, pv_power_w=3000)
HOT = replace(SUNNY, load_temp_mdegc=85_001)
SILENT = replace(SUNNY, heartbeat_age_ms=60_001)
RUNNING = Memory(level="super", blocks_since_switch=9, blocks_since_level=4)


def after(
    state: EnergyState, memory: Memory, policy: dict[str, Any] | None = None, **rest: Any
) -> Memory:
    """The memory after one decision."""
    site = (
        default_policy() if policy is None else parse_policy(policy | {"loads": [{"id": "load-1"}]})
    )
    return decided(site, state, memory, **rest)[1]


def test_start_resets_both_counters_and_counts_the_start() -> None:
    """A switch is a change of level too."""
    memory = after(SUNNY, Memory(blocks_since_switch=9, blocks_since_level=9))
    assert (memory.level, memory.blocks_since_switch, memory.blocks_since_level) == ("super", 0, 0)
    assert (memory.starts_today, memory.starts_day) == (1, 20240601)


def test_block_after_a_switch_is_the_first() -> None:
    """Counting begins with 1, not with 0."""
    memory = advance(after(SUNNY, Memory()), 1)
    assert (memory.blocks_since_switch, memory.blocks_since_level) == (1, 1)


def test_change_of_level_leaves_run_time_and_starts_alone() -> None:
    """It has its own counter."""
    memory = after(replace(SUNNY, pv_power_w=3900), replace(RUNNING, starts_today=2, starts_day=1))
    assert (memory.level, memory.blocks_since_switch, memory.blocks_since_level) == ("eco", 9, 0)
    assert (memory.starts_today, memory.starts_day) == (2, 1)


def test_start_of_what_runs_at_that_level_changes_no_counter() -> None:
    """START, super, again."""
    assert after(SUNNY, RUNNING) == RUNNING


def test_stop_of_what_is_off_changes_no_counter() -> None:
    """A STOP of R3 on an off load switches nothing."""
    memory = Memory(blocks_since_switch=1, blocks_since_level=1)
    assert after(replace(SUNNY, grid_import_w=None), memory) == memory


def test_first_start_of_a_day_counts_from_one() -> None:
    """Yesterday's starts do not count; today's do."""
    yesterday = Memory(starts_today=7, starts_day=20240531)
    today = Memory(starts_today=7, starts_day=20240601)
    assert after(SUNNY, yesterday).starts_today == 1
    assert after(SUNNY, today).starts_today == 8


def test_lost_blocks_are_counted_in_a_row_and_end_with_surplus_or_stop() -> None:
    """Two of three lost blocks throttle, a good block starts again at none."""
    policy = {"surplus_lost_blocks": 3}
    one = after(DARK, RUNNING, policy)
    two = after(DARK, advance(one, 5), policy)
    assert (one.level, one.blocks_surplus_low) == ("eco", 1)
    assert (two.level, two.blocks_surplus_low) == ("eco", 2)
    assert after(SUNNY, advance(two, 5), policy).blocks_surplus_low == 0
    stopped = after(DARK, advance(two, 5), policy)
    assert (stopped.level, stopped.blocks_surplus_low) == (OFF, 0)


@pytest.mark.parametrize("autonomy", [Autonomy.MANUAL, Autonomy.ASSISTED])
def test_what_did_not_act_changes_no_level(autonomy: Autonomy) -> None:
    """A proposal, or a wish in MANUAL, is not remembered as done."""
    assert after(SUNNY, Memory(), autonomy=autonomy) == Memory()


@pytest.mark.parametrize(
    ("minutes", "last"), [(30, 1002), (10, 1000), (20, 1001), (11, 1001), (1, 1000)]
)
def test_lockout_lasts_its_minutes_from_the_boundary(minutes: int, last: int) -> None:
    """Half an hour is three blocks, this one included; a part of a block counts as one."""
    memory = after(HOT, RUNNING, {"safety_lockout_min": minutes})
    assert memory.lockout == Lockout(cause="OVERTEMP", until_block=last)


def test_lockout_from_within_a_block_has_that_block_on_top() -> None:
    """A stop between boundaries must not shorten the half hour."""
    policy = default_policy()
    now = situation(HOT, RUNNING, policy, policy.loads[0])
    frame = Frame(policy=policy, digest="", autonomy=Autonomy.FULL, trigger=Trigger.SAFETY)
    event, _after = decide(frame, policy.loads[0], HOT, RUNNING)
    assert remember(now, event).lockout == Lockout(cause="OVERTEMP", until_block=1003)


def test_lockout_is_renewed_while_its_cause_lasts() -> None:
    """Also where another reason is shown: heat is, silence is there as well."""
    both = replace(HOT, heartbeat_age_ms=90_000, block_id=1001)
    old = replace(RUNNING, lockout=Lockout(cause="COMM_TIMEOUT", until_block=1002))
    assert after(both, old).lockout == Lockout(cause="OVERTEMP", until_block=1003)


def test_lockout_is_set_for_a_load_that_is_off() -> None:
    """Heat that is measured while off locks as well."""
    assert after(HOT, Memory()).lockout == Lockout(cause="OVERTEMP", until_block=1002)


def test_lockout_ends_in_memory_once_it_is_over() -> None:
    """Passed, and for heat cooled down below the resume temperature."""
    silence = Memory(lockout=Lockout(cause="COMM_TIMEOUT", until_block=999))
    heat = Memory(lockout=Lockout(cause="OVERTEMP", until_block=999))
    cool = replace(SUNNY, load_temp_mdegc=74_999)
    assert after(SUNNY, silence).lockout is None
    assert after(cool, heat).lockout is None
    assert after(replace(cool, load_temp_mdegc=75_000), heat).lockout == heat.lockout
    assert after(replace(cool, load_temp_mdegc=None), heat).lockout == heat.lockout


def test_silence_does_not_excuse_a_hot_load_from_cooling_down() -> None:
    """A lockout for heat stays one when the load falls silent meanwhile."""
    hot = Memory(lockout=Lockout(cause="OVERTEMP", until_block=1001))
    assert after(SILENT, hot).lockout == Lockout(cause="OVERTEMP", until_block=1002)


def test_lockout_that_is_over_does_not_lend_its_cause_to_a_new_one() -> None:
    """Passed and cooled down: a new silence is a silence."""
    over = Memory(lockout=Lockout(cause="OVERTEMP", until_block=999))
    found = after(replace(SILENT, load_temp_mdegc=60_000), over).lockout
    assert found == Lockout(cause="COMM_TIMEOUT", until_block=1002)


def test_shorter_lockout_of_a_new_policy_does_not_shorten_one_that_holds() -> None:
    """Renewal never brings the end nearer."""
    held = Memory(lockout=Lockout(cause="COMM_TIMEOUT", until_block=1005))
    memory = after(SILENT, held, {"safety_lockout_min": 10})
    assert memory.lockout == Lockout(cause="COMM_TIMEOUT", until_block=1005)


def test_override_is_forgotten_after_its_last_block() -> None:
    """Its last block still has it."""
    override = Override(action="STOP", level=None, until_block=1000)
    assert after(SUNNY, Memory(override=override)).override == override
    later = replace(SUNNY, block_id=1001)
    assert after(later, Memory(override=override)).override is None


@pytest.mark.parametrize("state", [HOT, SILENT, replace(SUNNY, battery_soc_permille=500)])
@pytest.mark.parametrize("action", ["START", "STOP", "LIMIT"])
def test_start_by_hand_ends_when_it_becomes_unsafe(state: EnergyState, action: str) -> None:
    """It does not come back by itself; a stop or limit goes on."""
    override = Override(action=action, level=None, until_block=1010)
    memory = after(state, replace(RUNNING, override=override))
    assert memory.level == OFF
    assert memory.override == (None if action == "START" else override)


def test_counters_that_were_never_set_stay_unset() -> None:
    """Null means never, however many blocks pass."""
    assert advance(Memory(), 1000) == Memory()
    assert advance(Memory(blocks_since_switch=1), 2) == Memory(blocks_since_switch=3)


def test_level_is_counted_even_if_no_switch_is_remembered() -> None:
    """A load that ran before anybody counted has changed its level since."""
    memory = Memory(level="eco", blocks_since_switch=None, blocks_since_level=1)
    assert advance(memory, 2) == replace(memory, blocks_since_level=3)


def test_advance_changes_nothing_but_the_counters() -> None:
    """Lockouts and overrides end by block, not by counting."""
    full = Memory(
        level="eco",
        blocks_since_switch=4,
        blocks_since_level=1,
        blocks_surplus_low=2,
        starts_today=3,
        starts_day=20240601,
        lockout=Lockout(cause="OVERTEMP", until_block=5),
        override=Override(action="LIMIT", level="eco", until_block=6),
    )
    later = advance(full, 3)
    assert later == replace(full, blocks_since_switch=7, blocks_since_level=4)
    assert advance(full, 0) == full


def test_every_load_has_its_own_thresholds() -> None:
    """A load's own limit stands above the site's."""
    own: Policy = parse_policy({"max_temp_c": 80, "loads": [{"id": "load-1", "max_temp_c": 90}]})
    assert decided(own, HOT, RUNNING)[0].decision.code == "START_R1_SURPLUS_OK"
