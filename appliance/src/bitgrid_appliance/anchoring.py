"""Anchors on disk: the head is signed, written beside the journal, then recorded in it.

In that order, because only what stands outside the journal can prove that its tail was cut.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bitgrid_appliance.durable import append_line
from bitgrid_appliance.ports import LocalDay
from bitgrid_core.block import at_text, parse_at
from bitgrid_core.chain import Draft
from bitgrid_core.codec import encode
from bitgrid_core.journal.anchors import Sign, make_anchor, read_anchors
from bitgrid_core.journal.protocol import Journal


class AnchorFile:
    """The file of anchors beside a journal."""

    def __init__(self, path: Path, sign: Sign) -> None:
        self._path = path
        self._sign = sign

    def newest_at_ms(self) -> int | None:
        """See ``Anchors``.

        Raises:
            BadInput: the file is damaged.
        """
        found = read_anchors(self._path)
        return parse_at(found[-1].at) if found else None

    def add(self, journal: Journal, at_ms: int) -> None:
        """See ``Anchors``.

        Raises:
            StorageError: the disk did not take it.
        """
        anchor = make_anchor(journal.head(), at_text(at_ms), self._sign)
        append_line(self._path, encode(anchor.to_json()))
        journal.append([Draft(kind="anchor", body=anchor.to_json())], at_ms)


def local_day(time_zone: str) -> LocalDay:
    """The site-local date of an instant, as yyyymmdd."""
    zone = ZoneInfo(time_zone)

    def day_of(at_ms: int) -> int:
        moment = datetime.fromtimestamp(at_ms // 1000, zone)
        return moment.year * 10_000 + moment.month * 100 + moment.day

    return day_of
