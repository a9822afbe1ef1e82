"""How a process of the appliance is told to end: SIGTERM, SIGINT, or its standard input closes.

A supervisor holds the other side of that standard input, so that its death, however sudden,
ends its children too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

_CHUNK = 4096


def ending(*, stdin_guard: bool) -> asyncio.Event:
    """An event that is set once the process shall end."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    if stdin_guard:
        thread = threading.Thread(target=_until_closed, args=(loop, event), daemon=True)
        thread.start()
    return event


async def run_until(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` until it is done or the event is set; then it is cancelled and awaited."""
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not task.done():
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def run_together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all until the first ends, which ends the others; its error is raised as it is."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _until_closed(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    """Read past Python's buffers, whose lock would hang the end of the program."""
    with suppress(OSError):
        while os.read(0, _CHUNK):
            pass
    with suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(event.set)
