"""One appliance's life as a state machine: whatever happens in whatever order, what must hold holds.

Hypothesis draws the life and shortens one that breaks a promise to the few steps that matter.
"""

from dataclasses import replace
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bitgrid_core.chain import GENESIS, Draft, Head, verify_chain
from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body, to_bytes
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    ClockJumped,
    Confirmed,
    Input,
    JournalLost,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
    SafetyMeasured,
    TimeBoxExceeded,
    to_record,
)
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.model import OFF, Autonomy, DecisionEvent, Effect, Override, Rule, Trigger
from bitgrid_core.policy import Policy, Strategy
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.moments import BLOCK, any_policy, window

LOADS = ("load-1", "load-2")
policies = st.integers(0, 2**16)
loads = st.sampled_from(LOADS)
watts = st.sampled_from((None, 0, 300, 799, 800, 1500, 1674, 1774, 5000, 9000))
imports = st.sampled_from((0, 0, 0, 0, 500, 501, 2000, None))
charges = st.sampled_from((900, 900, 900, 800, 750, 581, 580, 501, 500, 0, None))
temps = st.sampled_from((50_000, 50_000, 74_999, 75_000, 85_000, 85_001, None))
ages = st.sampled_from((1000, 1000, 60_000, 60_001, None))
levels = st.sampled_from(("off", "eco", "standard", "super"))


def two_loads(seed: int) -> Policy:
    """Any policy, for two loads of the same kind."""
    policy = any_policy(Random(seed))
    first = policy.loads[0]
    return replace(policy, loads=tuple(replace(first, id=name) for name in LOADS))


