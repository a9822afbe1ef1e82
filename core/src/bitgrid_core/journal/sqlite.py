"""The journal on SQLite: WAL, ``synchronous=FULL``, append-only by triggers.

Invariant: when ``append`` returns, all its records survive a power cut; if it raises, none
of them is there. Reading from another process never blocks the writer.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from bitgrid_core.block import at_text
from bitgrid_core.chain import SALT_BYTES, Draft, Head, Record, make_record
from bitgrid_core.codec import Json, check, encode_trusted, loads_trusted
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.journal import pruning
from bitgrid_core.journal.schema import migrate, require_journal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_COLUMNS: Final = "seq, at, kind, body, private, salt, private_commit, prev, hash"
_BUSY_TIMEOUT_S: Final = 5.0

_INSERT: Final = f"INSERT INTO record ({_COLUMNS}, block, event) VALUES (?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608

_AS_BYTES: Final = (
    "seq, CAST(at AS BLOB), CAST(kind AS BLOB), body, private, salt, CAST(private_commit AS BLOB), "
    "CAST(prev AS BLOB), CAST(hash AS BLOB), block, CAST(event AS BLOB)"
)

_Row: TypeAlias = tuple[int, str, str, bytes, bytes, bytes, str, str, str]
"""The columns of ``_COLUMNS``."""

_REMEDIES: Final = {
    sqlite3.SQLITE_NOTADB: "It is no journal; name the file journal.sqlite.",
    sqlite3.SQLITE_CORRUPT: "Run `bitgrid journal verify` on it, and restore a backup.",
    sqlite3.SQLITE_CONSTRAINT: "Another program wrote to it; let only one write.",
    sqlite3.SQLITE_BUSY: "Another program writes to it; let only one write.",
}
"""By SQLite's primary result code."""


_NO_SHARED_MEMORY: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


class StoredRow(NamedTuple):
    """One row exactly as it lies on disk, texts as bytes: whatever somebody wrote there."""

    seq: int
    at: bytes | None
    kind: bytes | None
    body: bytes
    private: bytes
    salt: bytes
    private_commit: bytes | None
    prev: bytes | None
    hash: bytes | None
    block: int | None
    event: bytes | None


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise StorageError(
            f"The journal {path} failed: {error}.",
            _REMEDIES.get(primary, "Check the disk and its free space."),
        ) from error
    except UnicodeDecodeError as error:  # what SQLite says of a damaged file quotes its bytes
        raise StorageError(
            f"The journal {path} is damaged.", _REMEDIES[sqlite3.SQLITE_CORRUPT]
        ) from error


class StoredBody(NamedTuple):
    """Kind and body of a record, as they lie on disk."""

    kind: str
    body_bytes: bytes


