"""What only the journal on SQLite promises: durability, append-only, and words for every failure."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bitgrid_core.chain import Draft, Head, verify_chain
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.journal.schema import MIGRATIONS
from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from support.site import FIRST_BLOCK, SiteConfig, fill, inputs

AT_MS = 1_717_236_600_000
NOBODY = 65_534
COLUMNS = "at, kind, body, private, salt, private_commit, prev, hash, block, event"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of a small site, closed."""
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        fill(journal, inputs(SiteConfig(blocks=10, loads=2)))
    return path


def note(number: int = 1) -> Draft:
    """A draft of no meaning."""
    return Draft(kind="note", body={"number": number})


@contextmanager
def without_root() -> Iterator[None]:
    """As a user whom file permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def sealed(folder: Path) -> Iterator[Path]:
    """A folder in which nothing can be made."""
    folder.chmod(0o555)
    try:
        yield folder
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET at = 'x' WHERE seq = 3",
        "UPDATE record SET hash = hash WHERE seq = 1",
        "UPDATE record SET seq = seq + 1000 WHERE seq = 1",
        "UPDATE OR REPLACE record SET kind = 'note'",
        "DELETE FROM record WHERE seq = 1",
        "DELETE FROM record",
        f"INSERT INTO record SELECT seq + 1000, {COLUMNS} FROM record WHERE seq = 1",
        f"INSERT INTO record SELECT 0, {COLUMNS} FROM record WHERE seq = 1",
        f"INSERT INTO record SELECT seq, {COLUMNS} FROM record WHERE seq = 1",
        f"INSERT OR REPLACE INTO record SELECT seq, {COLUMNS} FROM record WHERE seq = 1",
    ],
)
def test_database_itself_refuses_change_deletion_and_gaps(path: Path, statement: str) -> None:
    """Whoever opens the file with SQLite can append the next record and nothing else."""
    with closing(sqlite3.connect(path)) as database:
        before = database.execute("SELECT * FROM record").fetchall()
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
        assert database.execute("SELECT * FROM record").fetchall() == before


def test_write_ahead_log_and_full_synchronisation_are_on(path: Path) -> None:
    """The file is in WAL mode, and the writing connection syncs each commit."""
    with closing(SqliteJournal(path)) as journal:
        asked = [
            journal._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert asked == ["wal", 2, 1]


def test_reopened_journal_goes_on_where_it_ended(path: Path) -> None:
    """A second life appends behind the first and the chain holds over both."""
    with closing(SqliteJournal(path)) as journal:
        seq = journal.head().seq
        journal.append([note()], AT_MS)
        head, fault = verify_chain(journal.records(), Head())
    assert (head.seq, fault) == (seq + 1, None)


def test_newer_format_is_refused_and_left_alone(path: Path) -> None:
    """A journal of a later program: exit 5, what to do, and not a byte changed."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    for opened in (SqliteJournal, SqliteReader):
        with pytest.raises(StorageError, match="newer version") as caught:
            opened(path)
        assert caught.value.exit_code == 5
    assert path.read_bytes() == before


def test_other_database_is_no_journal_and_left_alone(tmp_path: Path) -> None:
    """Somebody else's SQLite file gets no table of ours."""
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE ledger (id INTEGER)")
    with pytest.raises(StorageError, match="no journal"):
        SqliteJournal(path)
    with pytest.raises(BadInput, match="no journal"):
        SqliteReader(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("ledger",)]


@pytest.mark.parametrize("content", [b"not a database, only text\n" * 40, b"SQLite format 3\0" * 9])
def test_file_that_is_no_database_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    """Text instead of a journal: refused with the remedy, for reading exit 2, for writing 5."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="is no journal") as reading:
        SqliteReader(path)
    with pytest.raises(StorageError, match="name the file") as writing:
        SqliteJournal(path)
    assert (reading.value.exit_code, writing.value.exit_code) == (2, 5)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["nothing.sqlite", "folder"])
def test_reader_without_a_journal_names_the_path(tmp_path: Path, name: str) -> None:
    """No file, or a folder: bad input with the path and a remedy; nothing is created."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match=name) as caught:
        SqliteReader(tmp_path / name)
    assert caught.value.hint
    assert sorted(item.name for item in tmp_path.iterdir()) == ["folder"]


