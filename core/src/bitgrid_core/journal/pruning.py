"""Takes the records of expired closed days out of a journal; nothing else can delete one.

What stays of them is the newest record of the kinds in ``KEPT``, so that whoever asks for the
newest policy, boot, autonomy or consent gets the same answer as before. Invariants: what is taken
away, and what stays, is named by a ``retention`` record in the chain behind it; both steps may be
interrupted, and repeated.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final, cast

from bitgrid_core.chain import Draft, Head, Record
from bitgrid_core.codec import Json

RETENTION: Final = "retention"
"""Kind of the record that says what was taken out."""
KEPT: Final = (
    *("policy", "boot", "autonomy", "consent", "closed_day"),
    *("forecast", "prices", "learnt"),
)
"""Kinds of which somebody asks for the newest record, however old."""
_MARKS: Final = ",".join("?" * len(KEPT))
_KEPT_BELOW: Final = (
    f"SELECT MAX(seq) FROM record WHERE seq <= ? AND kind IN ({_MARKS}) GROUP BY kind"  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What a ``retention`` record says.

    Attributes:
        through: the last record that was taken out, with its hash: where the chain now begins.
        kept: number and hash of the records that stay below.
    """

    through: Head
    kept: tuple[Head, ...]

    def draft(self, days: int) -> Draft:
        """As a record; ``days`` says how many closed days the owner keeps."""
        body: dict[str, Json] = {
            "through": self.through.seq,
            "hash": self.through.hash,
            "kept": [[head.seq, head.hash] for head in self.kept],
            "days": days,
        }
        return Draft(kind=RETENTION, body=body)


def retention_of(record: Record) -> Retention:
    """What a record of that kind says.

    Raises:
        KeyError, TypeError, ValueError: it is none that this program wrote.
    """
    body = record.body
    kept = cast("list[list[object]]", body["kept"])
    return Retention(
        through=Head(seq=cast("int", body["through"]), hash=str(body["hash"])),
        kept=tuple(Head(seq=cast("int", seq), hash=str(text)) for seq, text in kept),
    )


def base(database: sqlite3.Connection) -> Head:
    """Where the chain begins: after the last record that was taken out."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'pruned'").fetchone():
        return Head()  # written before there was retention
    row = database.execute(
        "SELECT through, hash FROM pruned ORDER BY through DESC LIMIT 1"
    ).fetchone()
    return Head(seq=row[0], hash=row[1]) if row else Head()


def staying(database: sqlite3.Connection, through: int) -> tuple[Head, ...]:
    """The records at or below ``through`` that would stay, or stayed."""
    rows = database.execute(
        f"SELECT seq, hash FROM record WHERE seq IN ({_KEPT_BELOW}) ORDER BY seq",  # noqa: S608
        (through, *KEPT),
    )
    return tuple(Head(seq=seq, hash=text) for seq, text in rows)


def prune(database: sqlite3.Connection, through: Head) -> None:
    """Take out all records at or below ``through`` but those that stay, in one transaction."""
    database.execute("BEGIN IMMEDIATE")
    try:
        database.execute("INSERT INTO pruned VALUES (?, ?)", (through.seq, through.hash))
        database.execute(
            f"DELETE FROM record WHERE seq <= ? AND seq NOT IN ({_KEPT_BELOW})",  # noqa: S608
            (through.seq, through.seq, *KEPT),
        )
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
