"""What the rules must keep for any state, memory and policy."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.arbiter import advance
from bitgrid_core.model import OFF, Action, DecisionEvent, Effect, Rule
from bitgrid_core.policy import Strategy
from bitgrid_core.rules.r2_autarky import RESERVES
from bitgrid_core.signals import HEARTBEAT_AGE, LOAD_TEMP, Quality
from support.moments import (
    AGES,
    SOCS,
    TEMPS,
    Moment,
    decided,
    decision_at,
    moment,
    with_values,
)

QUICK = settings(max_examples=200, deadline=None, derandomize=True)
moments = st.integers(0, 2**32).map(moment)
MANDATORY = ("pv_power_w", "house_load_w", "grid_import_w")


def runs_after(event: DecisionEvent) -> bool:
    """Whether the load is on after the decision, or would be if a person says yes."""
    held = event.decision.effect is Effect.HELD_BY_AUTONOMY
    return (event.memory.level if held else event.decision.level) != OFF


def switches_on(event: DecisionEvent) -> bool:
    """Whether a load that was off starts, or is proposed to."""
    return event.memory.level == OFF and runs_after(event)


@QUICK
@given(moments)
def test_safety_wins_whatever_anyone_votes(now: Moment) -> None:
    """A STOP of R3 is the decision at every autonomy level and under every override."""
    event, after = decision_at(now)
    if event.votes[0].action is not None:
        assert event.decision.rule is Rule.R3
        assert event.decision.action is Action.STOP
        assert event.decision.effect is Effect.ACTED
        assert after.level == OFF


@QUICK
@given(moments)
def test_reserve_wins_over_all_but_safety(now: Moment) -> None:
    """At the reserve no load runs, whoever asked for it."""
    event, after = decision_at(now)
    if event.votes[0].action is None and event.votes[1].reason in RESERVES:
        assert event.decision.rule is Rule.R2
        assert event.decision.effect is Effect.ACTED
        assert after.level == OFF


@QUICK
@given(moments)
def test_first_opinion_in_order_of_precedence_decides(now: Moment) -> None:
    """Without override and with full autonomy the first vote with an opinion is the decision."""
    policy, state, memory = now.policy, now.state, now.memory
    event, _after = decided(policy, state, replace(memory, override=None))
    assert [vote.rule for vote in event.votes] == [Rule.R3, Rule.R2, Rule.R4, Rule.R5, Rule.R1]
    first = next((vote for vote in event.votes if vote.action is not None), event.votes[-1])
    assert event.decision.rule is first.rule
    assert event.decision.reason == first.reason
    assert event.decision.action is (first.action or Action.NOOP)


@QUICK
@given(moments, st.sampled_from((*MANDATORY, "battery_soc_permille")))
def test_nothing_starts_or_runs_with_a_mandatory_signal_missing(now: Moment, name: str) -> None:
    """One lost site signal stops all loads, off or on, at every autonomy level."""
    policy, state, memory, autonomy = now.policy, now.state, now.memory, now.autonomy
    lost = with_values(state, {name: None})
    event, after = decided(policy, lost, memory, autonomy)
    if name != "battery_soc_permille" or policy.has_battery:
        assert event.decision.action is Action.STOP
        assert after.level == OFF


@QUICK
@given(moments, st.sampled_from(("load_temp_mdegc", "heartbeat_age_ms")))
def test_running_load_stops_once_its_own_telemetry_is_lost(now: Moment, name: str) -> None:
    """From its grace on a running load has to report; a load that always must, always."""
    policy, state, memory, autonomy = now.policy, now.state, now.memory, now.autonomy
    event, after = decided(policy, with_values(state, {name: None}), memory, autonomy)
    if policy.loads[0].telemetry_mandatory(memory):
        assert event.decision.action is Action.STOP
        assert after.level == OFF


@QUICK
@given(moments)
def test_suspect_temperature_never_lets_a_load_start_or_run(now: Moment) -> None:
    """Nonsense is no silence: off or on, in its grace or not, at every autonomy level."""
    nonsense = {"load_temp_mdegc": None, "quality": (("load_temp_c", Quality.SUSPECT),)}
    state = with_values(now.state, nonsense)
    event, after = decided(now.policy, state, now.memory, now.autonomy)
    assert event.decision.action is Action.STOP
    assert event.decision.rule is Rule.R3
    assert after.level == OFF


@QUICK
@given(moments, st.sampled_from(TEMPS), st.sampled_from(AGES), st.sampled_from(SOCS))
def test_hotter_staler_or_emptier_never_turns_stop_into_start(
    now: Moment, hotter: int, staler: int, emptier: int
) -> None:
    """A load that would not start does not start for a worse value of a mandatory signal."""
    policy, state, memory, autonomy = now.policy, now.state, now.memory, now.autonomy
    before, _after = decided(policy, state, memory, autonomy)
    worse = (
        ("load_temp_mdegc", max, hotter),
        ("heartbeat_age_ms", max, staler),
        ("battery_soc_permille", min, emptier),
    )
    for name, pick, value in worse:
        known = getattr(state, name)
        if known is None:
            continue
        changed = with_values(state, {name: pick(known, value)})
        after, _memory = decided(policy, changed, memory, autonomy)
        assert runs_after(before) or not runs_after(after)


@QUICK
@given(moments, st.integers(1, 8))
def test_worse_values_never_let_a_locked_load_return_sooner(now: Moment, blocks: int) -> None:
    """Being hot or silent during a lockout does not shorten it."""
    policy, state, memory = now.policy, now.state, now.memory
    calm = replace(state, load_temp_mdegc=80_000, heartbeat_age_ms=0)
    loud = replace(calm, heartbeat_age_ms=HEARTBEAT_AGE.high)
    hot = replace(calm, load_temp_mdegc=LOAD_TEMP.high)
    for bad in (loud, hot):
        well, ill = memory, memory
        for ahead in range(blocks):
            first, well = decided(policy, replace(calm, block_id=state.block_id + ahead), well)
            shown = bad if ahead == 0 else calm
            second, ill = decided(policy, replace(shown, block_id=state.block_id + ahead), ill)
            well, ill = advance(well, 1), advance(ill, 1)
            if first.votes[0].reason == "LOCKOUT":
                assert second.decision.rule is Rule.R3


@QUICK
@given(moments)
def test_vote_names_a_level_exactly_if_it_leads_to_one(now: Moment) -> None:
    """STOP leads to off, THROTTLE to eco, START to a level, NOOP and silence nowhere."""
    load = now.policy.loads[0]
    event, _after = decision_at(now)
    for vote in event.votes:
        match vote.action:
            case Action.STOP:
                assert vote.level == OFF
            case Action.THROTTLE:
                assert vote.level == load.eco.name
            case Action.START:
                assert vote.level in {level.name for level in load.levels}
            case _:
                assert vote.level is None


@QUICK
@given(moments)
def test_level_of_a_start_by_r1_is_carried_by_the_surplus(now: Moment) -> None:
    """Never more watts than the surplus has; a rise needs the margin on top."""
    load = now.policy.loads[0]
    event, _after = decision_at(now)
    vote = event.votes[4]
    if now.policy.strategy is Strategy.SOC_BAND:
        return
    if vote.action is Action.START and vote.level is not None:
        surplus_w = dict(vote.numbers)["surplus_w"]
        power_w = load.powers_w[vote.level]
        assert power_w <= surplus_w
        if now.memory.level != OFF and power_w > load.powers_w[now.memory.level]:
            assert power_w + load.thresholds.step_up_margin_w <= surplus_w


banded = moments.filter(lambda now: now.policy.strategy is Strategy.SOC_BAND)


@QUICK
@given(banded)
def test_band_of_the_battery_bounds_the_level_that_r1_wants(now: Moment) -> None:
    """Never above what the charge allows, even for a load that was higher."""
    limits, levels = now.policy.loads[0].thresholds, now.policy.loads[0].levels
    event, _after = decision_at(now)
    wanted, soc = event.votes[4].level, now.state.battery_soc_permille
    if wanted in (None, OFF) or soc is None:
        return
    place = [level.name for level in levels].index(wanted)
    assert soc >= limits.soc_eco_start_permille
    if place >= 1:
        assert soc >= limits.soc_standard_stop_permille
    if place >= 2:
        assert soc >= limits.soc_super_stop_permille
    if now.memory.level == OFF:
        bounds = (limits.soc_eco_start_permille, limits.soc_standard_permille)
        assert soc >= (*bounds, limits.soc_super_permille)[place]


@QUICK
@given(banded)
def test_level_of_a_band_goes_down_at_once(now: Moment) -> None:
    """The dead-band holds no lower running level: the battery does not wait."""
    powers_w = now.policy.loads[0].powers_w
    event, _after = decision_at(now)
    stability, wanted = event.votes[3], event.votes[4].level
    if wanted in (None, OFF) or powers_w[wanted] >= powers_w[now.memory.level]:
        return
    assert stability.action is None


@QUICK
@given(banded)
def test_fuller_battery_never_lowers_the_level_that_r1_wants(now: Moment) -> None:
    """From *eco* on more charge is more power, at every memory."""
    if now.state.battery_soc_permille is None:
        return
    powers_w = now.policy.loads[0].powers_w
    wanted_w = 0
    for soc in range(now.policy.loads[0].thresholds.soc_eco_start_permille, 1001, 5):
        state = with_values(now.state, {"battery_soc_permille": soc})
        event, _after = decided(now.policy, state, now.memory, now.autonomy)
        power_w = powers_w[event.votes[4].level or OFF]
        assert power_w >= wanted_w
        wanted_w = power_w


@QUICK
@given(moments)
def test_r5_speaks_only_when_it_holds_something_back(now: Moment) -> None:
    """On a running load R5 has an opinion only if R1 wants another level."""
    event, _after = decision_at(now)
    stability, surplus = event.votes[3], event.votes[4]
    if event.memory.level != OFF and stability.action is not None:
        assert stability.action is Action.NOOP
        assert surplus.level not in (None, event.memory.level)


@QUICK
@given(moments)
def test_missing_optional_signal_is_named_by_the_rule_that_needs_it(now: Moment) -> None:
    """A rule that has no opinion for want of a signal says which."""
    event, _after = decision_at(now)
    for vote in event.votes:
        wanting = vote.reason in ("SIGNAL_MISSING", "MISSING_TELEMETRY")
        assert bool(vote.signals) == wanting


@QUICK
@given(moments)
def test_only_what_acted_changes_level_and_counters(now: Moment) -> None:
    """A proposal or a held decision leaves level and counters alone."""
    event, after = decision_at(now)
    before = event.memory
    changed = event.decision.effect is Effect.ACTED and event.decision.level != before.level
    assert after.level == (event.decision.level if changed else before.level)
    assert after.blocks_since_level == (0 if changed else before.blocks_since_level)
    switched = changed and OFF in (event.decision.level, before.level)
    assert after.blocks_since_switch == (0 if switched else before.blocks_since_switch)
    assert event.switches == switched
