"""The agent as a service: a turn at intervals, at once when the consent changes, and a clean end.

Listens to nothing: it ends on SIGTERM and SIGINT, or when its standard input closes, which tells
that its supervisor died.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bitgrid_core.errors import BitgridError
from bitgrid_mirror_agent import status
from bitgrid_mirror_agent.agent import Agent
from bitgrid_mirror_agent.bootstrap import build
from bitgrid_mirror_agent.settings import Settings

CONSENT_CHECK_S = 5
_TURN = "turn"


def run(settings: Settings, *, stdin_guard: bool, report: Callable[[BitgridError], None]) -> None:
    """Turn until the process is told to end; errors are reported and the next turn tries again."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    if stdin_guard:
        threading.Thread(target=_until_closed, args=(end,), daemon=True).start()

    def wait(wait_ms: int) -> bool:
        return end.wait(wait_ms / 1000)

    progress = status.Progress(settings.state, lambda _status: None)
    turns = _Turns(build(settings, wait, progress), settings.consent, report)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a turn may outlast its interval
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )
    jitter_s = min(settings.jitter_s, settings.interval_s // 10) or None
    scheduler.add_job(
        turns.turn,
        "interval",
        id=_TURN,
        seconds=settings.interval_s,
        jitter=jitter_s,
        next_run_time=datetime.now(UTC),
    )
    scheduler.add_job(turns.turn_if_consent_changed, "interval", seconds=CONSENT_CHECK_S)
    scheduler.start()
    end.wait()
    scheduler.shutdown(wait=True)


class _Turns:
    """Turns of one agent, one after the other."""

    def __init__(self, agent: Agent, consent: Path, report: Callable[[BitgridError], None]) -> None:
        self._agent = agent
        self._consent = consent
        self._report = report
        self._seen: tuple[int, int, int] | None = None

    def turn(self) -> None:
        """One turn; its error is for the log, and in the status file already."""
        self._seen = _mark(self._consent)
        try:
            self._agent.turn()
        except BitgridError as error:
            self._report(error)

    def turn_if_consent_changed(self) -> None:
        """A turn at once after granting or withdrawing: the end is said within a minute."""
        if _mark(self._consent) != self._seen:
            self.turn()


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _until_closed(end: threading.Event) -> None:
    """Read past Python's buffers, whose lock would hang the end of the program."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    end.set()
