"""The wall clock as the core follows it: blocks, renewals of leases, and clocks that are set.

Decides nothing itself. Invariants: a lease is renewed only while the newest decision is younger
than two blocks by the monotonic clock, whatever the wall says; before a load is told to go on
after a start, it was heard how it is, or long enough listened.
"""

from __future__ import annotations

import logging
from typing import Final

from bitgrid_appliance.between_ticks import BetweenTicks
from bitgrid_appliance.clock import WALL_STEP_S, Clocks, Drift, Tick
from bitgrid_appliance.mqtt import Session
from bitgrid_appliance.runtime import Runtime
from bitgrid_appliance.ticking import Ticking
from bitgrid_core.block import BLOCK_S

SETTLE_S: Final = 15.0
"""How long a core listens before it decides, when it comes late or its clock was set."""
STEP_S: Final = 1.0
HELD_S: Final = 2 * BLOCK_S
_log: Final = logging.getLogger("bitgrid.core")


class WallClock:
    """The ticks of one core by the wall clock.

    Attributes:
        step_s: seconds between two renewals.
    """

    def __init__(
        self,
        runtime: Runtime,
        between: BetweenTicks,
        ticking: Ticking,
        clocks: Clocks | None = None,
    ) -> None:
        """Begin; a wall clock that is behind the journal was set back meanwhile."""
        self._runtime = runtime
        self._between = between
        self._ticking = ticking
        self._clocks = clocks or Clocks()
        begun_ms, mono_s = self._clocks.wall_ms(), self._clocks.mono_s()
        self._drift = Drift(max(begun_ms, runtime.last_at_ms), mono_s)
        self._decided_s = mono_s
        self._renewed_s = mono_s - WALL_STEP_S
        self._settled_s = mono_s + SETTLE_S
        self.step_s = WALL_STEP_S

    async def follow(self, session: Session) -> None:
        """Tick at each new block, and as often as leases are renewed."""
        self._settled_s = self._clocks.mono_s() + SETTLE_S
        while True:
            await self._clocks.sleep(STEP_S)  # first hear what loads did by themselves meanwhile
            await self.step(session)

    async def step(self, session: Session) -> None:
        """Whatever is due by now."""
        now_s, now_ms = self._clocks.mono_s(), self._clocks.wall_ms()
        drift_ms = self._drift.jumped_ms(now_ms, now_s)
        if drift_ms is not None:
            _log.warning("the wall clock was set by %d ms: one block is held", drift_ms)
            await self._between.clock_jumped(session, drift_ms)
            self._settled_s = now_s + SETTLE_S
        await self._between.listened(session)
        tick = Tick(now_ms=now_ms, step_s=self.step_s)
        due = self._runtime.is_due(tick)
        if self._runtime.is_lost or (due and now_s >= self._settled_s):
            if await self._ticking.decide(session, tick) is not None and due:
                self._decided_s = self._renewed_s = now_s
        elif not due and now_s - self._renewed_s >= WALL_STEP_S and self._may_renew(now_s):
            self._renewed_s = now_s
            await self._ticking.decide(session, tick)

    def _may_renew(self, now_s: float) -> bool:
        if now_s - self._decided_s > HELD_S:
            return False  # the leases end, and say so
        return now_s >= self._settled_s or not self._runtime.untold()