def test_path_under_a_file_is_a_storage_error(tmp_path: Path) -> None:
    """A folder cannot be made below a file: exit 5, not a traceback."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot be made") as caught:
        SqliteJournal(tmp_path / "file" / "journal" / "journal.sqlite")
    assert caught.value.exit_code == 5


def test_folder_in_place_of_the_file_is_a_storage_error(tmp_path: Path) -> None:
    """A folder named like the journal: exit 5 with a remedy."""
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(StorageError, match=r"journal\.sqlite") as caught:
        SqliteJournal(tmp_path / "journal.sqlite")
    assert caught.value.hint


def test_read_only_folder_is_a_storage_error(open_folder: Path) -> None:
    """Neither a folder nor a file can be made there: exit 5, and nothing is left behind."""
    with sealed(open_folder), without_root():
        for path in (open_folder / "journal.sqlite", open_folder / "new" / "journal.sqlite"):
            with pytest.raises(StorageError) as caught:
                SqliteJournal(path)
            assert caught.value.exit_code == 5
            assert caught.value.hint
    assert list(open_folder.iterdir()) == []


def test_journal_in_a_read_only_folder_can_be_read(open_folder: Path) -> None:
    """A closed journal on a read-only medium opens for reading; SQLite can make no file there."""
    path = open_folder / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        journal.append([note()], AT_MS)
    path.chmod(0o444)
    with sealed(open_folder), without_root(), SqliteReader(path) as reader:
        assert reader.head().seq == 1


def test_journal_that_nobody_may_read_is_refused_in_words(open_folder: Path) -> None:
    """A file without read permission: one sentence, no traceback."""
    path = open_folder / "journal.sqlite"
    with closing(SqliteJournal(path)):
        path.chmod(0o000)
    with without_root(), pytest.raises(StorageError, match=r"journal\.sqlite"):
        SqliteReader(path)


def test_second_writer_is_refused_and_breaks_nothing(path: Path) -> None:
    """Two open writers: whoever comes too late gets an error, the chain stays whole."""
    with closing(SqliteJournal(path)) as one, closing(SqliteJournal(path)) as other:
        one.append([note(1)], AT_MS)
        with pytest.raises(StorageError, match="only one write"):
            other.append([note(2)], AT_MS)
        one.append([note(3)], AT_MS)
        head, fault = verify_chain(one.records(), Head())
    assert fault is None
    assert head == one._head


def test_readers_see_whole_appends_while_one_writes(path: Path) -> None:
    """Two readers beside a writer: each sees complete appends only and blocks nobody."""
    with (
        closing(SqliteJournal(path)) as writer,
        SqliteReader(path) as one,
        SqliteReader(path) as other,
    ):
        start = writer.head().seq
        walking = one.records()
        next(walking)
        for number in range(1, 6):
            writer.append([note(number)] * 3, AT_MS)
            assert other.head().seq == start + 3 * number
        assert len(list(walking)) == start - 1
        assert verify_chain(one.records(), Head())[0] == writer.head()


def test_failed_append_leaves_the_journal_usable(path: Path) -> None:
    """While another connection holds the write lock nothing is appended; afterwards it goes on."""
    with closing(SqliteJournal(path)) as journal, closing(sqlite3.connect(path)) as thief:
        journal._database.execute("PRAGMA busy_timeout = 20")
        before = journal.head()
        thief.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            journal.append([note()], AT_MS)
        thief.execute("ROLLBACK")
        assert journal.head() == before
        journal.append([note()], AT_MS)
        assert verify_chain(journal.records(), Head())[1] is None


def test_full_disk_is_a_storage_error_and_appends_nothing(path: Path) -> None:
    """No page left: exit 5, and the same append succeeds once there is room."""
    with closing(SqliteJournal(path)) as journal:
        before = journal.head()
        pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
        journal._database.execute(f"PRAGMA max_page_count = {pages}")
        big = Draft(kind="note", body={"text": "x" * 200_000})
        with pytest.raises(StorageError, match="full"):
            journal.append([note(), big], AT_MS)
        assert journal.head() == before
        journal._database.execute("PRAGMA max_page_count = 1000000")
        journal.append([note(), big], AT_MS)
        assert verify_chain(journal.records(), Head())[1] is None


def test_look_ups_find_by_block_by_id_and_backwards(path: Path) -> None:
    """The columns beside the chain lead to the same records as reading everything."""
    with SqliteReader(path) as reader:
        every = list(reader.records())
        decisions = [record for record in every if record.kind == "decision"]
        blocks = [record for record in every if record.kind == "block"]
        some = decisions[len(decisions) // 2]
        block = some.body["block_id"]
        assert isinstance(block, int)
        assert reader.decision(str(some.body["id"])) == some
        assert reader.decision("1/load-1/tick/0") is None
        in_block = [record for record in decisions if record.body["block_id"] == block]
        assert list(reader.of_kind("decision", (block, block))) == in_block
        assert (
            reader.decisions_before(some.seq, 3)
            == [record for record in reversed(decisions) if record.seq < some.seq][:3]
        )
        assert reader.first_of_block(FIRST_BLOCK) == blocks[0].seq
        assert reader.first_of_block(FIRST_BLOCK + 10_000) is None
        assert [body.body_bytes for body in reader.bodies(2, 5)] == [
            record.body_bytes for record in every[1:5]
        ]


def test_look_ups_sort_nothing(path: Path) -> None:
    """Finding the newest of a kind walks an index instead of sorting a year of decisions."""
    asked: list[str] = []
    with SqliteReader(path) as reader:
        reader._database.set_trace_callback(asked.append)
        reader.newest("policy")
        reader.newest("decision", before=9)
        reader.decisions_before(9, 3)
        reader.first_of_block(FIRST_BLOCK)
        reader._database.set_trace_callback(None)
        plans = [reader._database.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall() for sql in asked]
    assert len(plans) == 4
    assert not [row for plan in plans for row in plan if "TEMP B-TREE" in row[3]]


def test_record_that_is_no_json_is_bad_input(path: Path) -> None:
    """A garbled body is a sentence that names the record."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript("DROP TRIGGER record_is_never_changed")
        database.execute("UPDATE record SET body = x'ff' WHERE seq = 2")
        database.execute("UPDATE record SET body = x'5b5d' WHERE seq = 3")
        database.commit()
    with SqliteReader(path) as reader:
        for seq in (2, 3):
            with pytest.raises(BadInput, match=f"Record {seq}"):
                list(reader.records(seq, seq))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that also an unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="bitgrid-journal-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
