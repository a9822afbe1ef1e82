"""Closed days and retention: what is exported, what may be taken out, and that nothing else can."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from bitgrid_appliance.closed_days import ClosedDays, open_lines
from bitgrid_appliance.intact import require_intact
from bitgrid_appliance.keys import check_signature
from bitgrid_appliance.settings import Layout
from bitgrid_core.chain import Draft
from bitgrid_core.codec import loads
from bitgrid_core.errors import BadInput
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.journal.days import header_of
from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from bitgrid_core.journal.verification import JournalReport, verify_journal
from bitgrid_core.restore import restore
from support.closing import DAY_MS, in_journal, lived, on_file, opened
from support.decided import START_MS
from support.tampering import change, tamper

NOON = 4 * 144 + 72
"""Four whole days and half of the fifth."""


def verified(layout: Layout) -> JournalReport:
    """The journal against its anchors."""
    with SqliteReader(layout.journal) as reader:
        return verify_journal(reader, read_anchors(layout.anchors), check_signature)


def bodies(layout: Layout, kind: str) -> list[dict[str, object]]:
    """Bodies of a kind, in order."""
    return [dict(record.body) for record in in_journal(layout) if record.kind == kind]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A journal that keeps everything."""
    return lived(tmp_path_factory.mktemp("whole"), range(NOON), keep_days=0)


