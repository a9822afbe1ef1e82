"""Every kind of tampering with a journal is found, and the first bad record is named."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bitgrid_core.chain import Draft
from bitgrid_core.journal.sqlite import SqliteJournal
from support.core_command import core, signer
from support.site import SiteConfig, fill, inputs
from support.tampering import (
    anchor_line,
    change,
    change_body,
    head_at,
    rewrite,
    stored,
    tamper,
)

AT_MS = 1_717_236_600_000
ALL_BUT_SEQ = "at, kind, body, private, salt, private_commit, prev, hash, block, event"
SIGN = signer()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of a small site with two anchors and two overrides at its end, closed."""
    path = tmp_path_factory.mktemp("original") / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        fill(journal, inputs(SiteConfig(seed=3, blocks=12)))
        anchors = [anchor_line(journal.head(), AT_MS, SIGN)]
        fill(journal, [])
        journal.append([Draft(kind="note", body={}, private={"name": "Ada"})] * 2, AT_MS)
        anchors.append(anchor_line(journal.head(), AT_MS + 1, SIGN))
        journal.append([Draft(kind="note", body={"block_id": 7})] * 3, AT_MS)
    path.with_name("anchors.jsonl").write_bytes(b"".join(anchors))
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    """A copy that may be tampered with."""
    folder = tmp_path / "journal"
    shutil.copytree(original.parent, folder)
    return folder / original.name


def last(path: Path) -> int:
    """Number of the last record."""
    return int(core("journal", "verify", path, "--json").document["records"])


def fault(path: Path, *more: object) -> tuple[int, str]:
    """The first bad record and why; the exit code must be 1."""
    said = core("journal", "verify", path, "--json", *more)
    assert said.code == 1, said
    found = said.document["fault"]
    assert said.document["sound"] is False
    return found["seq"], found["reason"]


def test_untouched_journal_is_sound(path: Path) -> None:
    """Exit 0; head, records and what lies after the last anchor are told."""
    said = core("journal", "verify", path, "--json")
    assert said.code == 0
    document = said.document
    assert document["head"] == stored(path, document["records"], "hash")
    assert (document["sound"], document["anchors"], document["fault"]) == (True, 2, None)
    assert document["after_last_anchor"] == 3


def test_sound_journal_is_told_in_one_sentence(path: Path) -> None:
    """For people: sound, how many records and anchors, how many records no anchor covers."""
    said = core("journal", "verify", path)
    assert said.code == 0
    assert said.out.startswith(f"Sound: {last(path)} records, head ")
    assert said.out.endswith("2 anchors; 3 records lie after the last anchor.\n")


def rehash_alone(path: Path) -> None:
    """Change record 5 together with its own hash, but not the ones behind it."""
    behind = [(seq, name) for seq in (6, 7) for name in ("prev", "hash")]
    values = [stored(path, *column) for column in behind]
    change_body(path, 5, lambda body: body.update(block_id=1))
    change(path, 5, "block", 1)
    rewrite(path, 5)
    for (seq, name), value in zip(behind, values, strict=True):
        change(path, seq, name, value)


