"""Reads of a real journal by spans, ids and digests."""

from pathlib import Path

import pytest

from bitgrid_appliance.api.history import Span
from bitgrid_appliance.api.journal_history import JournalHistory
from bitgrid_core.errors import StorageError
from bitgrid_core.policy import policy_digest
from support.web import POLICY, seeded_day, write_journal

DAY = seeded_day(20)
IDS = [event.id for block in DAY for event in block.events]


@pytest.fixture
def history(tmp_path: Path) -> JournalHistory:
    """A history over a journal of twenty blocks."""
    write_journal(tmp_path / "journal.sqlite", DAY)
    return JournalHistory(tmp_path / "journal.sqlite")


def test_no_journal_yet_is_an_empty_past(tmp_path: Path) -> None:
    """Before core's first record there is nothing, and that is no error."""
    history = JournalHistory(tmp_path / "journal.sqlite")
    assert history.head_seq() is None
    assert list(history.decisions(Span())) == []
    assert history.decision("1/load-1/tick/0") is None
    assert history.policy("0" * 64) is None


def test_a_file_that_is_no_journal_is_a_storage_error(tmp_path: Path) -> None:
    """A damaged journal is said, not shown as empty."""
    (tmp_path / "journal.sqlite").write_bytes(b"this is no database, however long it may be")
    with pytest.raises(StorageError):
        JournalHistory(tmp_path / "journal.sqlite").head_seq()


def test_decisions_come_newest_first_up_to_the_limit(history: JournalHistory) -> None:
    """The limit keeps the newest."""
    found = history.decisions(Span(limit=5))
    assert [item.event["id"] for item in found] == IDS[::-1][:5]


def test_the_next_page_goes_on_where_the_last_ended(history: JournalHistory) -> None:
    """Pages overlap nowhere and leave nothing out."""
    seen: list[str] = []
    before = None
    while page := history.decisions(Span(limit=7, before_seq=before)):
        seen += [item.event["id"] for item in page]
        before = page[-1].seq
    assert seen == IDS[::-1]


def test_a_span_keeps_blocks_between_both_bounds(history: JournalHistory) -> None:
    """First and last block are included, others are not."""
    span = Span(first_block=DAY[3].block_id, last_block=DAY[6].block_id)
    blocks = [item.event["block_id"] for item in history.decisions(span)]
    assert blocks == [block.block_id for block in DAY[6:2:-1]]


def test_a_decision_is_found_by_its_id(history: JournalHistory) -> None:
    """An id of a decision leads to its record, another one to nothing."""
    found = history.decision(IDS[4])
    assert found is not None
    assert found.event["id"] == IDS[4]
    assert history.decision("1/load-1/tick/0") is None


def test_the_policy_of_a_decision_is_found_by_its_digest(history: JournalHistory) -> None:
    """Levels and thresholds come from the record, never from a file that may have changed."""
    assert history.policy(policy_digest(POLICY)) == POLICY
    assert history.policy("0" * 64) is None
