"""Closed days as files, and what retention takes out of the journal once they are safe.

Order of a day: file written and synced under another name, renamed, folder synced, then the record
with its hash. Order of retention: every file read again and compared with its record, then the
``retention`` record, then the records are taken out. After a kill at any moment the next call
finishes or repeats it. Invariants: nothing is taken out that is not in a file, in the outbox and
below an anchor, or that a restart needs; trouble with a file stops no load.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, cast

import zstandard

from bitgrid_appliance.durable import replace_file
from bitgrid_core.chain import Draft, Head, Record
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.journal.days import CLOSED, Day, lines, next_closed
from bitgrid_core.journal.pruning import RETENTION, Retention, retention_of
from bitgrid_core.journal.sqlite import SqliteJournal

AT_ONCE: Final = 4
"""Days that one call exports or takes out at most, so that no tick waits for a backlog."""
MAX_LINE: Final = 8 * 1024 * 1024
_LEVEL: Final = 9
_PRIVATE: Final = 0o600
_log: Final = logging.getLogger("bitgrid.core")


class ClosedDays:
    """The closed days of one journal in one folder."""

    def __init__(self, folder: Path, journal: SqliteJournal, keep_days: int) -> None:
        """Export to ``folder``; keep so many closed days in the journal, 0 for all of them."""
        self._folder = folder
        self._journal = journal
        self._keep_days = keep_days

    def keep(self, handed_over: int, at_ms: int) -> None:
        """See ``Days``.

        Raises:
            StorageError: the journal did not take a record.
        """
        for _ in range(AT_ONCE):
            if not self._close_next(at_ms):
                break
        if self._keep_days:
            self._take_out(handed_over, at_ms)

    def _close_next(self, at_ms: int) -> bool:
        newest = self._journal.newest(CLOSED)
        day = next_closed(self._journal, 0 if newest is None else _Named.of(newest).last)
        data = None if day is None else self._write(day)
        if day is None or data is None:
            return False
        hashed: dict[str, Json] = {
            "file": day.file,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        self._journal.append([Draft(kind=CLOSED, body=day.to_json() | hashed)], at_ms)
        return True

    def _write(self, day: Day) -> bytes | None:
        """The file of a day, written; ``None`` if the disk did not take it."""
        packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        data = packer.compress(b"".join(lines(self._journal, day)))
        try:
            replace_file(self._folder / day.file, data, mode=_PRIVATE)
        except StorageError as error:
            _log.warning("closed day %s: %s", day.name, error)
            return None
        return data

    def _take_out(self, handed_over: int, at_ms: int) -> None:
        through = self._expired(handed_over)
        if through is None:
            return
        newest = self._journal.newest(RETENTION)
        if newest is None or retention_of(newest).through != through:
            said = Retention(through=through, kept=self._journal.staying(through.seq))
            self._journal.append([said.draft(self._keep_days)], at_ms)
        self._journal.prune(through)
        _log.info("the journal begins after record %d, before it are closed days", through.seq)

    def _expired(self, handed_over: int) -> Head | None:
        """Where the journal may begin, if that is not where it does."""
        days = [_Named.of(one) for one in self._journal.every(CLOSED, self._journal.base().seq + 1)]
        days = [day for day in days if day.last > self._journal.base().seq]
        bound = self._needed(handed_over)
        through = None
        for day in days[:AT_ONCE]:
            kept = days[-1].date.toordinal() - day.date.toordinal()
            if kept < self._keep_days or day.last > bound or not self._is_safe(day):
                break
            through = Head(seq=day.last, hash=day.head_after)
        return through

    def _needed(self, handed_over: int) -> int:
        """The last record that neither outbox nor anchor nor a restart needs here."""
        anchor, decision = self._journal.newest("anchor"), self._journal.newest("decision")
        if anchor is None or decision is None:
            return 0
        anchored = cast("dict[str, int]", anchor.body["anchor"])["seq"]
        ticked = self._journal.first_of_block(cast("int", decision.body["block_id"]))
        return 0 if ticked is None else min(handed_over, anchored - 1, ticked - 1)

    def _is_safe(self, day: _Named) -> bool:
        """Whether its file is what its record says; one that is gone is written again."""
        path = self._folder / day.file
        if not path.is_file():
            before = Head(seq=day.first - 1, hash=day.head_before)
            after = Head(seq=day.last, hash=day.head_after)
            self._write(Day(name=day.day, first=day.first, before=before, after=after))
        try:
            same = hashlib.sha256(path.read_bytes()).hexdigest() == day.sha256
        except OSError as error:
            _log.warning("closed day %s cannot be read: %s", day.day, error.strerror)
            return False
        if not same:
            _log.warning("closed day %s is not what its record says: nothing is taken out", path)
        return same


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What a ``closed_day`` record names."""

    day: str
    first: int
    last: int
    head_before: str
    head_after: str
    file: str
    sha256: str

    @classmethod
    def of(cls, record: Record) -> _Named:
        body = record.body
        return cls(
            day=str(body["day"]),
            first=cast("int", body["first"]),
            last=cast("int", body["last"]),
            head_before=str(body["head_before"]),
            head_after=str(body["head_after"]),
            file=str(body["file"]),
            sha256=str(body["sha256"]),
        )

    @property
    def date(self) -> date:
        """Its UTC date."""
        return date.fromisoformat(self.day)


@contextmanager
def open_lines(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a compressed file.

    Raises:
        BadInput: it cannot be read, is not compressed like this, or holds too long a line.
    """
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as unpacked:
            yield _lines(path, io.BufferedReader(cast("io.RawIOBase", unpacked)))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error
    except zstandard.ZstdError as error:
        raise BadInput(f"{path} cannot be unpacked: {error}.", "Take another copy.") from error


def _lines(path: Path, unpacked: io.BufferedReader) -> Iterator[bytes]:
    while line := unpacked.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise BadInput(f"{path} holds a line of over {MAX_LINE} bytes.", "Name a closed day.")
        yield line
