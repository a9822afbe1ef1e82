"""Closed days: a journal's records of one UTC day as lines, with what a replay needs before them.

A day begins with the first ``block`` record that decides a block of it and ends before the first
one of a later day, so that no decision is parted from what it was decided on. It is closed as soon
as a later day has begun. Its first line is a header: where the day stands in the chain, and the
policy in force before it. Knows no compression and no file. Invariants: one day of one journal
has one sequence of bytes; days join without a hole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, cast

from bitgrid_core.block import BLOCK_MS, BLOCKS_PER_DAY, at_text
from bitgrid_core.chain import Head, Record, from_json, verify_chain
from bitgrid_core.codec import Json, encode_trusted, loads
from bitgrid_core.errors import BadInput, CheckFailed
from bitgrid_core.journal.protocol import JournalReader

FORMAT: Final = 1
SUFFIX: Final = ".jsonl.zst"
CLOSED: Final = "closed_day"
"""Kind of the record that names a closed day and the hash of its file."""


class DayReader(JournalReader, Protocol):
    """A journal with the look-up by block."""

    def first_of_block(self, block_id: int) -> int | None:
        """Sequence number of a block's ``block`` record, or of the next later one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A closed day in its journal.

    Attributes:
        name: UTC date, as 2024-06-01.
        first: number of its first record.
        before: the chain before it.
        after: the chain at its end.
    """

    name: str
    first: int
    before: Head
    after: Head

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.name}{SUFFIX}"

    def to_json(self) -> dict[str, Json]:
        """As in header and record."""
        return {
            "v": FORMAT,
            "day": self.name,
            "first": self.first,
            "last": self.after.seq,
            "head_before": self.before.hash,
            "head_after": self.after.hash,
        }


def next_closed(journal: DayReader, after: int) -> Day | None:
    """The day that follows record ``after``, if a later one has begun."""
    first = next(iter(journal.records(after + 1, after + 1)), None)
    block = next((one for one in journal.records(after + 1) if one.kind == "block"), None)
    if first is None or block is None:
        return None
    day = cast("int", block.body["block_id"]) // BLOCKS_PER_DAY
    end = journal.first_of_block((day + 1) * BLOCKS_PER_DAY)
    if end is None:
        return None
    last = next(iter(journal.records(end - 1, end - 1)))
    return Day(
        name=at_text(day * BLOCKS_PER_DAY * BLOCK_MS)[:10],
        first=first.seq,
        before=Head(seq=first.seq - 1, hash=first.prev),
        after=Head(seq=last.seq, hash=last.hash),
    )


def lines(journal: JournalReader, day: Day) -> Iterator[bytes]:
    """A day's file before compression: the header, then a line for each record."""
    policy = journal.newest("policy", before=day.first)
    header = day.to_json() | {"policy": None if policy is None else policy.to_json()}
    yield encode_trusted(header) + b"\n"
    for record in journal.records(day.first, day.after.seq):
        yield encode_trusted(record.to_json()) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """The header of a file.

    Attributes:
        day: where it stands.
        policy: the record of the policy in force before it, or ``None``.
    """

    day: Day
    policy: Record | None


def header_of(line: bytes) -> ClosedDay:
    """The first line of a file.

    Raises:
        BadInput: it is no header of this format.
    """
    try:
        found = cast("dict[str, Json]", loads(line))
        if found["v"] != FORMAT:
            raise BadInput(f"Format {found['v']!r} is unknown.", "Use a newer version.")
        before = Head(seq=_whole(found["first"]) - 1, hash=str(found["head_before"]))
        after = Head(seq=_whole(found["last"]), hash=str(found["head_after"]))
        day = Day(name=str(found["day"]), first=before.seq + 1, before=before, after=after)
        policy = found["policy"]
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"The first line is no header of a day: {error!r}.", "Name a day."
        ) from error
    return ClosedDay(day=day, policy=None if policy is None else from_json(policy))


def records_of(closed: ClosedDay, rest: Iterator[bytes]) -> Iterator[Record]:
    """A day's records after its header, each following the last, to the end that it names.

    Raises:
        BadInput: a line is no record.
        CheckFailed: a record was changed, or one is missing.
    """
    head = closed.day.before
    for line in rest:
        record = from_json(loads(line))
        head, fault = verify_chain([record], head)
        if fault is not None:
            raise CheckFailed(f"{closed.day.name}: {fault.reason}.", "Take another copy.")
        yield record
    if head != closed.day.after:
        raise CheckFailed(
            f"{closed.day.name}: it ends at record {head.seq} and not as it says.",
            "Take another copy.",
        )


def _whole(value: Json) -> int:
    if type(value) is not int or value < 1:
        raise TypeError(value)
    return value
