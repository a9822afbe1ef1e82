"""Watches children: started in order, restarted with back-off, stopped in reverse.

Each change of state is one line for people. A child that ends with an error before it was ever
ready, or that fails again and again, ends the whole with its own last words and code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bitgrid_appliance.supervisor.child import Child, ChildSpec, start_child
from bitgrid_core.errors import (
    BadInput,
    BitgridError,
    CheckFailed,
    MissingDependency,
    Refused,
    StorageError,
)

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
SETTLED_S: Final = 5.0
"""A child that lived so long has not failed at its start."""
MOST_FAILURES: Final = 12
STOP_WITHIN_S: Final = 10.0
_POLL_S: Final = 0.05
_ERRORS: Final[dict[int, type[BitgridError]]] = {
    error.exit_code: error
    for error in (CheckFailed, BadInput, MissingDependency, Refused, StorageError)
}


@dataclass(slots=True, kw_only=True)
class _Watched:
    spec: ChildSpec
    child: Child
    task: asyncio.Task[None] | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Children of one data directory."""

    def __init__(self, log_dir: Path, report: Callable[[str], None]) -> None:
        self._log_dir = log_dir
        self._report = report
        self._watched: dict[str, _Watched] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, spec: ChildSpec) -> None:
        """Start a child and wait until it is ready.

        Raises:
            BitgridError: it ended, or was not ready in time; its own words and code.
        """
        child = await start_child(spec, self._log_dir)
        watched = _Watched(spec=spec, child=child)
        self._watched[spec.name] = watched
        await self._until_ready(watched)
        self._report(f"{spec.name}: running (process {child.pid})")
        watched.task = asyncio.create_task(self._watch(watched))

    async def wait(self, name: str) -> None:
        """Wait until a child that may end has done so.

        Raises:
            BitgridError: a child failed for good.
        """
        ended = asyncio.create_task(self._watched[name].ended.wait())
        await asyncio.wait((ended, self._failed), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if self._failed.done():
            self._failed.result()

    def pids(self) -> dict[str, int]:
        """Process id of each child by name."""
        return {name: watched.child.pid for name, watched in self._watched.items()}

    async def stop(self, name: str) -> None:
        """Stop one child; nothing if it is not there."""
        watched = self._watched.get(name)
        if watched is None:
            return
        watched.stopping.set()
        if watched.child.code is None:
            code = await watched.child.stop(STOP_WITHIN_S)
            self._report(f"{name}: stopped" + (f" (code {code})" if code else ""))
        if watched.task is not None:
            await watched.task
        del self._watched[name]

    async def stop_all(self) -> None:
        """Stop every child, the last started first."""
        for name in reversed(list(self._watched)):
            await self.stop(name)

    async def _until_ready(self, watched: _Watched) -> None:
        spec, child = watched.spec, watched.child
        deadline_s = asyncio.get_running_loop().time() + spec.ready_within_s
        while spec.ready is not None and not await spec.ready(child.pid):
            if child.code is not None:
                raise _error(spec.name, child, self._log_dir)
            if asyncio.get_running_loop().time() > deadline_s:
                raise MissingDependency(
                    f"{spec.name} was not ready within {spec.ready_within_s:.0f} s.",
                    f"See {self._log_dir / spec.name}.log.",
                )
            await asyncio.sleep(_POLL_S)

    async def _watch(self, watched: _Watched) -> None:
        failures = 0
        while True:
            code = await watched.child.wait()
            if watched.stopping.is_set():
                return
            if code == 0 and watched.spec.ends:
                self._report(f"{watched.spec.name}: done")
                watched.ended.set()
                return
            failures = 0 if watched.child.uptime_s > SETTLED_S else failures + 1
            if failures > MOST_FAILURES:
                error = _error(watched.spec.name, watched.child, self._log_dir)
                if not self._failed.done():
                    self._failed.set_exception(error)
                return
            pause_s = min(FIRST_PAUSE_S * 2**failures, LONGEST_PAUSE_S)
            self._report(f"{watched.spec.name}: ended with code {code}; again in {pause_s:.1f} s")
            if await _is_set_within(watched.stopping, pause_s):
                return
            watched.child = await start_child(watched.spec, self._log_dir)
            if watched.stopping.is_set():  # asked to stop while it was being started
                await watched.child.stop(STOP_WITHIN_S)
                return
            self._report(f"{watched.spec.name}: running (process {watched.child.pid})")


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


def _error(name: str, child: Child, log_dir: Path) -> BitgridError:
    """A child's end as an error of the same class, in its own words."""
    kind = _ERRORS.get(child.code or 0, MissingDependency)
    words = child.last_words() or f"it ended with code {child.code}."
    return kind(f"{name}: {words}", f"Its log is {log_dir / name}.log.")