class SqliteReader:
    """A journal opened for reading only."""

    def __init__(self, path: Path, *, at_rest: bool = False) -> None:
        """Open an existing journal read-only.

        Args:
            path: its file.
            at_rest: read one that nobody has open as a file that nobody changes. Else SQLite
                keeps files of its own beside it, even for a reader.

        Raises:
            BadInput: there is none, or the file is something else.
            StorageError: it cannot be opened, or is of a newer format.
        """
        if not path.is_file():
            raise BadInput(f"There is no journal at {path}.", "Name the file journal.sqlite.")
        self._path = path
        with _storage(path):
            self._database = _connected_readonly(path, at_rest=at_rest)
            with _closed_on_error(self._database):
                require_journal(self._database, path)

    def head(self) -> Head:
        """See ``JournalReader``."""
        with _storage(self._path):
            row = self._database.execute(
                "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        return Head(seq=row[0], hash=row[1]) if row else Head()

    def base(self) -> Head:
        """Where the chain begins: after the last record that retention took out."""
        with _storage(self._path):
            return pruning.base(self._database)

    def staying(self, through: int) -> tuple[Head, ...]:
        """Records at or below a number that retention leaves there, with their hashes."""
        with _storage(self._path):
            return pruning.staying(self._database, through)

    def every(self, kind: str, first: int = 1) -> Iterator[Record]:
        """All records of a kind from a number on, in order."""
        yield from self._select("WHERE kind = ? AND seq >= ? ORDER BY seq", (kind, first))

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """See ``JournalReader``."""
        end = 2**62 if last is None else last
        yield from self._select("WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, end))

    def newest(self, kind: str, before: int = 2**62) -> Record | None:
        """See ``JournalReader``."""
        where = "WHERE kind = ? AND seq < ? ORDER BY seq DESC LIMIT 1"
        return next(self._select(where, (kind, before)), None)

    def first_of_block(self, block_id: int) -> int | None:
        """Sequence number of a block's ``block`` record, or of the next later one."""
        with _storage(self._path):
            row = self._database.execute(
                "SELECT MIN(seq) FROM record WHERE kind = 'block' AND block >= ?", (block_id,)
            ).fetchone()
        return cast("int | None", row[0])

    def of_kind(self, kind: str, blocks: tuple[int, int]) -> Iterator[Record]:
        """Records of a kind that concern blocks between both bounds, in order."""
        yield from self._select(
            "WHERE kind = ? AND block BETWEEN ? AND ? ORDER BY seq", (kind, *blocks)
        )

    def decisions_before(self, seq: int, limit: int) -> list[Record]:
        """The newest decisions with a smaller number, newest first."""
        where = "WHERE kind = 'decision' AND seq < ? ORDER BY seq DESC LIMIT ?"
        return list(self._select(where, (seq, limit)))

    def decision(self, event_id: str) -> Record | None:
        """The record of one decision."""
        return next(self._select("WHERE event = ?", (event_id,)), None)

    def bodies(self, first: int = 1, last: int | None = None) -> Iterator[StoredBody]:
        """Kinds and bodies alone, undecoded: what a replay reads."""
        end = 2**62 if last is None else last
        with _storage(self._path):
            query = "SELECT kind, body FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq"
            yield from map(StoredBody._make, self._database.execute(query, (first, end)))

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def __enter__(self) -> Self:
        """Use as a context that closes."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def rows(self) -> Iterator[StoredRow]:
        """Every row exactly as it lies on disk, for verification."""
        with _storage(self._path):
            query = f"SELECT {_AS_BYTES} FROM record ORDER BY seq"  # noqa: S608  # own constant
            yield from map(StoredRow._make, self._database.execute(query))

    def _select(self, where: str, values: tuple[object, ...]) -> Iterator[Record]:
        with _storage(self._path):
            # ``where`` is one of this module's own texts; values are bound.
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM record {where}", values)  # noqa: S608
            for row in rows:
                yield _record(row)


class SqliteJournal(SqliteReader):
    """The journal that core writes; one writer at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create a journal.

        Raises:
            StorageError: the file cannot be written, is no journal, or is of a newer format.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The folder {path.parent} cannot be made: {error.strerror}.",
                "Choose a folder that can be written.",
            ) from error
        with _storage(path):
            # A safety stop waits for its append only so long: that one runs in another thread,
            # while this journal's owner keeps away from it.
            self._database = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            with _closed_on_error(self._database):
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = FULL")
                self._database.execute("PRAGMA foreign_keys = ON")
                migrate(self._database, path)
        self._head = self.head()

    def append(self, drafts: Sequence[Draft], at_ms: int) -> list[Record]:
        """See ``Journal``."""
        records, head = [], self._head
        for draft in drafts:
            check(draft.body)
            check(draft.private)
            salt = secrets.token_bytes(SALT_BYTES)
            record = make_record(draft, head.seq + 1, at_text(at_ms), head.hash, salt)
            head = Head(seq=record.seq, hash=record.hash)
            records.append(record)
        rows = [_row(record) for record in records]
        with _storage(self._path):
            self._insert(rows)
        self._head = head
        return records

    def prune(self, through: Head) -> None:
        """Take out every record up to one, but those of ``staying``.

        Raises:
            StorageError: the disk did not take it; nothing was taken out.
        """
        with _storage(self._path):
            pruning.prune(self._database, through)

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(_INSERT, rows)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def _connected_readonly(path: Path, *, at_rest: bool) -> sqlite3.Connection:
    """A connection that cannot write.

    Where SQLite can keep no shared memory beside the file — a read-only medium — a journal that
    was closed is read as a file that nobody changes.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro"
    is_closed = not path.with_name(f"{path.name}-wal").exists()
    if at_rest and is_closed:
        return sqlite3.connect(f"{uri}&immutable=1", uri=True)
    database = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)
    try:
        database.execute("PRAGMA user_version")
    except sqlite3.OperationalError as error:
        database.close()
        is_closed = not path.with_name(f"{path.name}-wal").exists()
        if error.sqlite_errorcode & 0xFF not in _NO_SHARED_MEMORY or not is_closed:
            raise
        return sqlite3.connect(f"{uri}&immutable=1", uri=True)
    except sqlite3.DatabaseError:
        pass  # no database at all: said by whoever asks what it holds
    return database


@contextmanager
def _closed_on_error(database: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def _row(record: Record) -> tuple[object, ...]:
    body = record.body
    return (
        record.seq,
        record.at,
        record.kind,
        encode_trusted(body),
        encode_trusted(record.private),
        bytes.fromhex(record.salt or ""),
        record.private_commit,
        record.prev,
        record.hash,
        body.get("block_id"),
        body["id"] if record.kind == "decision" else None,
    )


def _record(row: _Row) -> Record:
    """A stored row as a record; its hashes are as stored, not as computed."""
    seq, at, kind, body, private, salt, commit, prev, stored_hash = row
    return Record(
        seq=seq,
        at=at,
        kind=kind,
        body=_object(seq, body),
        private_commit=commit,
        prev=prev,
        hash=stored_hash,
        private=_object(seq, private),
        salt=salt.hex(),
    )


def _object(seq: int, data: bytes) -> dict[str, Json]:
    try:
        value = loads_trusted(data)
    except ValueError as error:
        raise BadInput(f"Record {seq} cannot be read: {error}.", "Verify the journal.") from error
    if not isinstance(value, dict):
        raise BadInput(f"Record {seq} is no object.", "Verify the journal.")
    return value
