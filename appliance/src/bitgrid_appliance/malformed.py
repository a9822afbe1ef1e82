"""Counts what arrives broken: logged once a minute and source, with a bound on the sources.

Knows no protocol. A flood of rubbish costs a counter, not a log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bitgrid_core.errors import BadInput

_EVERY_S: Final = 60.0
_MAX_SOURCES: Final = 256
_OTHERS: Final = "others"


@dataclass(slots=True)
class _Source:
    since_log: int = 0
    logged_s: float | None = None


class Malformed:
    """Counters by source."""

    def __init__(self, log: logging.Logger, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock_s = clock_s
        self._sources: dict[str, _Source] = {}
        self.total = 0

    def count(self, source: str, error: BadInput) -> None:
        """One more from ``source``."""
        self.total += 1
        if source not in self._sources and len(self._sources) >= _MAX_SOURCES:
            source = _OTHERS
        found = self._sources.setdefault(source, _Source())
        found.since_log += 1
        now_s = self._clock_s()
        if found.logged_s is None or now_s - found.logged_s >= _EVERY_S:
            self._log.warning("dropped %d from %.80s: %s", found.since_log, source, error)
            found.since_log, found.logged_s = 0, now_s
