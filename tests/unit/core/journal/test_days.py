"""Closed days as lines: where a day begins and ends, and what a changed file shows."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from bitgrid_core.chain import Draft, Record
from bitgrid_core.codec import encode, loads
from bitgrid_core.errors import BadInput, CheckFailed
from bitgrid_core.journal.days import Day, header_of, lines, next_closed, records_of
from bitgrid_core.journal.sqlite import SqliteJournal
from support.decided import FIRST_BLOCK, START_MS, decided


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteJournal]:
    """A day and an hour, with a note behind the last decision of the first day."""
    drafts = []
    for record in decided(150):
        if record.kind == "block" and record.body["block_id"] == FIRST_BLOCK + 144:
            drafts.append(Draft(kind="anchor", body={}))
        drafts.append(Draft(kind=record.kind, body=record.body))
    with closing(SqliteJournal(tmp_path_factory.mktemp("days") / "journal.sqlite")) as found:
        found.append(drafts, START_MS)
        yield found


@pytest.fixture(scope="module")
def day(journal: SqliteJournal) -> Day:
    """The day that has closed."""
    found = next_closed(journal, 0)
    assert found is not None
    return found


def read(text: list[bytes]) -> list[Record]:
    """The records of a file's lines."""
    rest = iter(text)
    return list(records_of(header_of(next(rest)), rest))


def test_day_ends_before_the_first_block_of_the_next(journal: SqliteJournal, day: Day) -> None:
    """No decision is parted from its block; what stands between goes to the earlier day."""
    found = read(list(lines(journal, day)))
    assert day.name == "2024-06-01"
    assert (found[0].seq, found[0].kind, found[-1].kind) == (1, "policy", "anchor")
    assert sum(record.kind == "block" for record in found) == 144
    following = next(iter(journal.records(day.after.seq + 1)))
    assert following.body["block_id"] == FIRST_BLOCK + 144


def test_running_day_is_not_closed(journal: SqliteJournal, day: Day) -> None:
    """Only a block of a later day closes one; an empty journal has none."""
    assert next_closed(journal, day.after.seq) is None
    assert next_closed(journal, journal.head().seq) is None


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: [*text[:5], *text[6:]], "record 5 is missing"),
        (lambda text: [*text[:5], text[5].replace(b"tick", b"tock"), *text[6:]], "one was changed"),
        (lambda text: text[:-1], "not as it says"),
        (lambda text: [*text[:5], text[6], text[5], *text[7:]], "missing"),
    ],
    ids=["missing", "changed", "cut", "swapped"],
)
def test_damaged_day_is_named(
    journal: SqliteJournal, day: Day, damage: object, sentence: str
) -> None:
    """A changed, missing or swapped record and a cut end are found."""
    assert callable(damage)
    with pytest.raises(CheckFailed, match=sentence):
        read(damage(list(lines(journal, day))))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}\n",
        b"[]\n",
        encode({"v": 2, "day": "2024-06-01", "first": 1, "last": 2}) + b"\n",
        encode({"v": 1, "day": "2024-06-01", "first": "1", "last": 2}) + b"\n",
    ],
)
def test_file_without_header_is_refused(line: bytes) -> None:
    """One sentence, whatever stands there."""
    with pytest.raises(BadInput):
        header_of(line)


def test_header_says_where_the_day_stands(journal: SqliteJournal, day: Day) -> None:
    """First line: numbers and hashes on both sides, and no policy before a journal's first day."""
    header = loads(next(lines(journal, day)))
    assert isinstance(header, dict)
    assert header["first"] == 1
    assert header["last"] == day.after.seq
    assert header["head_before"] == "0" * 64
    assert header["policy"] is None
    assert header_of(encode(header)).day == day
