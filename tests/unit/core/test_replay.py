"""Replay: a journal comes out as it went in, and whatever was changed is named once."""

from dataclasses import replace
from typing import Any, cast

import pytest

from bitgrid_core.chain import from_json
from bitgrid_core.codec import encode
from bitgrid_core.deviation import Deviation
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import PolicyChanged
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.journal.sqlite import StoredBody
from bitgrid_core.replay import MAX_LISTED, ReplayReport, replay
from support.replaying import (
    Bodies,
    bodies_of,
    body_at,
    edited,
    only,
    places,
    running,
    without,
)
from support.site import SiteConfig, fill, inputs, policy

QUIET = SiteConfig(seed=4, blocks=40, loads=2, quiet=True)


@pytest.fixture(scope="module")
def quiet() -> Bodies:
    """Forty blocks of two loads, windows only."""
    return bodies_of(QUIET)


@pytest.fixture(scope="module")
def lively() -> Bodies:
    """Eighty blocks of three loads with everything that happens."""
    return bodies_of(SiteConfig(seed=11, blocks=80, loads=3, events=120))


def test_journal_replays_to_itself(lively: Bodies) -> None:
    """Every block and decision is read, every decision comes out identical, switches are counted."""
    report = replay(lively, whole=True)
    assert report.same
    assert report.blocks == len(places(lively, "block"))
    assert report.decisions == report.identical == len(places(lively, "decision"))
    assert report.switches > 10
    assert (report.deviating, report.deviations) == (0, [])


def test_other_records_do_not_matter(quiet: Bodies) -> None:
    """Boot notes, anchors and notes between the records change nothing."""
    noise = StoredBody("anchor", b'{"what":"ever"}')
    mixed = [item for body in quiet for item in (noise, body)]
    assert replay(mixed, whole=True) == replay(quiet, whole=True)


def test_redacted_records_replay_like_full_ones() -> None:
    """Without private parts and salts the same decisions come out."""
    journal = MemoryJournal()
    fill(journal, inputs(SiteConfig(seed=11, blocks=30, loads=3, events=120)))
    full = list(journal.records())
    redacted = [from_json(replace(record, private=None, salt=None).to_json()) for record in full]
    assert all(record.private is None for record in redacted)
    assert replay(redacted, whole=True) == replay(full, whole=True)


def test_empty_journal_replays_to_nothing() -> None:
    """No records: nothing read, nothing wrong."""
    assert replay([], whole=True) == ReplayReport()


