"""What every journal promises: on SQLite and in memory alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bitgrid_core.block import at_text
from bitgrid_core.chain import GENESIS, Draft, Head, Record, from_json, verify_chain
from bitgrid_core.codec import Json, decode, encode
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.journal import Journal
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.restore import restore
from support.site import SiteConfig, fill, inputs

AT_MS = 1_717_236_600_000
Make = Callable[[], Journal]


@pytest.fixture(params=["sqlite", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes empty journals of one kind, closed at the end."""
    made: list[Journal] = []

    def one() -> Journal:
        path = tmp_path / f"{len(made)}.sqlite"
        made.append(SqliteJournal(path) if request.param == "sqlite" else MemoryJournal())
        return made[-1]

    yield one
    for journal in made:
        journal.close()


@pytest.fixture
def journal(make: Make) -> Journal:
    """An empty journal."""
    return make()


def note(number: int, **private: Json) -> Draft:
    """A draft of no meaning."""
    return Draft(kind="note", body={"number": number}, private=private)


def decision(event_id: str) -> Draft:
    """A draft that claims to be a decision."""
    return Draft(kind="decision", body={"id": event_id, "block_id": 7})


def numbers(journal: Journal, *span: int) -> list[Json]:
    """The numbers in the bodies of the notes in a range."""
    return [record.body["number"] for record in journal.records(*span)]


def test_empty_journal_has_the_genesis_as_head(journal: Journal) -> None:
    """Nothing is there: head 0 with zeros, no records, no newest."""
    assert journal.head() == Head(seq=0, hash=GENESIS)
    assert list(journal.records()) == []
    assert journal.newest("note") is None


def test_appended_records_come_back_in_order_and_equal(journal: Journal) -> None:
    """What ``append`` returns is what ``records`` gives, numbered from 1 without gaps."""
    first = journal.append([note(1, name="Ada"), note(2)], AT_MS)
    second = journal.append([note(3, name="Müller", tags=["ä", None, True])], AT_MS + 1)
    assert list(journal.records()) == [*first, *second]
    assert [record.seq for record in journal.records()] == [1, 2, 3]
    assert [record.at for record in journal.records()] == [
        at_text(AT_MS),
        at_text(AT_MS),
        at_text(AT_MS + 1),
    ]


def test_head_is_the_last_record(journal: Journal) -> None:
    """After each append the head names the newest record and its hash."""
    for number in range(1, 4):
        (record,) = journal.append([note(number)], AT_MS)
        assert journal.head() == Head(seq=number, hash=record.hash)


def test_nothing_appended_changes_nothing(journal: Journal) -> None:
    """An empty append is no record."""
    journal.append([note(1)], AT_MS)
    before = journal.head()
    assert journal.append([], AT_MS) == []
    assert journal.head() == before


def test_records_of_a_site_form_a_chain(journal: Journal) -> None:
    """Each record follows the one before, and its hash can be computed from its JSON form."""
    fill(journal, inputs(SiteConfig(blocks=20)))
    head, fault = verify_chain(journal.records(), Head())
    assert (head, fault) == (journal.head(), None)
    assert [from_json(record.to_json()) for record in journal.records()] == list(journal.records())


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((), [1, 2, 3, 4, 5]),
        ((1,), [1, 2, 3, 4, 5]),
        ((0,), [1, 2, 3, 4, 5]),
        ((-3,), [1, 2, 3, 4, 5]),
        ((3,), [3, 4, 5]),
        ((2, 4), [2, 3, 4]),
        ((5, 5), [5]),
        ((4, 9), [4, 5]),
        ((6,), []),
        ((4, 3), []),
        ((1, 0), []),
        ((1, -1), []),
    ],
)
def test_range_of_records_includes_both_ends(
    journal: Journal, span: tuple[int, ...], expected: list[int]
) -> None:
    """A range takes first and last with it; what lies outside of the journal is not there."""
    journal.append([note(number) for number in range(1, 6)], AT_MS)
    assert numbers(journal, *span) == expected


