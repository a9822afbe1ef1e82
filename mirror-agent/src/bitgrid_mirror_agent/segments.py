"""Cuts a stream's slices into segments, one per sealed object, and names what is not there.

A segment ends at the first end of a slice after about 1 MiB, or in the midst of a slice before it
grows too large. Slices that the consent does not cover, that core pruned or that never were in the
index become gaps: each sequence number after the cursor is in exactly one segment or gap.

Reads nothing of a slice that is not covered. Holds one segment at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bitgrid_core.archive.leaf import Cause
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.archive.manifest import SlicePart, part_name
from bitgrid_mirror_agent.consent import Consent
from bitgrid_mirror_agent.outbox_reader import OutboxReader, Record, Slice
from bitgrid_mirror_agent.redaction import redacted


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Sequence numbers that do not leave, and why."""

    stream: str
    first: int
    last: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What becomes one sealed object: files in order, and what their slices say about them."""

    stream: str
    parts: tuple[SlicePart, ...]
    contents: tuple[bytes, ...]
    slices: tuple[Slice, ...]

    @property
    def first(self) -> int:
        """First sequence number."""
        return self.parts[0].first

    @property
    def last(self) -> int:
        """Last sequence number."""
        return self.parts[-1].last


@dataclass(slots=True)
class _Open:
    """The segment under construction and the part of it that is still growing."""

    stream: str
    parts: list[SlicePart] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    first: int = 0
    head_before: str = ""
    size: int = 0

    def add(self, entry: Slice, record: Record, line: bytes) -> None:
        if not self.lines:
            self.first, self.head_before = record.seq, record.prev
        if not self.slices or self.slices[-1] is not entry:
            self.slices.append(entry)
        self.lines.append(line)
        self.size += len(line)

    def end_part(self, last: int, head_after: str) -> None:
        if not self.lines:
            return
        content = b"".join(self.lines)
        self.lines.clear()
        part = SlicePart(
            name=part_name(self.stream, self.first, last),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            first=self.first,
            last=last,
            head_before=self.head_before,
            head_after=head_after,
        )
        self.parts.append(part)
        self.contents.append(content)

    def close(self) -> Segment:
        segment = Segment(
            stream=self.stream,
            parts=tuple(self.parts),
            contents=tuple(self.contents),
            slices=tuple(self.slices),
        )
        self.parts, self.contents, self.slices, self.size = [], [], [], 0
        return segment

    @property
    def full(self) -> bool:
        return self.size >= LIMITS.segment_target or len(self.parts) >= LIMITS.manifest_files // 2


def cut(
    outbox: OutboxReader, stream: str, cursor: int, consent: Consent
) -> Iterator[Segment | Gap]:
    """Segments and gaps that continue a stream after the sequence number ``cursor``."""
    growing = _Open(stream)
    for item in _merged(_selected(outbox, stream, cursor, consent)):
        if isinstance(item, Gap):
            if growing.parts:
                yield growing.close()
            yield item
        else:
            yield from _fill(growing, outbox, item, (cursor, consent))
    if growing.parts:
        yield growing.close()


def _fill(
    growing: _Open, outbox: OutboxReader, entry: Slice, rest: tuple[int, Consent]
) -> Iterator[Segment]:
    cursor, consent = rest
    for record in outbox.records(entry):
        if record.seq <= cursor:
            continue
        line = redacted(record.document, record.line, consent.profile)
        if growing.size and growing.size + len(line) > LIMITS.segment_most:
            growing.end_part(record.seq - 1, record.prev)
            yield growing.close()
        growing.add(entry, record, line)
    growing.end_part(entry.last, entry.head_after)
    if growing.full:
        yield growing.close()


def _selected(
    outbox: OutboxReader, stream: str, cursor: int, consent: Consent
) -> Iterator[Slice | Gap]:
    """Slices to read and gaps, in the order of sequence numbers, from ``cursor + 1`` on."""
    end = cursor
    for entry in outbox.slices(stream):
        if entry.last <= end:
            continue
        if entry.closed_at_ms > consent.valid_until_ms:
            return
        if entry.first > end + 1:
            yield Gap(stream=stream, first=end + 1, last=entry.first - 1, cause=Cause.MISSING)
        start, end = max(entry.first, end + 1), entry.last
        if not consent.covers(entry.closed_at_ms):
            yield Gap(stream=stream, first=start, last=end, cause=Cause.UNCOVERED)
        elif not outbox.has(entry):
            yield Gap(stream=stream, first=start, last=end, cause=Cause.MISSING)
        else:
            yield entry


def _merged(items: Iterator[Slice | Gap]) -> Iterator[Slice | Gap]:
    """Neighbouring gaps of one cause as one."""
    waiting: Gap | None = None
    for item in items:
        if isinstance(item, Gap) and waiting is not None and waiting.cause is item.cause:
            waiting = replace(waiting, last=item.last)
            continue
        if waiting is not None:
            yield waiting
        waiting = item if isinstance(item, Gap) else None
        if not isinstance(item, Gap):
            yield item
    if waiting is not None:
        yield waiting
