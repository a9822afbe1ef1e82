"""What time it is for the core: the wall's, or the household's in a demo.

The wall clock is watched by the monotonic one: a step is told, so that it can be recorded.

A tick of the virtual clock says how much was measured since the block began, so that the core
can tell a full window from one of which it missed the beginning.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bitgrid_core.codec import INT_LIMIT, Json
from bitgrid_core.errors import BadInput

WALL_STEP_S: Final = 20
"""How often a lease is renewed by the wall clock."""
MAX_DRIFT_MS: Final = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One tick.

    Attributes:
        now_ms: the instant.
        n: number of the tick; 0 for the wall clock.
        step_s: seconds until the next one, so that a lease can last that long.
        sent: measurements sent of the window that ends here or goes on; ``None`` where nobody
            counts them.
    """

    now_ms: int
    n: int = 0
    step_s: int = WALL_STEP_S
    sent: int | None = None

    @property
    def by_wall(self) -> bool:
        """Whether it is a tick of the wall clock, which waits for nobody."""
        return self.n == 0


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The machine's clocks.

    Attributes:
        wall_ms: milliseconds since 1970; may be set.
        mono_s: seconds since some moment; never set.
        sleep: lets seconds pass.
    """

    wall_ms: Callable[[], int] = _wall_ms
    mono_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Drift:
    """How far the wall clock is from where the monotonic one says that it should be."""

    def __init__(self, wall_ms: int, mono_s: float) -> None:
        """Both agree at this moment."""
        self._ahead_ms = wall_ms - round(mono_s * 1000)

    def jumped_ms(self, wall_ms: int, mono_s: float) -> int | None:
        """By how much the wall clock was set, if it is too much; from there both agree again."""
        ahead_ms = wall_ms - round(mono_s * 1000)
        drift_ms = ahead_ms - self._ahead_ms
        if abs(drift_ms) <= MAX_DRIFT_MS:
            return None
        self._ahead_ms = ahead_ms
        return drift_ms


def to_payload(tick: Tick) -> dict[str, Json]:
    """The tick as a message."""
    return {"now_ms": tick.now_ms, "n": tick.n, "step_s": tick.step_s, "sent": tick.sent}


def from_payload(payload: Mapping[str, object]) -> Tick:
    """The tick of a message.

    Raises:
        BadInput: a number is missing or cannot be.
    """
    sent = payload.get("sent")
    return Tick(
        now_ms=count_of(payload, "now_ms"),
        n=count_of(payload, "n"),
        step_s=count_of(payload, "step_s"),
        sent=None if sent is None else count_of(payload, "sent"),
    )


def count_of(payload: Mapping[str, object], key: str) -> int:
    """A whole number from 0 up.

    Raises:
        BadInput: it is none.
    """
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= INT_LIMIT:
        raise BadInput(f"Clock: {key} is {value!r}.", "Send a whole number.")
    return value
