"""Journals that earlier versions wrote: read, verified and replayed with the same bytes.

`tests/vectors/journals/policy_format_1.jsonl` was written by the version before the strategy
`soc_band`, from the small site of `support.site`: policies, windows, missed blocks, lease ends,
people. It is never made again.
"""

from functools import cache
from typing import cast

import pytest

from bitgrid_core.chain import GENESIS, Head, Record, from_json, verify_chain
from bitgrid_core.codec import Json, decode, encode
from bitgrid_core.inputs import INPUT_KINDS, from_record, to_record
from bitgrid_core.journal.sqlite import StoredBody
from bitgrid_core.policy import from_document, parse_policy, policy_digest
from bitgrid_core.replay import replay
from support.tree import TESTS

FILE = TESTS / "vectors" / "journals" / "policy_format_1.jsonl"


@cache
def recorded() -> tuple[Record, ...]:
    """The records on file."""
    return tuple(from_json(decode(line)) for line in FILE.read_bytes().splitlines())


def test_journal_on_file_is_whole_and_has_every_kind_of_input() -> None:
    """What follows is about something, and nobody mended it."""
    _head, fault = verify_chain(recorded(), Head(seq=0, hash=GENESIS))
    assert fault is None
    later = {"safety", "confirm", "time_box", "clock_jump", "journal_lost"}
    assert {record.kind for record in recorded()} == {*INPUT_KINDS - later, "decision"}
    levels = {record.body["level"] for record in recorded() if record.kind == "decision"}
    assert len(levels) > 2


def test_journal_of_an_earlier_version_replays_with_identical_bytes() -> None:
    """Every digest and decision, from the first record on."""
    bodies = [StoredBody(record.kind, record.body_bytes) for record in recorded()]
    report = replay(bodies, whole=True)
    assert report.deviations == []
    assert report.same
    assert report.decisions == sum(record.kind == "decision" for record in recorded()) > 10


def test_input_of_an_earlier_version_is_written_again_as_it_was() -> None:
    """Reading a record loses and adds nothing."""
    for record in recorded():
        if record.kind in INPUT_KINDS:
            kind, body = to_record(from_record(record.kind, record.body))
            assert (kind, encode(body)) == (record.kind, record.body_bytes)


@pytest.mark.parametrize("index", range(2))
def test_digest_of_an_earlier_version_is_that_of_the_policy_now(index: int) -> None:
    """A recorded policy is still the policy that its digest names."""
    bodies = [record.body for record in recorded() if record.kind == "policy"]
    body = bodies[index]
    document = cast("dict[str, Json]", body["policy"])
    assert document["v"] == 1
    assert policy_digest(from_document(document)) == body["digest"]


def test_journal_of_an_earlier_version_can_be_decided_by_bands() -> None:
    """Another policy, also one of the newer strategy, may be laid over the old blocks."""
    bodies = [StoredBody(record.kind, record.body_bytes) for record in recorded()]
    banded = parse_policy({"strategy": "soc_band", "loads": [{"id": "load-1"}]})
    assert replay(bodies, banded).decisions > 10