@pytest.mark.parametrize(
    ("kind", "before", "seq"),
    [
        ("even", 2**62, 4),
        ("even", 5, 4),
        ("even", 4, 2),
        ("even", 3, 2),
        ("even", 2, None),
        ("odd", 1, None),
        ("odd", 0, None),
        ("odd", -5, None),
        ("other", 2**62, None),
    ],
)
def test_newest_of_a_kind_lies_below_its_bound(
    journal: Journal, kind: str, before: int, seq: int | None
) -> None:
    """``newest`` finds the last record of that kind with a smaller number, or nothing."""
    kinds = ["odd", "even"] * 2 + ["odd"]
    journal.append([Draft(kind=name, body={}) for name in kinds], AT_MS)
    found = journal.newest(kind, before=before)
    assert (found.seq if found else None) == seq


@pytest.mark.parametrize(
    "bad",
    [
        Draft(kind="note", body={"value": 1.5}),  # type: ignore[dict-item]  # what is refused
        Draft(kind="note", body={"value": 2**60}),
        Draft(kind="note", body={"größe": 1}),
        Draft(kind="note", body={}, private={"name": b"raw"}),  # type: ignore[dict-item]  # the same
    ],
)
def test_draft_without_canonical_form_takes_the_whole_append_with_it(
    journal: Journal, bad: Draft
) -> None:
    """One bad draft among good ones: refused, and none of them is there."""
    journal.append([note(1)], AT_MS)
    before = journal.head()
    with pytest.raises(BadInput):
        journal.append([note(2), bad, note(3)], AT_MS)
    assert journal.head() == before
    assert numbers(journal) == [1]
    journal.append([note(2)], AT_MS)
    assert numbers(journal) == [1, 2]
    assert verify_chain(journal.records(), Head())[1] is None


def test_decision_is_recorded_once_and_never_again(journal: Journal) -> None:
    """A decision's id that is there already is refused, with everything in its append."""
    journal.append([decision("7/load-1/tick/0")], AT_MS)
    before = journal.head()
    with pytest.raises(StorageError):
        journal.append([note(2), decision("7/load-1/tick/0")], AT_MS)
    with pytest.raises(StorageError):
        journal.append([decision("7/load-2/tick/0"), decision("7/load-2/tick/0")], AT_MS)
    assert journal.head() == before
    journal.append([decision("7/load-2/tick/0")], AT_MS)
    assert journal.head().seq == 2


def test_changing_a_draft_afterwards_changes_no_record(journal: Journal) -> None:
    """The journal keeps what it was given, not the caller's dictionary."""
    body: dict[str, Json] = {"number": 1, "more": [1]}
    journal.append([Draft(kind="note", body=body)], AT_MS)
    body["number"] = 2
    more = body["more"]
    assert isinstance(more, list)
    more.append(2)
    assert next(journal.records()).body == {"number": 1, "more": [1]}


def test_salts_differ_for_equal_private_parts(make: Make) -> None:
    """Equal drafts get different salts, commitments and hashes, in one journal and in two."""
    records: list[Record] = []
    for _ in range(2):
        records += make().append([note(1, name="Ada")] * 3, AT_MS)
    for values in (
        {record.salt for record in records},
        {record.private_commit for record in records},
        {record.hash for record in records},
    ):
        assert len(values) == 6
    assert {len(bytes.fromhex(record.salt or "")) for record in records} == {16}


def test_private_part_is_in_no_hash_but_by_its_commitment(journal: Journal) -> None:
    """A record whose private part was dropped keeps its hash."""
    (record,) = journal.append([note(1, name="Ada")], AT_MS)
    redacted = decode(encode(_redacted(record)))
    assert from_json(redacted).hash == record.hash
    assert "Ada" not in encode(redacted).decode()


def test_closed_journal_takes_nothing_more(journal: Journal) -> None:
    """Appending after ``close`` is an error."""
    journal.append([note(1)], AT_MS)
    journal.close()
    with pytest.raises(StorageError):
        journal.append([note(2)], AT_MS)


def test_two_journals_know_nothing_of_each_other(make: Make) -> None:
    """Two journals share neither records nor heads."""
    one, other = make(), make()
    one.append([note(1)], AT_MS)
    assert other.head() == Head()


def test_state_restored_from_either_journal_is_the_state_that_filled_it(journal: Journal) -> None:
    """What a site's inputs led to is what a restart goes on with."""
    assert restore(journal) == restore(MemoryJournal())
    state = fill(journal, inputs(SiteConfig(blocks=40, loads=3)))
    assert restore(journal) == state


def _redacted(record: Record) -> dict[str, Json]:
    document = record.to_json()
    kept = {name: document[name] for name in ("seq", "at", "kind", "body", "prev")}
    return kept | {"private_commit": record.private_commit}