CHANGES: dict[str, object] = {
    "action": "STOP",
    "level": "eco",
    "rule": "R4",
    "reason": "PRICE_TOO_HIGH",
    "decision_code": "NOOP_R4_FORECAST_PRICE_SPIKE",
    "effect": "proposed",
    "autonomy": "SEMI",
    "valid_until": "2024-06-01T00:00:00Z",
    "policy": "0" * 64,
    "trigger": "lease",
    "n": 1,
    "id": "1/load-1/tick/0",
    "block_id": 1,
    "load": "load-2",
    "added": 1,
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("load", ["load-1", "load-2"])
def test_changed_field_is_the_only_deviation(quiet: Bodies, name: str, load: str) -> None:
    """Block, load, field and both values are named, and nothing before or behind deviates."""
    at = running(quiet, load)
    before = body_at(quiet, at)
    value = CHANGES[name]
    if value == before.get(name):
        value = {"level": "super", "load": "load-1", "action": "NOOP"}[name]
    report = replay(edited(quiet, at, lambda body: body.update({name: value})), whole=True)
    assert only(report) == Deviation(
        block_id=before["block_id"],
        load=load,
        field=name,
        recorded=cast("Any", value),
        replayed=before.get(name),
    )
    assert report.identical == report.decisions - 1


@pytest.mark.parametrize("rule", ["R1", "R2", "R3", "R4", "R5"])
@pytest.mark.parametrize("field", ["action", "reason", "level", "numbers", "signals"])
def test_changed_vote_is_named_by_its_rule(quiet: Bodies, rule: str, field: str) -> None:
    """A vote's action, reason, level, numbers or signals: one deviation, with both votes."""
    at = running(quiet)
    place = ["R3", "R2", "R4", "R5", "R1"].index(rule)
    value: Any = {"numbers": {"surplus_w": 1}, "signals": ["pv_power_w"]}.get(field, "other")
    value = "STOP" if field == "action" else value
    changed = edited(quiet, at, lambda body: body["votes"][place].update({field: value}))
    found = only(replay(changed, whole=True))
    assert found.field == f"votes.{rule}"
    assert cast("dict[str, Any]", found.recorded)[field] == value
    assert found.replayed == body_at(quiet, at)["votes"][place]


@pytest.mark.parametrize(
    ("part", "edit"),
    [
        ("state", {"pv_power_w": 0}),
        ("state", {"battery_soc_permille": 100}),
        ("state", {"load_temp_mdegc": 99_000}),
        ("state", {"local_day": 1}),
        ("state", {"earlier_loads_w": 5000}),
        ("memory", {"level": "off"}),
        ("memory", {"blocks_since_switch": 0}),
        ("memory", {"blocks_since_switch": 77, "blocks_since_level": 77}),
        ("memory", {"starts_today": 5}),
        ("memory", {"lockout": {"cause": "OVERTEMP", "until_block": 9_999_999}}),
        ("memory", {"override": {"action": "STOP", "level": None, "until_block": 9_999_999}}),
    ],
)
def test_changed_state_or_memory_is_one_deviation_and_does_not_cascade(
    quiet: Bodies, part: str, edit: dict[str, Any]
) -> None:
    """What a load saw or remembered does not follow from what is recorded before: named once."""
    at = running(quiet)
    found = only(replay(edited(quiet, at, lambda body: body[part].update(edit)), whole=True))
    assert (found.field, found.load) == (part, "load-1")
    assert found.replayed == body_at(quiet, at)[part]


def test_first_memory_of_a_whole_journal_is_not_believed(quiet: Bodies) -> None:
    """At a journal's begin nothing is remembered: an invented past is a deviation."""
    at = places(quiet, "decision")[0]
    invented = edited(quiet, at, lambda body: body["memory"].update(starts_today=3, starts_day=1))
    assert only(replay(invented, whole=True)).field == "memory"


def test_missing_decision_is_reported(quiet: Bodies) -> None:
    """A decision that should be there but is not: its id, and nothing else deviates."""
    at = running(quiet)
    found = only(replay(without(quiet, at), whole=True))
    body = body_at(quiet, at)
    assert found == Deviation(
        block_id=body["block_id"],
        load="load-1",
        field="decision",
        recorded=None,
        replayed=body["id"],
    )


def test_missing_last_decision_is_reported(quiet: Bodies) -> None:
    """Also behind the last block something may be missing."""
    found = only(replay(quiet[:-1], whole=True))
    assert (found.field, found.load) == ("decision", "load-2")


def test_all_decisions_missing_are_as_many_deviations(quiet: Bodies) -> None:
    """Nothing decided at all is not the same as nothing to decide."""
    report = replay(without(quiet, *places(quiet, "decision")), whole=True)
    assert report.decisions == 0
    assert report.deviating == len(places(quiet, "decision"))
    assert not report.same


@pytest.mark.parametrize("far", [0, 6])
def test_decision_that_nothing_caused_is_reported(quiet: Bodies, far: int) -> None:
    """A decision recorded twice, or pushed between others: it has no place."""
    at = places(quiet, "decision", "load-2")[10]
    behind = places(quiet, "decision", "load-2")[10 + far] + 1
    found = only(replay([*quiet[:behind], quiet[at], *quiet[behind:]], whole=True))
    assert (found.field, found.recorded, found.replayed) == (
        "decision",
        body_at(quiet, at)["id"],
        None,
    )


def test_missing_window_leaves_its_decisions_without_a_cause(quiet: Bodies) -> None:
    """One deviation for each load of that block, none behind it."""
    at = places(quiet, "block")[20]
    report = replay(without(quiet, at), whole=True)
    block_id = body_at(quiet, at)["block_id"]
    assert [(item.field, item.block_id) for item in report.deviations] == [
        ("decision", block_id)
    ] * 2


def test_changed_window_deviates_in_its_block_alone(quiet: Bodies) -> None:
    """Another measured power: each load's state differs, in that block only."""
    at = places(quiet, "block")[20]
    report = replay(
        edited(quiet, at, lambda body: body["site"]["house_load_w"].__setitem__(0, 9)), whole=True
    )
    block_id = body_at(quiet, at)["block_id"]
    assert [(item.field, item.block_id) for item in report.deviations] == [("state", block_id)] * 2


@pytest.mark.parametrize("kind", ["override", "autonomy", "lease_end"])
def test_missing_input_deviates_once_for_each_load_at_most(lively: Bodies, kind: str) -> None:
    """A person's or adapter's doing that vanished shows where it should have mattered."""
    counts = []
    for at in places(lively, kind):
        report = replay(without(lively, at), whole=True)
        fields = [item.field for item in report.deviations]
        counts.append(len(fields))
        assert len(fields) <= 3, (at, report.deviations)
        assert set(fields) <= {"override": {"memory", "decision"}, "autonomy": {"autonomy"}}.get(
            kind, {"decision", "memory"}
        )
    assert max(counts) > 0


def test_decisions_under_another_autonomy_are_named_by_it(quiet: Bodies) -> None:
    """An autonomy level that no input set: each decision says so once."""
    changed = quiet
    for at in places(quiet, "decision")[30:34]:
        changed = edited(changed, at, lambda body: body.update(autonomy="MANUAL"))
    assert [item.field for item in replay(changed, whole=True).deviations] == ["autonomy"] * 4


def test_decision_in_another_encoding_is_a_deviation(quiet: Bodies) -> None:
    """Equal values in other bytes: the format is part of the promise."""
    at = running(quiet)
    spaced = StoredBody("decision", quiet[at].body_bytes.replace(b":", b": ", 1))
    found = only(replay([*quiet[:at], spaced, *quiet[at + 1 :]], whole=True))
    assert found.field == "encoding"


def test_part_of_a_journal_replays_from_its_recorded_memories(lively: Bodies) -> None:
    """Begun at any block behind the policy in force, everything from there on is identical."""
    for at in places(lively, "block")[1::7]:
        before = [index for index in places(lively, "policy") if index < at]
        part = [lively[before[-1]], *lively[at:]]
        report = replay(part)
        assert report.same, (at, report.deviations)
        assert report.decisions == len(places(part, "decision"))


def test_part_without_a_policy_is_refused(quiet: Bodies) -> None:
    """The policy in force must be there: exit 2 with the remedy."""
    for part in (quiet[1:], quiet[2:]):
        with pytest.raises(BadInput, match="before any policy") as caught:
            replay(part)
        assert "Begin the replay where a policy is recorded" in caught.value.hint


def test_changed_policy_without_its_digest_is_refused(quiet: Bodies) -> None:
    """A recorded policy must have the digest that every decision names."""
    changed = edited(quiet, 0, lambda body: body["policy"]["thresholds"].update(surplus_min_w=1))
    with pytest.raises(BadInput, match="digest"):
        replay(changed, whole=True)


def test_policy_with_its_own_digest_that_nobody_decided_with_is_named(quiet: Bodies) -> None:
    """A policy exchanged together with its digest: every decision names the other one."""
    other = MemoryJournal()
    fill(other, [PolicyChanged(policy=policy(2, {"version": 7}))])
    body = next(other.records()).body
    swapped = [StoredBody("policy", encode(body)), *quiet[1:]]
    report = replay(swapped, whole=True)
    assert {item.field for item in report.deviations} == {"policy"}
    assert report.deviating == report.decisions


def test_unknown_event_format_is_refused(quiet: Bodies) -> None:
    """A decision of a newer program cannot be judged by this one."""
    changed = edited(quiet, running(quiet), lambda body: body.update(v=2))
    with pytest.raises(BadInput, match="format 2"):
        replay(changed, whole=True)


def test_report_lists_a_thousand_deviations_and_counts_all() -> None:
    """A journal that is all wrong neither fills the memory nor hides its size."""
    bodies = bodies_of(replace(QUIET, blocks=600))
    policy_of_nobody = policy(2, {"soc_soft_min_pct": 100})
    report = replay(bodies, policy_of_nobody)
    assert report.deviating > MAX_LISTED
    assert len(report.deviations) == MAX_LISTED


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{", b"[]", b"null", b"7", b'{"v":1}', b"\xff", b'{"v":1,"votes":[]}'],
)
@pytest.mark.parametrize("kind", ["decision", "block", "policy", "override", "missed"])
def test_garbage_is_bad_input_and_no_traceback(quiet: Bodies, kind: str, garbage: bytes) -> None:
    """Whatever stands in a record: one sentence and the remedy."""
    with pytest.raises(BadInput) as caught:
        replay([*quiet[:40], StoredBody(kind, garbage), *quiet[40:]], whole=True)
    assert caught.value.hint
