"""The agent's memory on disk: SQLite that is durable at each commit, with numbered migrations.

Everything that must be true together is changed in one transaction. Other modules put the tables
to use: `log` the leaves and checkpoints, `queue` what is to be pushed.

Invariant: at most one checkpoint per shard and size; a write-once name is queued at most once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitgrid_core.errors import StorageError
from bitgrid_mirror_agent.durable import Hook

MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE cursor (
        stream TEXT PRIMARY KEY, last INTEGER NOT NULL, head TEXT NOT NULL
    ) STRICT;
    CREATE TABLE leaf (
        shard INTEGER NOT NULL, seq INTEGER NOT NULL, data BLOB NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (shard, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE node (
        shard INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (shard, level, idx)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE checkpoint (
        shard INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,
        confirmed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (shard, size)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE put (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        shard INTEGER NOT NULL, name TEXT NOT NULL, once INTEGER NOT NULL, size INTEGER NOT NULL,
        body BLOB, spool TEXT, leaf INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'pending',
        UNIQUE (shard, name)
    ) STRICT;
    CREATE INDEX put_state ON put (state, id);
    CREATE TABLE tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    """,
)


class Ledger:
    """An open ledger.

    Args:
        path: the database file; created with its tables if it is not there.
        hook: told each commit, right before and right after it.

    Raises:
        StorageError: it cannot be opened, or a newer agent wrote it.
    """

    def __init__(self, path: Path, hook: Hook) -> None:
        self._hook = hook
        try:
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self.db.execute(f"PRAGMA {pragma}")
            self._migrate()
        except sqlite3.Error as error:
            raise StorageError(
                f"The ledger {path} cannot be opened: {error}.",
                f"Move {path.parent} away: the agent then starts a new log with a new key.",
            ) from error

    def close(self) -> None:
        """Close the database; its write-ahead log goes into the file."""
        self.db.close()

    @contextmanager
    def transaction(self, name: str) -> Iterator[None]:
        """All changes inside, durably, or none of them."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._hook(f"{name}.commit")
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError(
                f"The ledger cannot be written: {error}.", "Free some disk space."
            ) from error
        self._hook(f"{name}.committed")

    def get(self, key: str, default: str = "") -> str:
        """A single value by its key."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else str(row[0])

    def set(self, key: str, value: str) -> None:
        """Set a single value; inside a transaction."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def count(self, name: str, more: int = 0) -> int:
        """A tally, raised by ``more``."""
        if more:
            self.db.execute(
                "INSERT INTO tally VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (name, more),
            )
        row = self.db.execute("SELECT value FROM tally WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def cursor(self, stream: str) -> int:
        """Last sequence number of a stream that the log has accounted for."""
        row = self.db.execute("SELECT last FROM cursor WHERE stream = ?", (stream,)).fetchone()
        return 0 if row is None else int(row[0])

    def head(self, stream: str) -> str:
        """Journal head after the cursor, in hex; empty where a gap ended."""
        row = self.db.execute("SELECT head FROM cursor WHERE stream = ?", (stream,)).fetchone()
        return "" if row is None else str(row[0])

    def advance(self, stream: str, last: int, head: str) -> None:
        """Move a stream's cursor; inside the transaction that appends its leaf."""
        assert last > self.cursor(stream), (stream, last)
        self.db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (stream, last, head))

    def _migrate(self) -> None:
        version = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise StorageError(
                f"The ledger has version {version}; this agent knows {len(MIGRATIONS)}.",
                "Update the agent.",
            )
        for number in range(version, len(MIGRATIONS)):
            self.db.executescript(
                f"BEGIN; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
            )
