"""Ctrl-C in the program that holds the others: the first ends the days, the second everything."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

from bitgrid_core.errors import CheckFailed

_AGAIN_S: Final = 0.5


class Interrupted:
    """Whether a person asked to end."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._task = asyncio.current_task()
        self._asked_s = 0.0

    def signal(self) -> None:
        """Asked once: end the days; asked again: end everything.

        Wrappers such as ``timeout`` send one request twice; at once is not again.
        """
        now_s = time.monotonic()
        if self._event.is_set() and now_s - self._asked_s > _AGAIN_S and self._task is not None:
            self._task.cancel()
        self._asked_s = now_s
        self._event.set()

    async def or_done(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for ``work``, or for the first request to end."""
        working = asyncio.create_task(work)
        asked = asyncio.create_task(self._event.wait())
        await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if working.done():
            working.result()
        working.cancel()


@contextmanager
def interruptible() -> Iterator[Interrupted]:
    """Handle SIGINT and SIGTERM for the body.

    Raises:
        CheckFailed: asked twice: what ran was stopped, and nothing was verified.
    """
    interrupted = Interrupted()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.signal)
    try:
        yield interrupted
    except asyncio.CancelledError:
        raise CheckFailed(
            "Ended before the archive was verified.", "Start again with the same --data."
        ) from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
