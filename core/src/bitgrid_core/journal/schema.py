"""The journal's tables, as numbered migrations; triggers forbid update and delete."""

from __future__ import annotations

import sqlite3
from typing import Final

from bitgrid_core.errors import StorageError

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
)
"""One script per version, applied in order; ``user_version`` counts them. ``block`` and
``event`` repeat what stands in the body, for look-ups; they are not part of the chain."""


def migrate(database: sqlite3.Connection) -> None:
    """Bring a database to the newest version.

    Raises:
        StorageError: it was written by a newer program.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StorageError(
            f"The journal has format {version}, this program knows {len(MIGRATIONS)}.",
            "Use the newer version that wrote it.",
        )
    for number in range(version, len(MIGRATIONS)):
        database.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
        )
