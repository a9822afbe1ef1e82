"""What the core does between two ticks: stops that cannot wait, and what people ask for.

Invariants: nothing but a safety stop acts before its record; a stop waits at most
``RECORD_WITHIN_S`` for it, also while a tick hangs on the disk, and then the record follows, with
a ``recorded_late`` behind it that names it. Records keep the order in which things took effect, so
that a replay holds. Where nothing can be recorded any more, every load goes to safe.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from bitgrid_appliance.clock import Clocks
from bitgrid_appliance.foreseen import Foreseen
from bitgrid_appliance.health import health
from bitgrid_appliance.mqtt import Outgoing, Session
from bitgrid_appliance.requests import Requests
from bitgrid_appliance.runtime import Runtime
from bitgrid_core.context import Measurement
from bitgrid_core.errors import StorageError

COMPONENT: Final = "core"
JOURNAL_LOST: Final = "JOURNAL_LOST"
RECORD_WITHIN_S: Final = 0.2
_TRACE_AFTER_S: Final = 0.1
_log: Final = logging.getLogger("bitgrid.core")


@dataclass(slots=True, kw_only=True)
class _Stop:
    """A stop on its way into the journal."""

    found: Foreseen
    now_ms: int
    acted: asyncio.Event = field(default_factory=asyncio.Event)
    tracing: asyncio.Task[None] | None = None


class BetweenTicks:
    """One runtime's doings between its ticks."""

    def __init__(self, runtime: Runtime, *, by_wall: bool, clocks: Clocks | None = None) -> None:
        """Begin; ``by_wall`` says whose clock it is."""
        self._runtime = runtime
        self._by_wall = by_wall
        self._clocks = clocks or Clocks()
        self._requests = Requests(runtime)
        self._lock = asyncio.Lock()
        self._recording: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._meanwhile: list[Measurement] = []

    async def measured(self, session: Session, sample: Measurement) -> None:
        """Stop what a measurement says must not run on."""
        if not await self._has_turn():
            self._meanwhile.append(sample)
            found = self._runtime.alarm(sample, self._wall_ms())
            await self._stop_unrecorded(session, [] if found is None else [found])
            return
        try:
            found = self._runtime.alarm(sample, self._wall_ms())
            commands = [] if found is None else await self._stopped(found)
        finally:
            self._lock.release()
        await self._tell(session, commands)

    async def listened(self, session: Session) -> None:
        """Stop what has been silent for too long."""
        if not await self._has_turn():
            await self._stop_unrecorded(session, self._runtime.silences(self._wall_ms()))
            return
        commands: list[Outgoing] = []
        try:
            for found in self._runtime.silences(self._wall_ms()):
                commands += await self._stopped(found)
        finally:
            self._lock.release()
        await self._tell(session, commands)

    async def requested(self, session: Session, what: str, payload: Mapping[str, object]) -> None:
        """Do what a person asks for, or answer why not.

        Raises:
            BadInput: a request that cannot be answered.
        """
        if self._runtime.is_lost:
            await session.publish([self._requests.unrecorded(payload)])
            return
        try:
            async with self.turn():
                answers = await asyncio.to_thread(
                    self._requests.take, what, payload, self._wall_ms()
                )
        except StorageError:
            await self.lost(session)
            answers = [self._requests.unrecorded(payload)]
        await session.publish(answers)

    async def clock_jumped(self, session: Session, drift_ms: int) -> None:
        """The wall clock was set: hold a block."""
        now_ms = self._clocks.wall_ms()
        try:
            async with self.turn():
                await asyncio.to_thread(self._runtime.clock_jumped, drift_ms, now_ms)
        except StorageError:
            await self.lost(session)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The journal to oneself, every stop before recorded; a stop never waits for a turn.

        Raises:
            StorageError: an earlier stop could not be recorded.
        """
        while True:
            await self.settled()
            async with self._lock:
                if self._recording is None:
                    yield
                    return

    async def came_meanwhile(self) -> None:
        """Judge what was measured while a tick took its turn; to be called within the turn.

        Raises:
            StorageError: a stop could not be recorded.
        """
        samples, self._meanwhile = self._meanwhile, []
        for sample in samples:
            found = self._runtime.alarm(sample, self._wall_ms())
            if found is not None:
                await self.recorded_late(found)

    async def recorded_late(self, found: Foreseen) -> None:
        """Record and go on from a stop that is on the wire already; within a turn.

        Raises:
            StorageError: it could not be recorded, and is kept.
        """
        now_ms, _block_id = self._runtime.now(self._wall_ms())
        self._runtime.act(found)
        try:
            seq = await asyncio.to_thread(self._runtime.record, found, now_ms)
        except StorageError:
            self._runtime.keep(found, now_ms)
            raise
        await asyncio.to_thread(self._runtime.record_late, seq, now_ms)

    async def settled(self) -> None:
        """Wait until the last stop is recorded.

        Raises:
            StorageError: it could not be.
        """
        recording = self._recording
        if recording is None:
            return
        try:
            await asyncio.shield(recording)
        finally:
            if recording.done() and self._recording is recording:
                self._recording = None

    async def lost(self, session: Session) -> None:
        """Nothing can be recorded: every load to safe at once; the record of it follows."""
        if not self._runtime.is_lost:
            _log.error("the journal is not writable: every load is off until it is")
        try:
            said = health(COMPONENT, "error", JOURNAL_LOST)
            await session.publish([*self._runtime.stops(), said])
        finally:
            async with self._lock:
                await asyncio.to_thread(self._runtime.lose, self._wall_ms())

    async def caught_up(self, session: Session) -> bool:
        """Whether the journal is writable as far as is known; tries it if it was not."""
        if not self._runtime.is_lost:
            return True
        async with self._lock:
            recorded = await asyncio.to_thread(self._runtime.catch_up, self._wall_ms())
        if not recorded:  # said again, because a new connection begins with *ok*
            await session.publish([health(COMPONENT, "error", JOURNAL_LOST)])
            return False
        _log.info("the journal is writable again; what happened meanwhile is recorded")
        await session.publish([health(COMPONENT, "ok")])
        return True

    async def _has_turn(self) -> bool:
        """Take the lock, as long as a stop may wait for it."""
        if not self._lock.locked():  # nearly always: a measurement should cost no timer
            await self._lock.acquire()
            return True
        try:
            async with asyncio.timeout(RECORD_WITHIN_S):
                await self._lock.acquire()
        except TimeoutError:
            return False
        return True

    async def _stop_unrecorded(self, session: Session, found: Iterable[Foreseen]) -> None:
        """A tick hangs on the disk: stop now; what it was is judged behind the tick."""
        for one in found:
            loads = [event.load for event in one.events]
            await session.publish(self._runtime.stops(loads))

    async def _tell(self, session: Session, commands: list[Outgoing]) -> None:
        """Publish first, then hear whether it is recorded."""
        if not commands:
            return
        await session.publish(commands)
        if self._recording is not None:
            if self._recording.done():
                await self._watch(session)
            else:
                self._watching = asyncio.create_task(self._watch(session))
                self._watching.add_done_callback(_say_failure)

    async def _watch(self, session: Session) -> None:
        try:
            await self.settled()
        except StorageError:
            await self.lost(session)

    async def _stopped(self, found: Foreseen) -> list[Outgoing]:
        """The commands of a stop, at the latest when its time to be recorded is over."""
        now_ms, _block_id = self._runtime.now(self._wall_ms())
        stop = _Stop(found=found, now_ms=now_ms)
        recording = asyncio.create_task(self._record(stop, self._recording))
        self._recording = recording
        await asyncio.wait({recording}, timeout=_TRACE_AFTER_S)
        if not recording.done():
            tracing = asyncio.to_thread(self._runtime.trace, found, now_ms)
            stop.tracing = asyncio.create_task(tracing)
            await asyncio.wait({recording}, timeout=RECORD_WITHIN_S - _TRACE_AFTER_S)
        stop.acted.set()
        return self._runtime.act(found)

    async def _record(self, stop: _Stop, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            with suppress(StorageError):  # what it lost is kept, and recorded before this one
                await before
        try:
            seq = await asyncio.to_thread(self._runtime.record, stop.found, stop.now_ms)
        except StorageError:
            self._runtime.keep(stop.found, stop.now_ms)
            raise
        if stop.acted.is_set():
            await asyncio.to_thread(self._runtime.record_late, seq, stop.now_ms)
        if stop.tracing is not None:
            await stop.tracing
            self._runtime.untrace()

    def _wall_ms(self) -> int | None:
        return self._clocks.wall_ms() if self._by_wall else None


def _say_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.warning("that the journal is lost could not be told: %s", error)
