"""A core's books on disk over some days: journal, outbox, anchors and closed days, without a broker."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from bitgrid_appliance.anchoring import AnchorFile
from bitgrid_appliance.books import Books
from bitgrid_appliance.closed_days import ClosedDays, open_lines
from bitgrid_appliance.keys import core_key
from bitgrid_appliance.settings import Layout
from bitgrid_core.chain import Draft, Record, from_json
from bitgrid_core.codec import loads
from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from bitgrid_core.outbox import Outbox
from support.decided import FIRST_BLOCK, START_MS, decided

BLOCK_MS = 600_000
DAY_MS = 144 * BLOCK_MS
HOUR_BLOCKS = 6


@dataclass(frozen=True, slots=True)
class Kept:
    """The books of one data directory while somebody has them open."""

    layout: Layout
    journal: SqliteJournal
    outbox: Outbox
    anchors: AnchorFile
    days: ClosedDays

    def live(self, blocks: Collection[int]) -> None:
        """Record blocks as a core does: first the books that are due, then inputs and decisions.

        An hour at once, because each append waits for the disk; hours that do not begin with one of
        these blocks are as if nothing had run.
        """
        books = Books(self.journal, self.outbox, self.anchors, self.days)
        for hour, drafts in _drafts(max(blocks) + 1):
            if hour * HOUR_BLOCKS in blocks:
                now_ms = START_MS + hour * HOUR_BLOCKS * BLOCK_MS
                books.keep(now_ms, now_ms)
                self.journal.append(list(drafts), now_ms)


@contextmanager
def opened(data: Path, keep_days: int) -> Iterator[Kept]:
    """The books of a data directory, which is made if it is not there."""
    layout = Layout(data)
    layout.core_key.parent.mkdir(parents=True, exist_ok=True)
    key = core_key(layout.core_key, layout.core_pub)
    with closing(SqliteJournal(layout.journal)) as journal:
        yield Kept(
            layout=layout,
            journal=journal,
            outbox=Outbox(layout.outbox),
            anchors=AnchorFile(layout.anchors, key.sign),
            days=ClosedDays(layout.days, journal, keep_days),
        )


def lived(data: Path, blocks: Collection[int], keep_days: int) -> Layout:
    """A data directory after these blocks, counted from a midnight on."""
    with opened(data, keep_days) as kept:
        kept.live(blocks)
        return kept.layout


def on_file(layout: Layout) -> list[Record]:
    """The records of all closed days, as they lie in their files."""
    found = []
    for path in sorted(layout.days.glob("*.jsonl.zst")):
        with open_lines(path) as lines:
            found += [from_json(loads(line)) for line in list(lines)[1:]]
    return found


def in_journal(layout: Layout) -> list[Record]:
    """The records that the journal still holds in its chain."""
    with SqliteReader(layout.journal) as reader:
        return list(reader.records(reader.base().seq + 1))


@cache
def _drafts(blocks: int) -> tuple[tuple[int, tuple[Draft, ...]], ...]:
    """What each hour appends; the boot and the policy come with the first one."""
    number, numbered = 0, []
    for record in decided(blocks):
        if record.kind == "block":
            number = int(str(record.body["block_id"])) - FIRST_BLOCK
        numbered.append((number, Draft(kind=record.kind, body=record.body)))
    boot = (0, Draft(kind="boot", body={"boot": 7, "software": "test"}))
    groups = groupby([boot, *numbered], key=lambda pair: pair[0] // HOUR_BLOCKS)
    return tuple((hour, tuple(draft for _number, draft in group)) for hour, group in groups)
