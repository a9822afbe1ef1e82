"""What the core does between two ticks: stops that cannot wait, and what people ask for.

Invariants: nothing but a safety stop acts before its record; a stop waits at most
``RECORD_WITHIN_S`` for it, and then the record follows, with a ``recorded_late`` behind it that
names it. Records keep the order in which things took effect, so that a replay holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from bitgrid_appliance.foreseen import Foreseen
from bitgrid_appliance.mqtt import Outgoing, Session
from bitgrid_appliance.requests import Requests
from bitgrid_appliance.runtime import Runtime
from bitgrid_core.context import Measurement

RECORD_WITHIN_S: Final = 0.2


class BetweenTicks:
    """One runtime's doings between its ticks."""

    def __init__(self, runtime: Runtime, *, by_wall: bool) -> None:
        """Begin; ``by_wall`` says whose clock it is."""
        self._runtime = runtime
        self._by_wall = by_wall
        self._requests = Requests(runtime)
        self._lock = asyncio.Lock()
        self._recording: asyncio.Task[None] | None = None

    async def measured(self, session: Session, sample: Measurement) -> None:
        """Stop what a measurement says must not run on.

        Raises:
            StorageError: the stop could not be recorded.
        """
        async with self._lock:
            found = self._runtime.alarm(sample, self._wall_ms())
            commands = [] if found is None else await self._stopped(found)
        await self._tell(session, commands)

    async def listened(self, session: Session) -> None:
        """Stop what has been silent for too long.

        Raises:
            StorageError: the stop could not be recorded.
        """
        commands: list[Outgoing] = []
        async with self._lock:
            for found in self._runtime.silences(self._wall_ms()):
                commands += await self._stopped(found)
        await self._tell(session, commands)

    async def requested(self, session: Session, what: str, payload: Mapping[str, object]) -> None:
        """Do what a person asks for, or answer why not.

        Raises:
            BadInput: a request that cannot be answered.
            StorageError: the journal did not take it: nothing was done.
        """
        async with self.turn():
            answers = self._requests.take(what, payload, self._wall_ms())
        await session.publish(answers)

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

    async def _tell(self, session: Session, commands: list[Outgoing]) -> None:
        """Publish first, then hear whether it is recorded."""
        if commands:
            await session.publish(commands)
            if self._recording is not None and self._recording.done():
                await self.settled()

    async def _stopped(self, found: Foreseen) -> list[Outgoing]:
        """The commands of a stop, at the latest when its time to be recorded is over."""
        acted = asyncio.Event()
        recording = asyncio.create_task(self._record(found, self._recording, acted))
        self._recording = recording
        await asyncio.wait({recording}, timeout=RECORD_WITHIN_S)
        acted.set()
        return self._runtime.act(found)

    async def _record(
        self, found: Foreseen, before: asyncio.Task[None] | None, acted: asyncio.Event
    ) -> None:
        if before is not None:
            await before
        now_ms, _block_id = self._runtime.now(self._wall_ms())
        seq = await asyncio.to_thread(self._runtime.record, found, now_ms)
        if acted.is_set():
            await asyncio.to_thread(self._runtime.record_late, seq, now_ms)

    def _wall_ms(self) -> int | None:
        return time.time_ns() // 1_000_000 if self._by_wall else None
