"""What is to be pushed, in order: objects before the tiles that cover them, checkpoints last.

Rows are names within a shard with a body in the ledger or a file in the spool. A row stays when
its body is gone: a write-once name is never queued twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitgrid_core.archive import names
from bitgrid_mirror_agent.ledger import Ledger
from bitgrid_mirror_agent.store import Body

_COLUMNS = "id, shard, name, once, size, body, spool, leaf, attempts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One thing to push. ``leaf`` is the index of the leaf that names it, if one does."""

    id: int
    shard: int
    name: str
    once: bool
    size: int
    body: bytes | None
    spool: str | None
    leaf: int | None
    attempts: int


class Queue:
    """The queue in a ledger.

    Args:
        ledger: where the rows are.
        spool: directory of the sealed objects.
    """

    def __init__(self, ledger: Ledger, spool: Path) -> None:
        self._ledger = ledger
        self._spool = spool

    def add(self, shard: int, name: str, body: bytes) -> None:
        """Queue a write-once body; inside a transaction."""
        self._ledger.db.execute(
            "INSERT INTO put (shard, name, once, size, body) VALUES (?, ?, 1, ?, ?)",
            (shard, name, len(body), body),
        )

    def add_mutable(self, shard: int, name: str, body: bytes) -> None:
        """Queue the newest content of a mutable name, in place of any older one."""
        self._ledger.db.execute("DELETE FROM put WHERE shard = ? AND name = ?", (shard, name))
        self._ledger.db.execute(
            "INSERT INTO put (shard, name, once, size, body) VALUES (?, ?, 0, ?, ?)",
            (shard, name, len(body), body),
        )

    def add_object(self, shard: int, path: Path, leaf: int) -> None:
        """Queue a sealed object that lies in the spool; inside its leaf's transaction."""
        self._ledger.db.execute(
            "INSERT INTO put (shard, name, once, size, spool, leaf) VALUES (?, ?, 1, ?, ?, ?)",
            (shard, names.sealed_object(path.stem), path.stat().st_size, path.name, leaf),
        )

    def pending(self) -> Iterator[Put]:
        """What is still to be pushed, one at a time; what is added meanwhile comes too."""
        done = 0
        query = f"SELECT {_COLUMNS} FROM put WHERE state = 'pending' AND id > ? ORDER BY id LIMIT 1"  # noqa: S608 - a constant
        while row := self._ledger.db.execute(query, (done,)).fetchone():
            done = row[0]
            yield _put(row)

    def pending_count(self) -> int:
        """How many things are still to be pushed."""
        query = "SELECT count(*) FROM put WHERE state = 'pending'"
        return int(self._ledger.db.execute(query).fetchone()[0])

    def pending_objects(self) -> list[Put]:
        """Sealed objects that no store has confirmed."""
        query = f"SELECT {_COLUMNS} FROM put WHERE state = 'pending' AND spool IS NOT NULL"  # noqa: S608 - a constant
        return [_put(row) for row in self._ledger.db.execute(query).fetchall()]

    def body(self, put: Put) -> Body:
        """What to send."""
        return put.body if put.body is not None else self._spool / str(put.spool)

    def raise_attempts(self, put: Put, before: int) -> int:
        """Durably count one more attempt than ``before``, before it is made."""
        with self._ledger.transaction("attempt"):
            self._ledger.db.execute(
                "UPDATE put SET attempts = ? WHERE id = ?", (before + 1, put.id)
            )
        return before + 1

    def done(self, put: Put) -> None:
        """Mark as pushed, and let go what a confirmed checkpoint covers."""
        size = names.checkpoint_size(put.name)
        with self._ledger.transaction("done"):
            self._ledger.db.execute(
                "UPDATE put SET state = 'done', body = NULL WHERE id = ?", (put.id,)
            )
            self._ledger.count("bytes_pushed", put.size)
            released = [] if size is None else self._confirm(put.shard, size)
        for name in released:
            (self._spool / name).unlink(missing_ok=True)

    def _confirm(self, shard: int, size: int) -> list[str]:
        db = self._ledger.db
        db.execute(
            "UPDATE checkpoint SET confirmed = 1 WHERE shard = ? AND size = ?", (shard, size)
        )
        where = "shard = ? AND leaf < ? AND state = 'done' AND spool IS NOT NULL"
        rows = db.execute(f"SELECT spool FROM put WHERE {where}", (shard, size)).fetchall()  # noqa: S608 - a constant
        db.execute(f"UPDATE put SET spool = NULL WHERE {where}", (shard, size))  # noqa: S608 - a constant
        return [str(row[0]) for row in rows]

    def abandon(self, put_ids: list[int]) -> None:
        """Give up rows for good; inside the transaction that declares why."""
        self._ledger.db.executemany(
            "UPDATE put SET state = 'abandoned', body = NULL, spool = NULL WHERE id = ?",
            [(one,) for one in put_ids],
        )

    def tidy_spool(self) -> None:
        """Remove files that no row names: leftovers of a crash that never left the machine."""
        query = "SELECT spool FROM put WHERE spool IS NOT NULL"
        known = {str(row[0]) for row in self._ledger.db.execute(query).fetchall()}
        for path in self._spool.iterdir():
            if path.name not in known:
                path.unlink()


def _put(row: tuple[Any, ...]) -> Put:
    """A row of a STRICT table, whose types SQLite keeps."""
    number, shard, name, once, size, body, spool, leaf, attempts = row
    return Put(
        id=number,
        shard=shard,
        name=name,
        once=bool(once),
        size=size,
        body=body,
        spool=spool,
        leaf=leaf,
        attempts=attempts,
    )