CHANGES: dict[str, Callable[[Path], object]] = {
    "body": lambda path: change_body(path, 5, lambda body: body.update(block_id=1)),
    "body that is not canonical": lambda path: change(
        path, 5, "body", json.dumps(json.loads(stored(path, 5, "body")), indent=1).encode()
    ),
    "body with a float": lambda path: change(path, 5, "body", b'{"block_id":1.0}'),
    "body with a key twice": lambda path: change(path, 5, "body", b'{"a":1,"a":1}'),
    "body that is no JSON": lambda path: change(path, 5, "body", b"\xff{"),
    "body that is no object": lambda path: change(path, 5, "body", b"[]"),
    "body without end": lambda path: change(path, 5, "body", b"[" * 100_000),
    "empty body": lambda path: change(path, 5, "body", b""),
    "private part": lambda path: change(path, 5, "private", b'{"name":"Eve"}'),
    "private part that is not canonical": lambda path: change(path, 5, "private", b"{ }"),
    "salt": lambda path: change(path, 5, "salt", bytes(16)),
    "shorter salt": lambda path: change(path, 5, "salt", stored(path, 5, "salt")[:-1]),
    "empty salt": lambda path: change(path, 5, "salt", b""),
    "time": lambda path: change(path, 5, "at", "2024-06-01T00:00:00.001Z"),
    "time that is no text": lambda path: change(path, 5, "at", "x\0"),
    "kind": lambda path: change(path, 5, "kind", "note"),
    "commitment": lambda path: change(path, 5, "private_commit", "0" * 64),
    "hash": lambda path: change(path, 5, "hash", "0" * 64),
    "hash in capitals": lambda path: change(path, 5, "hash", stored(path, 5, "hash").upper()),
    "prev": lambda path: change(path, 5, "prev", "0" * 64),
    "block column": lambda path: change(path, 5, "block", 9),
    "event column": lambda path: change(path, 5, "event", "9/load-1/tick/0"),
    "own hash alone": rehash_alone,
    "invalid UTF-8": lambda path: tamper(
        path, "UPDATE record SET kind = CAST(x'ff' AS TEXT) WHERE seq = 5"
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_record_is_named(path: Path, name: str) -> None:
    """Whatever is changed in record 5, the first bad record is 5 (or 6, if only its hash fits)."""
    CHANGES[name](path)
    seq, reason = fault(path)
    assert seq == (6 if name == "own hash alone" else 5)
    assert str(seq) in reason


def test_changed_record_is_told_in_one_sentence(path: Path) -> None:
    """For people: where it breaks, and up to where everything is sound."""
    change(path, 5, "kind", "note")
    said = core("journal", "verify", path)
    assert said.code == 1
    assert said.out == "Broken at record 5: record 5 was changed. Records 1 to 4 are sound.\n"


@pytest.mark.parametrize("seq", [1, 2, 7])
def test_deleted_record_is_missing(path: Path, seq: int) -> None:
    """A hole in the numbers names the record that is gone."""
    tamper(path, f"DELETE FROM record WHERE seq = {seq}")
    assert fault(path) == (seq, f"record {seq} is missing")


def test_deleted_record_is_missed_after_renumbering(path: Path) -> None:
    """Closing the hole by renumbering shows at the first record that moved."""
    tamper(
        path,
        "DELETE FROM record WHERE seq = 6",
        "UPDATE record SET seq = -seq WHERE seq > 6",
        "UPDATE record SET seq = -seq - 1 WHERE seq < 0",
    )
    assert fault(path)[0] == 6


def test_swapped_records_are_out_of_order(path: Path) -> None:
    """Two records that changed places show at the first of them."""
    tamper(
        path,
        "UPDATE record SET seq = -1 WHERE seq = 6",
        "UPDATE record SET seq = 6 WHERE seq = 7",
        "UPDATE record SET seq = 7 WHERE seq = -1",
    )
    assert fault(path)[0] == 6


@pytest.mark.parametrize("seq", [0, -4])
def test_record_before_the_first_is_out_of_order(path: Path, seq: int) -> None:
    """Numbers begin at 1."""
    tamper(path, f"INSERT INTO record SELECT {seq}, {ALL_BUT_SEQ} FROM record WHERE seq = 1")
    assert fault(path)[0] == seq


def test_inserted_record_is_named(path: Path) -> None:
    """A record pushed between two others shows at its place."""
    tamper(
        path,
        "UPDATE record SET seq = -seq WHERE seq > 5",
        "UPDATE record SET seq = 1 - seq WHERE seq < 0",
        f"INSERT INTO record SELECT 6, {ALL_BUT_SEQ} FROM record WHERE seq = 1",
    )
    assert fault(path)[0] == 6


@pytest.mark.parametrize("first", [1, 5, -4])
def test_rewritten_chain_is_found_against_the_anchor(path: Path, first: int) -> None:
    """All hashes recomputed from a record on: the next anchor saw another one."""
    first = first if first > 0 else last(path) + first
    change_body(path, first, lambda body: body.update(forged=1))
    rewrite(path, first)
    anchors = [json.loads(line) for line in _anchors(path).read_bytes().splitlines()]
    anchored = [anchor["anchor"]["seq"] for anchor in anchors]
    seq, reason = fault(path)
    assert seq == next(number for number in anchored if number >= first)
    assert "rewritten" in reason


def test_rewritten_chain_without_an_anchor_is_a_chain_that_nobody_vouches_for(path: Path) -> None:
    """Without anchors a complete rewrite cannot be seen; the count of uncovered records says so."""
    change_body(path, 5, lambda body: body.update(forged=1))
    rewrite(path, 5)
    _anchors(path).unlink()
    said = core("journal", "verify", path, "--json")
    assert (said.code, said.document["anchors"]) == (0, 0)
    assert said.document["after_last_anchor"] == said.document["records"]


def test_cut_tail_is_found_against_the_last_anchor(path: Path) -> None:
    """Records before the last anchor are gone: the first missing and the last are named."""
    end = last(path)
    tamper(path, f"DELETE FROM record WHERE seq > {end - 5}")
    said = core("journal", "verify", path, "--json")
    assert said.code == 1
    assert said.document["fault"] == {
        "seq": end - 4,
        "reason": f"records {end - 4} to {end - 3} are missing: the tail was cut",
    }


def test_tail_cut_behind_the_last_anchor_cannot_be_seen_and_is_not_covered(path: Path) -> None:
    """Exactly what no anchor covers can vanish unseen: the report counts it before."""
    end = last(path)
    tamper(path, f"DELETE FROM record WHERE seq > {end - 3}")
    said = core("journal", "verify", path, "--json")
    assert (said.code, said.document["after_last_anchor"]) == (0, 0)


def test_emptied_journal_is_a_cut_tail(path: Path) -> None:
    """Nothing left although anchors saw records: missing from record 1 on."""
    tamper(path, "DELETE FROM record")
    assert fault(path)[0] == 1


def test_forged_signature_is_named(path: Path) -> None:
    """An anchor whose signature is not that of its bytes proves nothing and is a fault."""
    lines = _anchors(path).read_bytes().splitlines(keepends=True)
    document = json.loads(lines[1])
    first = document["signature"][0]  # its last byte is 00 in one of sixteen
    document["signature"] = f"{int(first, 16) ^ 1:x}" + document["signature"][1:]
    lines[1] = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    _anchors(path).write_bytes(b"".join(lines))
    seq, reason = fault(path)
    assert seq == last(path) - 3
    assert reason == "the anchor of 2024-06-01T10:10:00.001Z has a false signature"


def test_anchor_moved_to_another_head_is_a_forgery(path: Path) -> None:
    """A signature covers number, hash and time: none can be edited to fit a rewritten chain."""
    honest = _anchors(path).read_bytes()
    change_body(path, 5, lambda body: body.update(forged=1))
    rewrite(path, 5)
    lines = []
    for line in honest.splitlines():
        document = json.loads(line)
        document["anchor"]["hash"] = stored(path, document["anchor"]["seq"], "hash")
        lines.append(json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    _anchors(path).write_bytes(b"".join(lines))
    assert "false signature" in fault(path)[1]


@pytest.mark.parametrize("beside", [True, False])
def test_anchors_of_another_key_are_refused(path: Path, beside: bool) -> None:
    """A rewritten chain under a forger's own anchors: core's public key tells."""
    change_body(path, 5, lambda body: body.update(forged=1))
    rewrite(path, 5)
    end = last_row(path)
    _anchors(path).write_bytes(anchor_line(head_at(path, end), AT_MS, signer(2)))
    keys = path.parent.parent / ("keys" if beside else "elsewhere")
    keys.mkdir()
    (keys / "core.pub").write_text(SIGN.public + "\n")
    more = [] if beside else ["--key", keys / "core.pub"]
    assert fault(path, *more) == (
        end,
        "the anchor of 2024-06-01T10:10:00.000Z is signed by another key",
    )


def test_added_anchor_of_another_key_is_refused_without_the_public_key(path: Path) -> None:
    """All anchors of one journal carry one key."""
    end = last_row(path)
    with _anchors(path).open("ab") as file:
        file.write(anchor_line(head_at(path, end), AT_MS, signer(2)))
    assert "another key" in fault(path)[1]


def test_false_anchor_does_not_hide_a_broken_chain(path: Path) -> None:
    """The chain's own fault comes first."""
    with _anchors(path).open("ab") as file:
        file.write(anchor_line(head_at(path, 3), AT_MS, signer(2)))
    change(path, 5, "kind", "note")
    assert fault(path) == (5, "record 5 was changed")


def test_unfinished_last_anchor_is_none(path: Path) -> None:
    """A line without its line feed was never finished: the anchor before it counts."""
    data = _anchors(path).read_bytes()
    _anchors(path).write_bytes(data[:-1])
    said = core("journal", "verify", path, "--json")
    assert (said.code, said.document["anchors"]) == (0, 1)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b"not JSON\n",
        b'{"anchor":{"at":"x","hash":"00","seq":"5","v":1},"public_key":"00","signature":"00"}\n',
        b'{"anchor":{"at":"x","hash":"00","seq":5,"v":2},"public_key":"00","signature":"00"}\n',
        b'{"anchor":{"at":"x","hash":7,"seq":5,"v":1},"public_key":"00","signature":"00"}\n',
        b'{"anchor":{"at":"x","hash":"00","seq":5,"v":1},"public_key":"00","signature":7}\n',
        b'{"anchor":{"at":"x","hash":"00","seq":true,"v":1},"public_key":"0","signature":"0"}\n',
    ],
)
def test_damaged_anchor_line_is_bad_input(path: Path, line: bytes) -> None:
    """What is no anchor is named by its line, exit 2."""
    with _anchors(path).open("ab") as file:
        file.write(line)
    said = core("journal", "verify", path)
    assert said.code == 2
    assert said.err.startswith("Line 3 of the anchors is damaged")


def last_row(path: Path) -> int:
    """Number of the last record, whatever state the journal is in."""
    return int(stored(path, 1, "(SELECT MAX(seq) FROM record)"))


def _anchors(path: Path) -> Path:
    return path.with_name("anchors.jsonl")
