"""When a core on the wall's clock ticks: at each new block, and as often as leases are renewed.

Pure: counts on a clock that it is told and that never jumps. Invariant: a core that comes late to
its block listens for ``SETTLE_S`` before it decides; what it renews meanwhile is decided already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bitgrid_appliance.clock import WALL_STEP_S

SETTLE_S: Final = 15.0
"""How long a core that comes late to its block listens before it decides."""


@dataclass(slots=True, kw_only=True)
class Pacing:
    """The ticks of one session with the broker.

    Attributes:
        since_s: when the session began.
        renewed_s: when the last tick was.
    """

    since_s: float
    renewed_s: float = float("-inf")

    def ticks(self, now_s: float, *, due: bool) -> bool:
        """Whether to tick now.

        Args:
            now_s: seconds of a clock that never jumps.
            due: whether the running block is still to be decided.
        """
        waits = SETTLE_S if due else WALL_STEP_S
        ticks = now_s - (self.since_s if due else self.renewed_s) >= waits
        if ticks:
            self.renewed_s = now_s
        return ticks
