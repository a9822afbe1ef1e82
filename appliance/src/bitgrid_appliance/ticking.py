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
        self,
        runtime: Runtime,
        between: BetweenTicks,
        clocks: Clocks | None = None,
        time_box_s: float = TIME_BOX_S,
    ) -> None:
        self._time_box_s = time_box_s
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
        due = self._runtime.is_due(tick)
        try:
            async with self._between.turn():
                commands, took_s = await self._decided(session, tick)
        except StorageError as error:
            _log.warning("nothing is decided: %s", error)
            await self._between.lost(session)
            return None
        await session.publish(commands)
        if due:
            await self._report(session, took_s)
        return len(commands)

    async def _decided(self, session: Session, tick: Tick) -> tuple[list[Outgoing], float]:
        """The commands, and how long it took until they were recorded."""
        runtime, begun_s = self._runtime, self._clocks.mono_s()
        planned = runtime.plan(tick)
        in_time = not tick.by_wall or self._took_s(begun_s) <= self._time_box_s
        if not in_time:
            planned = runtime.plan(tick, _ms(self._took_s(begun_s)))
            await session.publish(runtime.stops())
        if not tick.by_wall:
            runtime.record_plan(planned)
            return runtime.carry_out(planned), self._took_s(begun_s)
        took_s = await self._recorded(session, planned, begun_s)
        runtime.carry_out(planned)
        if in_time and took_s > self._time_box_s:
            late = TimeBoxExceeded(block_id=block_at(tick.now_ms), took_ms=_ms(took_s))
            await self._between.recorded_late(runtime.foresee(late))
        await self._between.came_meanwhile()
        return runtime.renewed(), took_s

    async def _recorded(self, session: Session, planned: Planned, begun_s: float) -> float:
        """Record a plan; what cannot wait for it is sent meanwhile. How long all took."""
        recording = asyncio.create_task(asyncio.to_thread(self._runtime.record_plan, planned))
        try:
            await asyncio.wait({recording}, timeout=RECORD_WITHIN_S)
            urgent = [] if recording.done() else _safety_stops(planned)
            await session.publish(self._runtime.stops(urgent))
            acted_ms = self._clocks.wall_ms()
            left_s = max(0.0, self._time_box_s - self._took_s(begun_s))
            await asyncio.wait({recording}, timeout=left_s)
            if not recording.done():
                _log.error(
                    "a decision takes over %.1f s: every load goes to safe", self._time_box_s
                )
                await session.publish(self._runtime.stops())
            last_seq = await asyncio.shield(recording)
            took_s = self._took_s(begun_s)
        except asyncio.CancelledError:
            await asyncio.wait({recording})  # nobody else may have the journal meanwhile
            raise
        if urgent:
            seq = last_seq - planned.behind_the_block
            await asyncio.to_thread(self._runtime.record_late, seq, acted_ms)
        return took_s

    async def _report(self, session: Session, took_s: float) -> None:
        """Say that a decision was slow, and when one is no longer."""
        is_slow = took_s > SLOW_S
        if is_slow:
            _log.warning("a decision took %d ms", _ms(took_s))
            await session.publish([health(COMPONENT, "warn", f"{SLOW} {_ms(took_s)} ms")])
        elif self._was_slow:
            await session.publish([health(COMPONENT, "ok")])
        self._was_slow = is_slow

    def _took_s(self, begun_s: float) -> float:
        return self._clocks.mono_s() - begun_s


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _safety_stops(planned: Planned) -> list[str]:
    """Loads that R3 stops."""
    return [
        event.load
        for event in planned.events
        if event.decision.rule is Rule.R3 and OFF == acted_level(event) != event.memory.level
    ]
