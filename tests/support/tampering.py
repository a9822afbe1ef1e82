"""What somebody with the file in his hands can do to a journal on SQLite."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from bitgrid_core.block import at_text
from bitgrid_core.chain import GENESIS, Draft, Head, make_record
from bitgrid_core.codec import Json, encode, loads
from bitgrid_core.journal.anchors import Sign, make_anchor
from bitgrid_core.journal.sqlite import SqliteReader

_TRIGGERS = ("record_is_never_changed", "record_is_never_deleted", "record_follows_the_last")


def tamper(path: Path, *statements: str) -> None:
    """Run SQL on a journal that defends itself no longer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for trigger in _TRIGGERS:
            database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        database.execute("DROP INDEX IF EXISTS record_by_event")
        for statement in statements:
            database.execute(statement)


def change(path: Path, seq: int, column: str, value: object) -> None:
    """Write one column of one record."""
    tamper(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"UPDATE record SET {column} = ? WHERE seq = ?", (value, seq))


def change_body(path: Path, seq: int, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit a record's body in place; hashes stay as they were."""
    body = cast("dict[str, Any]", loads(stored(path, seq, "body")))
    edit(body)
    change(path, seq, "body", encode(cast("Json", body)))


def stored(path: Path, seq: int, column: str) -> Any:
    """One column of one record as it lies on disk."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f"SELECT {column} FROM record WHERE seq = ?", (seq,)).fetchone()[0]


def rewrite(path: Path, first: int) -> None:
    """Recompute every hash from a record on: the chain holds again, but is another one."""
    with SqliteReader(path) as reader:
        records = list(reader.records())
    tamper(path)
    prev = records[first - 2].hash if first > 1 else GENESIS
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for record in records[first - 1 :]:
            draft = Draft(kind=record.kind, body=record.body, private=record.private or {})
            salt = bytes.fromhex(record.salt or "")
            again = make_record(draft, record.seq, record.at, prev, salt)
            prev = again.hash
            database.execute(
                "UPDATE record SET private_commit = ?, prev = ?, hash = ? WHERE seq = ?",
                (again.private_commit, again.prev, again.hash, again.seq),
            )


def anchor_line(head: Head, at_ms: int, sign: Sign) -> bytes:
    """One line of an anchor file."""
    return encode(make_anchor(head, at_text(at_ms), sign).to_json()) + b"\n"


def head_at(path: Path, seq: int) -> Head:
    """The head when a record was the last."""
    return Head(seq=seq, hash=stored(path, seq, "hash"))
