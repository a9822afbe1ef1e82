"""The chain as arithmetic, against hashes computed by hand from the published format."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bitgrid_core.chain import (
    GENESIS,
    Draft,
    Head,
    Record,
    from_json,
    links,
    make_record,
    private_commit,
    record_hash,
    verify_chain,
)
from bitgrid_core.errors import BadInput

SALT = bytes(range(16))
AT = "2024-06-01T10:10:00.000Z"


def canonical(value: object) -> bytes:
    """JCS of ASCII-keyed integers and text, written with another encoder's words."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain(length: int) -> list[Record]:
    """A chain of notes."""
    records: list[Record] = []
    prev = GENESIS
    for seq in range(1, length + 1):
        draft = Draft(kind="note", body={"number": seq}, private={"name": "Ada"})
        records.append(make_record(draft, seq, AT, prev, SALT))
        prev = records[-1].hash
    return records


def test_hashes_are_those_of_the_published_format() -> None:
    """SHA-256 over JCS of six fields; the commitment is SHA-256 over salt and JCS."""
    draft = Draft(kind="note", body={"b": [1, None], "a": "ü"}, private={"name": "Ada"})
    record = make_record(draft, 1, AT, GENESIS, SALT)
    commit = hashlib.sha256(SALT + canonical({"name": "Ada"})).hexdigest()
    fields = {
        "seq": 1,
        "at": AT,
        "kind": "note",
        "body": {"b": [1, None], "a": "ü"},
        "prev": "0" * 64,
        "private_commit": commit,
    }
    assert record.private_commit == commit == private_commit(SALT, {"name": "Ada"})
    assert record.hash == hashlib.sha256(canonical(fields)).hexdigest() == record_hash(fields)  # type: ignore[arg-type]  # JSON


def test_hash_never_changes_between_versions() -> None:
    """A known record keeps its known hash: existing journals stay provable."""
    record = make_record(Draft(kind="note", body={}), 1, AT, GENESIS, bytes(16))
    assert record.hash == "76e186897c5e85bf09814511fbb912cb171aad345c0d2028268932853e5c7f5b"


def test_salt_hides_equal_private_parts() -> None:
    """Equal private parts with different salts have different commitments."""
    assert private_commit(SALT, {}) != private_commit(bytes(16), {})


def test_full_record_comes_back_from_its_json() -> None:
    """``from_json(to_json())`` is the record, its hash computed anew."""
    (record,) = chain(1)
    document = record.to_json()
    assert sorted(document) == ["at", "body", "kind", "prev", "private", "salt", "seq"]
    assert from_json(document) == record


def test_redacted_record_keeps_its_hash() -> None:
    """Without private part and salt the commitment stands in, and the chain still holds."""
    records = chain(3)
    redacted = replace(records[1], private=None, salt=None)
    document = redacted.to_json()
    assert sorted(document) == ["at", "body", "kind", "prev", "private_commit", "seq"]
    back = from_json(document)
    assert (back.hash, back.private, back.salt) == (records[1].hash, None, None)
    head, fault = verify_chain([records[0], back, records[2]], Head())
    assert (head.seq, fault) == (3, None)


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no seq": lambda d: d.pop("seq"),
    "no body": lambda d: d.pop("body"),
    "no salt": lambda d: d.pop("salt"),
    "unknown key": lambda d: d.update(extra=1),
    "both forms": lambda d: d.update(private_commit="0" * 64),
    "seq as text": lambda d: d.update(seq="1"),
    "seq as truth": lambda d: d.update(seq=True),
    "body as list": lambda d: d.update(body=[]),
    "private as text": lambda d: d.update(private="Ada"),
    "salt not hex": lambda d: d.update(salt="zz"),
    "salt as number": lambda d: d.update(salt=7),
    "kind as null": lambda d: d.update(kind=None),
    "prev as number": lambda d: d.update(prev=0),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_document_that_is_no_record_is_bad_input(name: str) -> None:
    """Missing, unknown or mistyped keys: one sentence, never another record."""
    document: dict[str, Any] = dict(chain(1)[0].to_json())
    DAMAGES[name](document)
    with pytest.raises(BadInput, match="cannot be read"):
        from_json(document)


@pytest.mark.parametrize("document", [None, 7, "text", [], {}])
def test_other_json_is_no_record(document: Any) -> None:
    """What is no object is no record."""
    with pytest.raises(BadInput):
        from_json(document)


def test_sound_chain_ends_at_its_last_record() -> None:
    """No fault; the head is the last record's."""
    records = chain(4)
    assert verify_chain(records, Head()) == (Head(seq=4, hash=records[3].hash), None)
    assert verify_chain([], Head()) == (Head(), None)


def test_part_of_a_chain_is_verified_against_the_head_before_it() -> None:
    """A slice joins where the one before ended, and nowhere else."""
    records = chain(4)
    before = Head(seq=2, hash=records[1].hash)
    assert verify_chain(records[2:], before)[1] is None
    assert verify_chain(records[2:], Head(seq=2, hash=GENESIS))[1] is not None


@pytest.mark.parametrize(
    ("order", "seq", "word"),
    [
        ((0, 2, 3), 2, "missing"),
        ((1, 2, 3), 1, "missing"),
        ((0, 2, 1, 3), 2, "missing"),
        ((0, 1, 1, 2), 2, "out of order"),
        ((0, 1, 0), 1, "out of order"),
    ],
)
def test_hole_or_wrong_order_names_the_first_record(
    order: tuple[int, ...], seq: int, word: str
) -> None:
    """Records that do not count 1, 2, 3 … : the first that is wrong is named."""
    records = chain(4)
    head, fault = verify_chain([records[index] for index in order], Head())
    assert fault is not None
    assert (fault.seq, word in fault.reason) == (seq, True)
    assert head.seq == next(n for n, index in enumerate([*order, -1]) if index != n)


def test_changed_record_shows_at_the_next() -> None:
    """A record with another hash does not carry its follower."""
    records = chain(4)
    records[1] = replace(records[1], hash="1" * 64)
    head, fault = verify_chain(records, Head())
    assert fault is not None
    assert (head.seq, fault.seq) == (2, 3)


def test_links_go_on_behind_a_fault() -> None:
    """Each record is judged against the one before, so that one fault is one fault."""
    records = chain(5)
    del records[2]
    faults = [fault.seq for _record, fault in links(records, Head()) if fault is not None]
    assert faults == [3]
