"""Each checker of the simulated edge is fed a trace that breaks its promise, and sees it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bitgrid_core.chain import Draft, Record, make_record
from bitgrid_core.policy import parse_policy, policy_digest, to_document
from support.edge import checkers
from support.edge.checkers import complaints
from support.edge.trace import Heat, Ledger, Moment, Move, Sent

BLOCK = 2_862_000
SEEN = {
    "pv_power_w": 4000,
    "house_load_w": 500,
    "grid_import_w": 0,
    "battery_soc_permille": 800,
    "battery_charge_w": 0,
}
ALL = tuple(one.__name__ for one in (*checkers.EVENT_CHECKERS, *checkers.MOMENT_CHECKERS))


def event(block: int, before: str, after: str, **changes: Any) -> dict[str, Any]:
    """A tick decision that takes load-1 from one level to another."""
    body: dict[str, Any] = {
        "block_id": block,
        "load": "load-1",
        "trigger": "tick",
        "rule": "R1",
        "effect": "acted",
        "level": after,
        "memory": {"level": before},
        "state": dict(SEEN),
    }
    body |= changes
    return {"id": f"{block}/load-1/{body['trigger']}/0", **body}


def said(*bodies: dict[str, Any], **policy: Any) -> tuple[Record, ...]:
    """The records of a policy and of decisions."""
    known = parse_policy({"loads": [{"id": "load-1"}], **policy})
    document: dict[str, Any] = {"policy": to_document(known), "digest": policy_digest(known)}
    drafts = [Draft(kind="policy", body=document)]
    drafts += [Draft(kind="decision", body=body) for body in bodies]
    return tuple(
        make_record(draft, seq, "2024-06-01T00:00:00.000Z", "0" * 64, bytes(16))
        for seq, draft in enumerate(drafts, 1)
    )


def told(moment: Moment, ledger: Ledger | None = None) -> set[str]:
    """Names of the checkers that complain."""
    return {name for name, _text in complaints(moment, ledger or Ledger())}


def started(**changes: Any) -> Moment:
    """A sound moment: a start decided, recorded, commanded and obeyed."""
    decision = event(BLOCK, "off", "eco")
    sent = Sent(load="load-1", level="eco", decision=decision["id"], head_seq=2)
    move = Move(
        load="load-1",
        before="off",
        after="eco",
        command_id=f"{decision['id']}/1/1",
        at_ms=1000,
        lease_s=60,
    )
    sound = Moment(
        now_ms=61_000,
        records=said(decision),
        sent=(sent,),
        moves=(move,),
        levels={"load-1": "eco"},
        heats=(Heat(load="load-1", level="off"),),
    )
    return replace(sound, **changes)


def test_sound_trace_is_accepted() -> None:
    """Nobody complains of a start as it should be."""
    assert told(started()) == set()


@pytest.mark.parametrize("name", [*SEEN])
def test_start_without_a_mandatory_signal_is_seen(name: str) -> None:
    """Whichever of them is missing, where the battery charges first."""
    state = {key: value for key, value in SEEN.items() if key != name}
    records = said(event(BLOCK, "off", "eco", state=state), battery_yields=False)
    assert told(Moment(now_ms=0, records=records)) == {"no_start_without_a_mandatory_signal"}


def test_start_without_telemetry_that_is_always_mandatory_is_seen() -> None:
    """A load that reports while off may not start without a temperature."""
    loads = [{"id": "load-1", "telemetry_when_off": True}]
    records = said(event(BLOCK, "off", "eco"), loads=loads)
    assert told(Moment(now_ms=0, records=records)) == {"no_start_without_a_mandatory_signal"}


@pytest.mark.parametrize(
    "seen", [{"load_temp_mdegc": 85_001}, {"heartbeat_age_ms": 60_001}], ids=["hot", "silent"]
)
@pytest.mark.parametrize(("later", "breaks"), [(1, True), (2, True), (3, False)])
def test_restart_under_lockout_is_seen(seen: dict[str, int], later: int, breaks: bool) -> None:
    """Half an hour from the tick that saw it; the block after is free again."""
    stop = event(BLOCK, "eco", "off", rule="R3", state=SEEN | seen)
    start = event(BLOCK + later, "off", "eco")
    found = told(Moment(now_ms=0, records=said(stop, start, min_pause_blocks=0)))
    assert found == ({"no_restart_under_lockout"} if breaks else set())


@pytest.mark.parametrize(
    ("before", "after", "later"), [("eco", "off", 2), ("off", "eco", 1)], ids=["run", "pause"]
)
def test_switch_by_r1_too_soon_after_a_switch_is_seen(before: str, after: str, later: int) -> None:
    """Minimum run time and minimum pause; another rule may."""
    first = event(BLOCK, after, before, rule="R2")
    soon = event(BLOCK + later, before, after)
    assert told(Moment(now_ms=0, records=said(first, soon))) == {
        "no_switch_by_r1_within_its_counters"
    }
    assert told(Moment(now_ms=0, records=said(first, soon | {"rule": "R2"}))) == set()


def test_stop_by_r1_within_the_deadband_is_seen() -> None:
    """A change of level a block ago holds, also where the run was long."""
    change = event(BLOCK, "standard", "eco")
    stop = event(BLOCK + 1, "eco", "off")
    assert told(Moment(now_ms=0, records=said(change, stop))) == {
        "no_switch_by_r1_within_its_counters"
    }


def test_second_tick_decision_of_a_block_is_seen() -> None:
    """Also where both say the same."""
    records = said(event(BLOCK, "off", "off"), event(BLOCK, "off", "off"))
    assert told(Moment(now_ms=0, records=records)) == {"one_tick_decision_per_block"}


@pytest.mark.parametrize("way", ["unrecorded", "early", "higher"])
def test_command_without_a_record_is_seen(way: str) -> None:
    """No record at all, one that came after the command, or one of another level."""
    sound = started().sent[0]
    wrong = {
        "unrecorded": replace(sound, decision=f"{BLOCK}/load-1/tick/7"),
        "early": replace(sound, head_seq=1),
        "higher": replace(sound, level="super"),
    }[way]
    assert "no_command_without_a_record" in told(started(sent=(wrong,)))


def test_command_by_an_old_record_is_seen() -> None:
    """The load was stopped since: its earlier start is recorded, and no reason to start."""
    start, stop = event(BLOCK, "off", "eco"), event(BLOCK + 5, "eco", "off", rule="R2")
    sent = Sent(load="load-1", level="eco", decision=start["id"], head_seq=3)
    moment = Moment(now_ms=0, records=said(start, stop), sent=(sent,))
    assert told(moment) == {"no_command_against_the_newest_record"}


@pytest.mark.parametrize("command", [f"{BLOCK}/load-1/tick/0/1/1", "nobody/knows/1/1"])
def test_rise_of_an_actuator_without_a_record_is_seen(command: str) -> None:
    """To a level that its decision does not name, or by a decision that nobody recorded."""
    move = replace(started().moves[0], after="super", command_id=command)
    assert told(started(moves=(move,))) == {"no_rise_without_a_record"}


def test_load_that_outlives_its_lease_is_seen() -> None:
    """A millisecond is too long."""
    assert told(started(now_ms=61_001)) == {"no_load_outlives_its_lease"}


def test_load_that_runs_without_any_lease_is_seen() -> None:
    """As after a restart of its adapter."""
    moment = Moment(now_ms=1, levels={"load-1": "eco"})
    assert told(moment) == {"no_load_outlives_its_lease"}


def test_unheard_heat_is_seen() -> None:
    """The core took the measurement and lets the load run on."""
    heats = (Heat(load="load-1", level="eco"),)
    assert told(started(heats=heats)) == {"no_heat_goes_unheard"}


def test_quiet_block_without_a_decision_is_seen() -> None:
    """The block before had one."""
    assert told(started(due=BLOCK + 1)) == {"no_quiet_block_stays_undecided"}
    assert told(started(due=BLOCK)) == set()


def test_every_checker_is_named_here() -> None:
    """A checker that nobody has shown to fail proves nothing."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in ALL if f'"{name}"' not in text] == []
