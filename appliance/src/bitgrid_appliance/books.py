"""The journal's books: hourly a slice is handed over and closed days kept, daily the head anchored.

Goes by the time of the records, so that a restart moves neither. Knows slices and anchors by
their protocols. Invariant: what was handed over before is not handed over again.
"""

from __future__ import annotations

from typing import Final

from bitgrid_appliance.ports import Anchors, CoreJournal, Days, Slices
from bitgrid_core.block import parse_at

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


class Books:
    """Slices and anchors of one journal."""

    def __init__(
        self, journal: CoreJournal, slices: Slices, anchors: Anchors, days: Days | None = None
    ) -> None:
        """Go on where the last ones were made; without days none is exported or taken out."""
        self._journal = journal
        self._slices = slices
        self._anchors = anchors
        self._days = days
        self._hour, self._day = self._handed_over()

    def keep(self, now_ms: int, at_ms: int) -> None:
        """Whatever is due at an instant.

        Args:
            now_ms: the instant.
            at_ms: when it is written; not before the newest record.

        Raises:
            StorageError: the disk did not take it.
        """
        if self._hour is not None and now_ms // _HOUR_MS > self._hour:
            self._slices.close_slice(self._journal, at_ms)
        if self._day is not None and now_ms // _DAY_MS > self._day:
            self._anchors.add(self._journal, at_ms)
        if self._days is not None and now_ms // _HOUR_MS > (self._hour or 0):
            self._days.keep(self._slices.last_seq, at_ms)
        self._hour = max(now_ms // _HOUR_MS, self._hour or 0)
        self._day = max(now_ms // _DAY_MS, self._day or 0)

    def close(self, at_ms: int) -> None:
        """Anchor the head and hand over what is left.

        Raises:
            StorageError: the disk did not take it.
        """
        self._anchors.add(self._journal, at_ms)
        self._slices.close_slice(self._journal, at_ms)

    def _handed_over(self) -> tuple[int | None, int | None]:
        """Hour of the first record that is in no slice yet, and day of the last anchor."""
        waiting = next(iter(self._journal.records(self._slices.last_seq + 1)), None)
        hour = parse_at(waiting.at) // _HOUR_MS if waiting else None
        anchored_ms = self._anchors.newest_at_ms()
        if anchored_ms is None:
            first = next(iter(self._journal.records(1, 1)), None)
            anchored_ms = parse_at(first.at) if first else None
        return hour, None if anchored_ms is None else anchored_ms // _DAY_MS
