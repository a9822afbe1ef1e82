"""What time it is for the core: the wall's, or the household's in a demo.

A tick of the virtual clock says how much was measured since the block began, so that the core
can tell a full window from one of which it missed the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bitgrid_core.codec import INT_LIMIT, Json
from bitgrid_core.errors import BadInput

WALL_STEP_S: Final = 20
"""How often a lease is renewed by the wall clock."""


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