@pytest.fixture(scope="module")
def shortened(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A journal that keeps one closed day, for others to copy."""
    return lived(tmp_path_factory.mktemp("short"), range(NOON), keep_days=1)


@pytest.fixture
def short(shortened: Layout, tmp_path: Path) -> Layout:
    """The same, to do with as one likes."""
    return copied(shortened, tmp_path / "short")


@pytest.fixture
def own(whole: Layout, tmp_path: Path) -> Layout:
    """A journal that keeps everything, to do with as one likes."""
    return copied(whole, tmp_path / "own")


def copied(layout: Layout, to: Path) -> Layout:
    """Another data directory with the same content."""
    return Layout(shutil.copytree(layout.data, to))


def test_every_day_but_the_running_one_is_a_file(whole: Layout) -> None:
    """One file for each UTC day that has ended, named after it."""
    names = [path.name for path in sorted(whole.days.iterdir())]
    assert names == [f"2024-06-0{day}.jsonl.zst" for day in (1, 2, 3, 4)]
    assert {path.stat().st_mode & 0o777 for path in whole.days.iterdir()} == {0o600}


def test_files_hold_the_journals_records_and_nothing_else(whole: Layout) -> None:
    """Private parts and salts included: a file is as good as the journal."""
    found = on_file(whole)
    assert found == in_journal(whole)[: len(found)]
    blocks = [record.body["block_id"] for record in found if record.kind == "block"]
    assert len(blocks) == 4 * 144


def test_record_names_the_hash_of_its_file(whole: Layout) -> None:
    """Who holds the journal can check a file without opening it."""
    said = bodies(whole, "closed_day")
    assert [one["day"] for one in said] == [f"2024-06-0{day}" for day in (1, 2, 3, 4)]
    for one in said:
        data = (whole.days / str(one["file"])).read_bytes()
        assert (one["size"], one["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_days_join_without_a_hole(whole: Layout) -> None:
    """Each header begins where the one before it ends, and names the policy in force."""
    headers = []
    for path in sorted(whole.days.iterdir()):
        with open_lines(path) as lines:
            headers.append(header_of(next(lines)))
    assert [one.day.before for one in headers[1:]] == [one.day.after for one in headers[:-1]]
    policies = [one.policy.body if one.policy else None for one in headers]
    assert policies[0] is None
    assert policies[1] == policies[2] == policies[3] is not None


def test_expired_days_leave_the_journal_and_stay_on_file(whole: Layout, short: Layout) -> None:
    """Files and journal together still hold every block and every decision, once."""
    first = in_journal(short)[0]
    assert first.kind == "block"
    assert [one["day"] for one in bodies(short, "closed_day")][-1] == "2024-06-04"
    filed = on_file(short)
    together = filed + [one for one in in_journal(short) if one.seq > filed[-1].seq]
    assert [record.seq for record in together] == list(range(1, len(together) + 1))
    kinds = {"block", "decision", "policy", "boot"}
    assert [record.body for record in together if record.kind in kinds] == [
        record.body for record in in_journal(whole) if record.kind in kinds
    ]


def test_journal_stays_sound_and_says_where_it_begins(short: Layout) -> None:
    """Chain, anchors and the look before a boot hold on after records were taken out."""
    report = verified(short)
    assert report.fault is None
    assert report.base.seq == in_journal(short)[0].seq - 1 > 0
    assert bodies(short, "retention")[-1]["through"] == report.base.seq
    anchors = read_anchors(short.anchors)
    with SqliteReader(short.journal) as reader:
        require_intact(reader, anchors, anchors[0].public_key)


def test_restart_finds_what_it_would_have_found(whole: Layout, short: Layout) -> None:
    """Memory, policy and the number of the boot outlive the records that said them first."""
    with SqliteReader(whole.journal) as before, SqliteReader(short.journal) as after:
        assert restore(after) == restore(before)
        newest = after.newest("boot")
        assert newest is not None
        assert newest.body["boot"] == 7


def test_whoever_reads_the_outbox_or_goes_on_notices_nothing(short: Layout) -> None:
    """The next slice and the next blocks follow what is there."""
    with opened(short.data, 1) as kept:
        kept.live(range(NOON, NOON + 144))
    assert verified(short).fault is None
    assert (short.days / "2024-06-05.jsonl.zst").is_file()


@pytest.mark.parametrize(("handed_over", "anchored"), [(0, True), (10**9, False)])
def test_nothing_goes_before_it_was_handed_over_and_anchored(
    own: Layout, handed_over: int, *, anchored: bool
) -> None:
    """A day leaves only once the outbox has it and a signed head lies behind it."""
    with opened(own.data, 1) as kept:
        if not anchored:
            with closing(sqlite3.connect(own.journal)) as database, database:
                database.execute("DROP TRIGGER record_is_never_changed")
                database.execute("UPDATE record SET kind = 'note' WHERE kind = 'anchor'")
        kept.days.keep(handed_over, START_MS + 5 * DAY_MS)
        assert kept.journal.base().seq == 0
        if anchored:
            kept.days.keep(kept.outbox.last_seq, START_MS + 5 * DAY_MS)
            assert kept.journal.base().seq > 0


def test_day_whose_file_was_changed_stays(own: Layout) -> None:
    """What is not on file byte for byte is not taken out, nor what follows it."""
    path = own.days / "2024-06-02.jsonl.zst"
    path.write_bytes(path.read_bytes()[:-1])
    with opened(own.data, 1) as kept:
        kept.days.keep(kept.outbox.last_seq, START_MS + 5 * DAY_MS)
        assert [one.seq for one in kept.journal.every("retention")] != []
        first = next(iter(kept.journal.records(kept.journal.base().seq + 1)))
    assert str(first.body["block_id"]) == str(2_862_000 + 144)


def test_file_that_is_gone_is_written_again(own: Layout) -> None:
    """The journal still has the day, so its file comes back with the same bytes."""
    path = own.days / "2024-06-01.jsonl.zst"
    before = path.read_bytes()
    path.unlink()
    with opened(own.data, 1) as kept:
        kept.days.keep(kept.outbox.last_seq, START_MS + 5 * DAY_MS)
        assert kept.journal.base().seq > 0
    assert path.read_bytes() == before


def test_disk_that_takes_no_file_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The core decides on, nothing is taken out, and the log says why."""
    (tmp_path / "days").write_text("in the way")
    with caplog.at_level("WARNING"):
        layout = lived(tmp_path, range(NOON), keep_days=1)
    assert in_journal(layout)[0].seq == 1
    assert "closed day 2024-06-01: " in caplog.text


def test_backlog_is_taken_in_small_parts(tmp_path: Path) -> None:
    """A core that exports for the first time does not keep a tick waiting for all its days."""
    with opened(tmp_path, 0) as kept:
        silent = replace(kept, days=ClosedDays(tmp_path / "no" / "such", kept.journal, 0))
        (tmp_path / "no").write_text("in the way")
        silent.live(range(6 * 144 + 72))
        counts = []
        for _ in range(3):
            kept.days.keep(0, START_MS + 7 * DAY_MS)
            counts.append(len(list(kept.layout.days.iterdir())))
    assert counts == [4, 6, 6]


def test_nothing_but_retention_deletes(short: Layout) -> None:
    """The triggers let no record of the chain go, and no beginning be invented."""
    for statement in (
        "DELETE FROM record WHERE seq = (SELECT MAX(seq) FROM record)",
        "DELETE FROM pruned",
        "UPDATE pruned SET through = through + 1",
        "INSERT INTO pruned VALUES (10000000, 'x')",
    ):
        with (
            closing(sqlite3.connect(short.journal)) as database,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            database.execute(statement)


def test_records_taken_out_by_somebody_else_are_missed(own: Layout) -> None:
    """A beginning of which no record of the chain speaks is a hole."""
    with closing(SqliteJournal(own.journal)) as journal:
        through = next(iter(journal.records(200, 200)))
        journal.prune(replace(journal.head(), seq=200, hash=through.hash))
    fault = verified(own).fault
    assert fault is not None
    assert fault.reason == "records 1 to 200 are missing, and no record of retention says so"


def test_record_that_stayed_below_is_proven_too(short: Layout) -> None:
    """The policy that was left behind is named with its hash; a changed or further one is found."""
    with SqliteReader(short.journal) as reader:
        policy = reader.newest("policy")
    assert policy is not None
    assert policy.seq < verified(short).base.seq
    change(short.journal, policy.seq, "at", "2024-06-01T00:00:00.001Z")
    fault = verified(short).fault
    assert fault is not None
    assert f"record {policy.seq} was changed" in fault.reason
    change(short.journal, policy.seq, "at", policy.at)
    tamper(short.journal, f"DELETE FROM record WHERE seq = {policy.seq}")
    fault = verified(short).fault
    assert fault is not None
    assert "no record of retention says so" in fault.reason


def test_older_journal_is_read_and_gets_its_retention(tmp_path: Path) -> None:
    """A journal of format 1 has no beginning but its first record; opened to write it is migrated."""
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        journal.append([Draft(kind="note", body={})], 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript("DROP TABLE pruned; PRAGMA user_version = 1;")
    with SqliteReader(path) as reader:
        assert reader.base().seq == 0
    with closing(SqliteJournal(path)) as journal:
        assert journal.base().seq == 0
        journal.append([Draft(kind="note", body={})], 0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"no zstd", "cannot be unpacked"),
        (zstandard.compress(b"x" * 9_000_000), "a line of over"),
        (None, "cannot be read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, data: bytes | None, sentence: str) -> None:
    """One sentence, and no memory for what somebody packed into it."""
    path = tmp_path / "x.jsonl.zst"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BadInput, match=sentence), open_lines(path) as lines:
        list(lines)


def test_lines_are_canonical(whole: Layout) -> None:
    """Any tool that knows zstd and JSON reads a day."""
    data = (whole.days / "2024-06-03.jsonl.zst").read_bytes()
    text = zstandard.ZstdDecompressor().stream_reader(data).read()
    assert all(isinstance(loads(line), dict) for line in text.splitlines())
