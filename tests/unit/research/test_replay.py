"""Replaying what was opened: identical, deviating, with holes, and what cannot be replayed."""

from pathlib import Path

import pytest

from bitgrid_core.archive.leaf import Cause
from bitgrid_core.chain import GENESIS, Draft, Record, make_record
from support.decided import decided
from support.forge import Forge, journal
from support.reader import Said, research, speak


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """An archive with keys and a consent and nothing else."""
    forge = Forge(tmp_path / "source")
    forge.keys()
    forge.consent()
    (tmp_path / "key.txt").write_text(f"{forge.reader}\n")
    return forge


def replayed(forge: Forge, *verb_and_more: str) -> Said:
    """Publish, pull, replay with the identity."""
    forge.publish()
    folder = forge.root.parent
    research("pull", forge.root, folder / "w")
    key = folder / "key.txt"
    return research("replay", folder / "w", "--identity", key, "--fingerprint", forge.fingerprint)


def lying(records: list[Record], seq: int, **changes: str) -> list[Record]:
    """The same journal with another decision in it, the chain made anew."""
    told: list[Record] = []
    for record in records:
        body = {**record.body, **changes} if record.seq == seq else record.body
        draft = Draft(kind=record.kind, body=body)
        prev = told[-1].hash if told else GENESIS
        told.append(make_record(draft, record.seq, record.at, prev, bytes(16)))
    return told


def test_honest_decisions_come_out_identical(forge: Forge) -> None:
    """Every decision of two days over several objects is made again byte for byte: exit 0."""
    records = decided(288)
    for start in range(0, len(records), 100):
        forge.slice(records[start : start + 100])
    said = replayed(forge)
    numbers = {name: said.document[name] for name in ("blocks", "decisions", "identical")}
    assert (said.code, said.findings) == (0, [])
    assert numbers == {"blocks": 288, "decisions": 288, "identical": 288}
    assert said.document["deviations"] == []


def test_lying_decision_is_exit_5_with_block_and_field(forge: Forge) -> None:
    """A recorded decision that the rules do not give is found, though every signature holds."""
    records = decided(60)
    stop = next(r for r in records if r.kind == "decision" and r.body["action"] == "START")
    forge.slice(lying(records, stop.seq, action="STOP"))
    said = replayed(forge)
    assert said.code == 5
    assert said.document["identical"] == 59
    first = said.document["deviations"][0]
    assert (first["block_id"], first["field"]) == (stop.body["block_id"], "action")
    assert (first["recorded"], first["replayed"]) == ("STOP", "START")


def test_deviations_are_a_table_for_people(forge: Forge) -> None:
    """A person sees which blocks differ, in what, recorded beside replayed."""
    records = decided(60)
    seq = next(r.seq for r in records if r.kind == "decision" and r.body["action"] == "START")
    forge.slice(lying(records, seq, action="STOP"))
    replayed(forge)
    folder = forge.root.parent
    options = ("--identity", folder / "key.txt", "--fingerprint", forge.fingerprint)
    code, out, _ = speak("replay", folder / "w", *options)
    assert code == 5
    assert "STOP -> START" in out


def test_tampering_wins_over_a_deviation_and_the_rest_is_replayed(forge: Forge) -> None:
    """A bad object is exit 1; what remains is replayed from its recorded memory."""
    records = decided(288)
    bad = ""
    for start in range(0, len(records), 200):
        name = forge.slice(records[start : start + 200])
        bad = name if start == 200 else bad
    forge.publish()
    path = forge.folder / bad
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    said = replayed(forge)
    assert said.code == 1
    assert said.document["decisions"] == said.document["identical"] == 99 + 88
    assert said.document["deviating"] == 0


@pytest.mark.parametrize("cut", [49, 50])
def test_hole_that_was_declared_does_not_stop_a_replay(forge: Forge, cut: int) -> None:
    """Behind a gap it goes on with the policy before; a decision lost in it is no deviation."""
    records = decided(100)
    forge.slice(records[:cut])
    forge.gap(cut + 1, 100, cut, cause=Cause.OVERFLOW)
    forge.slice(records[100:])
    said = replayed(forge)
    assert (said.code, said.document["deviating"]) == (2, 0)
    assert said.document["decisions"] == 24 + 50


def test_slices_without_any_policy_cannot_be_checked(forge: Forge) -> None:
    """An archive that begins after the policy was recorded says so: exit 4, not 5."""
    records = decided(100)
    forge.gap(1, 100, 0, cause=Cause.UNCOVERED)
    forge.slice(records[100:])
    said = replayed(forge)
    assert said.code == 4
    assert "policy" in said.document["findings"][-1]["what"]


def test_journal_of_other_records_replays_to_nothing(forge: Forge) -> None:
    """Records that are neither inputs nor decisions are passed over."""
    forge.slice(journal(5))
    said = replayed(forge)
    assert (said.code, said.document["decisions"]) == (0, 0)


def test_opened_content_is_replayed_without_the_identity(forge: Forge) -> None:
    """What `open` wrote replays alone, is checked again, and a changed line is tampering."""
    forge.slice(decided(20))
    forge.publish()
    folder = forge.root.parent
    workspace, options = folder / "w", ("--fingerprint", forge.fingerprint)
    research("pull", forge.root, workspace)
    assert research("replay", workspace, *options).code == 4, "not opened yet"
    research("open", workspace, "--identity", folder / "key.txt", *options)
    said = research("replay", workspace, *options)
    assert (said.code, said.document["identical"]) == (0, 20)
    (opened,) = (workspace / "opened").rglob("*.jsonl")
    opened.write_bytes(opened.read_bytes().replace(b"NOOP", b"STOP"))
    assert research("replay", workspace, *options).code == 1
    verified = research("verify", workspace, "--identity", folder / "key.txt", *options)
    assert verified.code == 0, "the sealed object itself is untouched"


def test_replay_that_cannot_read_a_decision_is_no_traceback(forge: Forge) -> None:
    """A decision in an unknown format cannot be checked: exit 4."""
    records = decided(3)
    forge.slice(lying(records, 3, v="x"))
    assert replayed(forge).code in {4, 5}
    odd = Forge(forge.root, node="1111111111111111", key=forge.key, reader=forge.reader)
    odd.keys()
    odd.consent()
    odd.slice(journal(3, kind="decision"))
    odd.publish()
    said = replayed(forge)
    assert "error" not in said.document
    assert ("cannot check", "records 1 to 3") in said.findings
