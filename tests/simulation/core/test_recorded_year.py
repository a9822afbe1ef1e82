"""What hung or flapped for ever in a first draft, over a recorded year in the closed loop.

The recorded French home with twice its PV. Each case is named in the decision rules.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from bitgrid_core.context import BlockAggregates
from bitgrid_core.engine import EngineState, step
from bitgrid_core.household import FRENCH_HOME, BatteryConfig, LoadConfig
from bitgrid_core.inputs import BlockClosed, PolicyChanged
from bitgrid_core.model import OFF
from bitgrid_core.policy import parse_policy
from support.core_command import core
from support.years import BLOCKS, Note, lived, per_day, runs, steps

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CHARGES_FIRST = replace(FRENCH_HOME, battery=BatteryConfig(yields=False))
TWO_LOADS = (LoadConfig(), LoadConfig(id="load-2"))
FIXED_CT_PER_MWH = 28_000


@cache
def year() -> list[Note]:
    """The year as `decision-rules` reports it: surplus, one miner, a battery that yields."""
    return lived({})


def test_year_neither_hangs_nor_flaps() -> None:
    """It runs as much and switches as little as the rules promise."""
    switches = [note for note in year() if note.switches]
    assert len(year()) == BLOCKS
    assert sum(note.drawn_wh for note in year()) >= 2_500_000
    assert len(switches) <= 900
    assert max(per_day(switches).values()) <= 8


def test_load_without_telemetry_when_off_returns_all_year() -> None:
    """A switched-off miner reports neither temperature nor heartbeat, and must be able to start."""
    starts = [note for note in year() if note.starts]
    silent = [note for note in starts if not note.telemetry]
    assert len(starts) >= 300
    assert len(silent) >= len(starts) * 9 // 10
    lost = {name for note in year() if note.before == OFF for name in note.lost}
    assert lost  # the record has gaps of the site's own signals
    assert not lost & {"load_temp_c", "heartbeat"}


def test_run_ends_before_its_minimum_only_where_safety_or_autarky_ends_it() -> None:
    """A third of the runs were too short in a first draft."""
    ended = [run[-1] for run in runs(year()) if run[-1].after == OFF]
    short = [note for note in ended if note.since is not None and note.since < 3]
    assert all(note.code.startswith(("STOP_R2", "STOP_R3")) for note in short)
    assert len(short) * 20 <= len(ended)


def test_sleeping_inverter_is_no_missing_one() -> None:
    """At night it reports 0 W: no load is stopped or kept off for want of PV."""
    asleep = [note for note in year() if note.asleep]
    assert len(asleep) > 1000
    assert {note.pv_w for note in asleep} == {0}
    mornings = {note.block // 144 for note in asleep} & {
        note.block // 144 for note in year() if note.starts
    }
    assert len(mornings) > 100


def test_constant_price_above_the_limit_is_warned_of_and_really_lets_nothing_run(
    tmp_path: Path,
) -> None:
    """A fixed tariff is left out: with it as a price no load would run in the whole summer."""
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"dynamic_price": True, "loads": [{"id": "load-1"}]}))
    said = core("policy", "check", file, "--price-ct-kwh", "28")
    assert "no load would ever run" in said.out
    file.write_text(json.dumps({"loads": [{"id": "load-1"}]}))
    assert "Warning" not in core("policy", "check", file).out
    document = {"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]}
    state, _none = step(
        EngineState(), PolicyChanged(policy=parse_policy(document | {"dynamic_price": True}))
    )
    summer = 0
    for window in summer_windows():
        priced = replace(window, prices_ct_per_mwh=(FIXED_CT_PER_MWH,) * 6)
        state, events = step(state, BlockClosed(window=priced))
        assert [event.decision.level for event in events] == [OFF]
        summer += 1
    assert summer > 10_000
    assert any(note.starts for note in year())


@cache
def summer_windows() -> tuple[BlockAggregates, ...]:
    """The windows of about a hundred days from the end of May on, without any price."""
    found = []
    for number, done in enumerate(steps({})):
        if number >= 27_000:
            break
        if number >= 13_000 and isinstance(done.item, BlockClosed):
            assert done.item.window.prices_ct_per_mwh == ()
            found.append(done.item.window)
    return tuple(found)


def test_charge_first_inverter_does_not_switch_thousands_of_times() -> None:
    """What the battery takes first is reserved: no start is undone by its charging."""
    notes = lived({"battery_yields": False}, CHARGES_FIRST)
    switches = [note for note in notes if note.switches]
    assert 200 <= len(switches) <= 900
    assert max(per_day(switches).values()) <= 8
    ended = [run[-1] for run in runs(notes) if run[-1].after == OFF]
    short = [note for note in ended if note.since is not None and note.since < 3]
    assert len(short) * 20 <= len(ended)


def test_lower_load_changes_no_decision_of_a_higher_one() -> None:
    """Neither by the surplus it takes nor by the grid import that it causes (no battery)."""
    loads = [{"id": "load-1", "priority": 1}, {"id": "load-2", "priority": 2}]
    bare = {"has_battery": False}
    alone = steps(bare | {"loads": loads[:1]}, replace(FRENCH_HOME, battery=None))
    both = steps(bare | {"loads": loads}, replace(FRENCH_HOME, battery=None, loads=TWO_LOADS))
    lower_runs = blocks = 0
    for one, two in zip(alone, both, strict=True):
        (mine,), (ours, lower) = one.events, two.events
        assert (ours.decision, ours.votes, ours.memory) == (mine.decision, mine.votes, mine.memory)
        lower_runs += lower.decision.level != OFF
        blocks += 1
    assert blocks == BLOCKS
    assert lower_runs > 1000
