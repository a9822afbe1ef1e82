"""How a tick is decided on a real machine: recorded in time, or every load goes to safe.

By the wall clock a slow disk must not hold back what safety says: its stops are sent after
``RECORD_WITHIN_S``, and at the end of the time box every load is off. A household's virtual clock
waits for the core, so that there nothing can be late.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from bitgrid_appliance.between_ticks import COMPONENT, RECORD_WITHIN_S, BetweenTicks
from bitgrid_appliance.clock import Clocks, Tick
from bitgrid_appliance.foreseen import Planned
from bitgrid_appliance.health import health
from bitgrid_appliance.mqtt import Outgoing, Session
from bitgrid_appliance.runtime import Runtime
from bitgrid_core.block import block_at
from bitgrid_core.deciding import acted_level
from bitgrid_core.errors import StorageError
from bitgrid_core.inputs import TimeBoxExceeded
from bitgrid_core.model import OFF, Rule

TIME_BOX_S: Final = 5.0
SLOW_S: Final = 0.3
SLOW: Final = "DECISION_SLOW"
_log: Final = logging.getLogger("bitgrid.core")


class Ticking:
    """The ticks of one runtime."""

    def __init__(
        self, runtime: Runtime, between: BetweenTicks, clocks: Clocks | None = None
    ) -> None:
        self._runtime = runtime
        self._between = between
        self._clocks = clocks or Clocks()
        self._was_slow = False

    async def decide(self, session: Session, tick: Tick) -> int | None:
        """Decide whatever is due, and publish the commands that follow.

        Returns:
            How many commands; ``None`` if nothing can be recorded, so that nothing was decided.
        """
        if not await self._between.caught_up(session):
            return None
        try:
            async with self._between.turn():
                commands = await self._decided(session, tick)
        except StorageError as error:
            _log.warning("nothing is decided: %s", error)
            await self._between.lost(session)
            return None
        await session.publish(commands)
        return len(commands)

    async def _decided(self, session: Session, tick: Tick) -> list[Outgoing]:
        runtime, begun_s, due = self._runtime, self._clocks.mono_s(), self._runtime.is_due(tick)
        planned = runtime.plan(tick)
        in_time = not tick.by_wall or self._took_s(begun_s) <= TIME_BOX_S
        if not in_time:
            planned = runtime.plan(tick, self._took_ms(begun_s))
            await session.publish(runtime.stops())
        if tick.by_wall:
            await self._recorded(session, planned, begun_s)
        else:
            runtime.record_plan(planned)
        commands = runtime.carry_out(planned)
        if tick.by_wall and in_time and self._took_s(begun_s) > TIME_BOX_S:
            took_ms = self._took_ms(begun_s)
            late = TimeBoxExceeded(block_id=block_at(tick.now_ms), took_ms=took_ms)
            await self._between.recorded_late(runtime.foresee(late))
            commands = runtime.renewed()
        if tick.by_wall:
            await self._between.came_meanwhile()
            commands = runtime.renewed()
        if due:
            await self._report(session, begun_s)
        return commands

    async def _recorded(self, session: Session, planned: Planned, begun_s: float) -> None:
        """Record a plan; what cannot wait for it is sent meanwhile."""
        recording = asyncio.create_task(asyncio.to_thread(self._runtime.record_plan, planned))
        try:
            await asyncio.wait({recording}, timeout=RECORD_WITHIN_S)
            urgent = [] if recording.done() else _safety_stops(planned)
            await session.publish(self._runtime.stops(urgent))
            acted_ms = self._clocks.wall_ms()
            left_s = max(0.0, TIME_BOX_S - self._took_s(begun_s))
            await asyncio.wait({recording}, timeout=left_s)
            if not recording.done():
                _log.error("a decision takes over %.0f s: every load goes to safe", TIME_BOX_S)
                await session.publish(self._runtime.stops())
            last_seq = await asyncio.shield(recording)
        except asyncio.CancelledError:
            await asyncio.wait({recording})  # nobody else may have the journal meanwhile
            raise
        if urgent:
            seq = last_seq - planned.behind_the_block
            await asyncio.to_thread(self._runtime.record_late, seq, acted_ms)

    async def _report(self, session: Session, begun_s: float) -> None:
        """Say that a decision was slow, and when one is no longer."""
        is_slow = self._took_s(begun_s) > SLOW_S
        if is_slow:
            took_ms = self._took_ms(begun_s)
            _log.warning("a decision took %d ms", took_ms)
            await session.publish([health(COMPONENT, "warn", f"{SLOW} {took_ms} ms")])
        elif self._was_slow:
            await session.publish([health(COMPONENT, "ok")])
        self._was_slow = is_slow

    def _took_s(self, begun_s: float) -> float:
        return self._clocks.mono_s() - begun_s

    def _took_ms(self, begun_s: float) -> int:
        return round(self._took_s(begun_s) * 1000)


def _safety_stops(planned: Planned) -> list[str]:
    """Loads that R3 stops."""
    return [
        event.load
        for event in planned.events
        if event.decision.rule is Rule.R3 and OFF == acted_level(event) != event.memory.level
    ]
