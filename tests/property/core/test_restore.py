"""A restart at any moment goes on with exactly the state that no restart would have had."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.chain import Draft
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body
from bitgrid_core.inputs import Input, to_record
from bitgrid_core.journal import Journal
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.site import SiteConfig, inputs

SITES = st.builds(
    SiteConfig,
    seed=st.integers(0, 2**32),
    blocks=st.integers(0, 30),
    loads=st.integers(1, 3),
    events=st.sampled_from((80, 300, 900)),
)


def append(journal: Journal, item: Input, state: EngineState) -> EngineState:
    """Step once and record it with what it caused."""
    state, events = step(state, item)
    kind, body = to_record(item)
    decisions = [Draft(kind="decision", body=to_body(event)) for event in events]
    journal.append([Draft(kind=kind, body=body), *decisions], 0)
    return state


@settings(max_examples=60, deadline=None)
@given(config=SITES)
def test_state_after_every_append_is_what_a_restart_restores(config: SiteConfig) -> None:
    """Killed behind any append, whatever input: the journal so far gives the stepped state."""
    journal, state = MemoryJournal(), EngineState()
    assert restore(journal) == state
    for item in inputs(config):
        state = append(journal, item, state)
        assert restore(journal) == state


@settings(max_examples=40, deadline=None)
@given(config=SITES, cut=st.floats(0, 1))
def test_life_with_a_restart_is_recorded_like_a_life_without(
    config: SiteConfig, cut: float
) -> None:
    """Going on from the restored state decides byte for byte what going on without a restart does."""
    items = list(inputs(config))
    whole, halves = MemoryJournal(), MemoryJournal()
    state, restarted = EngineState(), EngineState()
    for number, item in enumerate(items):
        if number == int(cut * len(items)):
            restarted = restore(halves)
        state = append(whole, item, state)
        restarted = append(halves, item, restarted)
    assert [r.body_bytes for r in whole.records()] == [r.body_bytes for r in halves.records()]


@settings(max_examples=40, deadline=None)
@given(config=SITES)
def test_journal_of_any_life_replays_without_a_deviation(config: SiteConfig) -> None:
    """What was decided is decided again, whatever happened in between."""
    journal, state = MemoryJournal(), EngineState()
    for item in inputs(config):
        state = append(journal, item, state)
    for whole in (True, False):
        report = replay(journal.records(), whole=whole)
        assert report.deviations == []
        assert report.same


def test_generator_reaches_every_kind_of_input_and_many_codes() -> None:
    """The lives that these properties run over are not all the same quiet day."""
    journal, state = MemoryJournal(), EngineState()
    kinds: set[str] = set()
    for seed in range(8):
        journal, state = MemoryJournal(), EngineState()
        for item in inputs(SiteConfig(seed=seed, blocks=120, loads=3)):
            state = append(journal, item, state)
        kinds |= {
            str(record.body.get("decision_code", record.kind)) for record in journal.records()
        }
    assert kinds >= {"policy", "block", "missed", "lease_end", "autonomy", "override"}
    assert kinds >= {"safety", "confirm", "time_box", "clock_jump", "journal_lost"}
    assert kinds >= {
        "START_R1_SURPLUS_OK",
        "THROTTLE_R1_SURPLUS_THROTTLE",
        "STOP_R2_GRID_IMPORT_EXCEEDED",
        "STOP_R2_SOC_HARD_MIN",
        "STOP_R3_OVERTEMP",
        "STOP_R3_COMM_TIMEOUT",
        "STOP_R3_LOCKOUT",
        "STOP_SYS_LEASE_EXPIRED",
        "STOP_SYS_TIMEOUT_SAFE",
        "STOP_SYS_JOURNAL_LOST",
        "NOOP_SYS_CLOCK_HOLD",
        "START_OVERRIDE",
        "NOOP_MANUAL_MODE",
        "NOOP_R5_DAILY_LIMIT",
    }
    assert len(kinds) == pytest.approx(40, abs=12)