class Life(RuleBasedStateMachine):
    """Engine and journal as the appliance uses them: step, append, go on."""

    def __init__(self) -> None:
        """Begin before the first boot."""
        super().__init__()
        self.journal = MemoryJournal()
        self.state = EngineState()
        self.block = BLOCK
        self.fresh: tuple[DecisionEvent, ...] = ()
        self.ids: set[str] = set()
        self.since: dict[str, int] = {}
        self.levels = dict.fromkeys(LOADS, OFF)

    def happens(self, item: Input) -> None:
        """Step, append and check what was decided; twice gives the same bytes."""
        before = self.state
        self.state, self.fresh = step(before, item)
        again, events = step(before, item)
        assert again == self.state
        assert [to_bytes(event) for event in events] == [to_bytes(event) for event in self.fresh]
        kind, body = to_record(item)
        decisions = [Draft(kind="decision", body=to_body(event)) for event in self.fresh]
        self.journal.append([Draft(kind=kind, body=body), *decisions], 0)
        for event in self.fresh:
            self.judge(event)

    def judge(self, event: DecisionEvent) -> None:
        """What no decision may break."""
        assert event.id not in self.ids
        self.ids.add(event.id)
        assert event.memory.level == self.levels[event.load], "levels follow without a hole"
        after = acted_level(event)
        objection = next((vote.action for vote in event.votes if vote.rule is Rule.R3), None)
        assert objection is None or after == OFF, "R3 wins whatever anyone votes"
        if event.memory.level == OFF != after:
            self.judge_start(event)
        if after != event.memory.level:
            self.judge_change(event)
            self.since[event.load] = event.block_id
        self.levels[event.load] = after

    def judge_start(self, event: DecisionEvent) -> None:
        """No start blind, locked out, or without somebody who may start."""
        seen = event.state
        assert None not in (seen.pv_power_w, seen.house_load_w, seen.grid_import_w)
        assert self.state.policy is not None
        assert seen.battery_soc_permille is not None or not self.state.policy.has_battery
        lockout = event.memory.lockout
        assert lockout is None or event.block_id > lockout.until_block
        by_person = event.decision.rule is Rule.OVERRIDE or event.trigger is Trigger.CONFIRM
        assert by_person or event.autonomy in (Autonomy.SEMI, Autonomy.FULL)

    def judge_change(self, event: DecisionEvent) -> None:
        """R1 leaves a level alone for the dead-band, and a run for its minimum."""
        policy, load = self.state.policy, event.load
        assert policy is not None
        limits, passed = policy.load(load).thresholds, event.block_id - self.since.get(load, 0)
        if event.decision.rule is not Rule.R1 or event.memory.level == OFF:
            return
        lower = acted_level(event) != OFF and policy.strategy is Strategy.SOC_BAND
        assert lower or passed >= min(limits.deadband_hold_blocks, self.remembered(event))
        if acted_level(event) == OFF:
            assert passed >= min(limits.min_runtime_blocks, self.remembered(event))

    def remembered(self, event: DecisionEvent) -> int:
        """Blocks since the newest change, by the event's own memory: all there is to go by."""
        recent = (event.memory.blocks_since_switch, event.memory.blocks_since_level)
        return min((count for count in recent if count is not None), default=2**31)

    @initialize(seed=policies)
    def boot(self, seed: int) -> None:
        """A first policy."""
        self.happens(PolicyChanged(policy=two_loads(seed)))

    @rule(
        pv=watts,
        used=watts,
        bought=imports,
        soc=charges,
        temp=temps,
        age=ages,
        hole=st.integers(0, 3),
    )
    def block_ends(self, **seen: int | None) -> None:
        """A window closes; sometimes after blocks for which nobody decided."""
        hole = seen["hole"] or 0
        if hole == 3:
            self.happens(BlocksMissed(first_block=self.block + 1, last_block=self.block + 2))
            self.block += 2
        self.block += 1
        own = {"load_power_w": 0, "load_temp_c": seen["temp"], "heartbeat": seen["age"]}
        site = {
            "pv_power_w": seen["pv"],
            "house_load_w": seen["used"],
            "grid_import_w": seen["bought"],
            "battery_soc_pct": seen["soc"],
            "battery_charge_w": 0,
        }
        day = 20240601 + (self.block - BLOCK) // 20
        self.happens(BlockClosed(window=window(self.block, site, dict.fromkeys(LOADS, own), day)))
        assert len(self.fresh) == len(LOADS)

    @rule(back=st.integers(0, 3), pv=watts)
    def clock_jumps_back(self, back: int, pv: int | None) -> None:
        """The window of a block that was decided already decides nothing."""
        if self.state.ticked is not None:
            site = {"pv_power_w": pv, "house_load_w": 0, "grid_import_w": 0, "battery_soc_pct": 900}
            self.happens(BlockClosed(window=window(self.state.ticked - back, site)))
            assert self.fresh == ()

    @rule(
        load=st.sampled_from((None, *LOADS)),
        value=st.sampled_from((None, 60_001, 86_000)),
        hot=st.booleans(),
    )
    def something_is_measured(self, load: str | None, value: int | None, hot: bool) -> None:
        """Between two ticks only what stops happens."""
        name = ("load_temp_c" if hot else "heartbeat") if load else "grid_import_w"
        before = dict(self.levels)
        self.happens(
            SafetyMeasured(load=load, signal=name, value=value, at_ms=0, block_id=self.block)
        )
        assert all(self.levels[one] in (OFF, before[one]) for one in LOADS)

    @rule(
        load=loads,
        wish=st.sampled_from((None, "START", "STOP", "LIMIT")),
        level=levels,
        blocks=st.integers(0, 6),
    )
    def person_wishes(self, load: str, wish: str | None, level: str, blocks: int) -> None:
        """A wish, or its end."""
        until = self.block + blocks
        named = None if wish == "STOP" or (wish == "START" and level == OFF) else level
        override = None if wish is None else Override(action=wish, level=named, until_block=until)
        self.happens(OverrideSet(load=load, override=override, block_id=self.block))

    @rule(autonomy=st.sampled_from(Autonomy))
    def person_chooses(self, autonomy: Autonomy) -> None:
        """Nothing is decided before the next block."""
        self.happens(AutonomySet(autonomy=autonomy))
        assert self.fresh == ()

    @precondition(lambda self: self.state.proposals)
    @rule()
    def person_says_yes(self) -> None:
        """The proposal acts, or safety says why not."""
        load, proposal = next(iter(self.state.proposals.items()))
        self.happens(Confirmed(load=load, block_id=proposal.block_id))
        assert load not in self.state.proposals

    @rule(load=loads)
    def lease_ends(self, load: str) -> None:
        """The adapter switched it off; an event exactly if it ran."""
        ran = self.levels[load] != OFF
        self.happens(LeaseEnded(load=load, block_id=self.block))
        assert len(self.fresh) == ran

    @rule(drift_ms=st.sampled_from((-86_400_000, 30_001)))
    def clock_jumps(self, drift_ms: int) -> None:
        """Decides nothing by itself."""
        self.happens(ClockJumped(drift_ms=drift_ms))
        assert self.fresh == ()

    @rule(journal=st.booleans())
    def system_fails(self, journal: bool) -> None:
        """The journal was lost, or a decision took too long: nothing runs any more."""
        lost = JournalLost(block_id=self.block)
        late = TimeBoxExceeded(block_id=self.block, took_ms=5001)
        self.happens(lost if journal else late)
        assert set(self.levels.values()) == {OFF}

    @rule(seed=policies)
    def policy_changes(self, seed: int) -> None:
        """Another policy for the same loads; a level that it lacks becomes *eco*."""
        self.happens(PolicyChanged(policy=two_loads(seed)))
        self.levels = {load: memory.level for load, memory in self.state.memories.items()}

    @rule()
    def restart(self) -> None:
        """Killed behind the append: the journal gives the state."""
        restored = restore(self.journal)
        assert restored == self.state
        self.state = restored

    @invariant()
    def what_is_proposed_or_held_changes_nothing(self) -> None:
        """Memory and levels say the same, proposals are of this block."""
        for load, memory in self.state.memories.items():
            assert memory.level == self.levels[load]
        for event in self.state.proposals.values():
            assert event.decision.effect is Effect.PROPOSED
            assert event.block_id == self.state.block_id

    def teardown(self) -> None:
        """The journal is whole, and replays to the journal."""
        _head, fault = verify_chain(self.journal.records(), Head(seq=0, hash=GENESIS))
        assert fault is None
        report = replay(self.journal.records(), whole=True)
        assert report.deviations == []


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)
