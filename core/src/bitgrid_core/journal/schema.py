"""The journal's tables, as numbered migrations; triggers forbid update and delete.

What retention takes out must stand in ``pruned`` before: where the chain now begins.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from bitgrid_core.errors import BadInput, StorageError

MIGRATIONS: Final = (
    """
    CREATE TABLE record (
        seq     INTEGER PRIMARY KEY,
        at      TEXT NOT NULL,
        kind    TEXT NOT NULL,
        body    BLOB NOT NULL,
        private BLOB NOT NULL,
        salt    BLOB NOT NULL,
        private_commit TEXT NOT NULL,
        prev    TEXT NOT NULL,
        hash    TEXT NOT NULL,
        block   INTEGER,
        event   TEXT
    ) STRICT;
    CREATE INDEX record_by_kind ON record (kind);
    CREATE INDEX record_by_block ON record (kind, block);
    CREATE UNIQUE INDEX record_by_event ON record (event) WHERE event IS NOT NULL;
    CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER record_follows_the_last BEFORE INSERT ON record
        WHEN NEW.seq <> 1 + COALESCE((SELECT MAX(seq) FROM record), 0)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    """,
    """
    CREATE TABLE pruned (through INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
    CREATE TRIGGER pruned_is_a_record BEFORE INSERT ON pruned
        WHEN NOT EXISTS (SELECT 1 FROM record WHERE seq = NEW.through AND hash = NEW.hash)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER pruned_is_never_changed BEFORE UPDATE ON pruned
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER pruned_is_never_deleted BEFORE DELETE ON pruned
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    DROP TRIGGER record_is_never_deleted;
    CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
        WHEN OLD.seq > COALESCE((SELECT MAX(through) FROM pruned), 0)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    """,
)
"""One script per version, applied in order; ``user_version`` counts them. ``block`` and
``event`` repeat what stands in the body, for look-ups; they are not part of the chain."""


def migrate(database: sqlite3.Connection, path: Path) -> None:
    """Bring a database to the newest version; an empty one becomes a journal.

    Raises:
        StorageError: it was written by a newer program, or by another one.
    """
    version = _version(database, path)
    if version == 0 and database.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StorageError(
            f"{path} is a database, but no journal.", "Name another file; nothing was written."
        )
    for number in range(version, len(MIGRATIONS)):
        database.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
        )


def require_journal(database: sqlite3.Connection, path: Path) -> None:
    """Refuse what is no journal that this program can read.

    Raises:
        BadInput: another kind of file.
        StorageError: it was written by a newer program.
    """
    try:
        version = _version(database, path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        version = 0
    if version == 0:
        raise BadInput(f"{path} is no journal.", "Name the file journal.sqlite.")


def _version(database: sqlite3.Connection, path: Path) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StorageError(
            f"The journal {path} has format {version}, this program knows {len(MIGRATIONS)}.",
            "Use the newer version that wrote it.",
        )
    return version
