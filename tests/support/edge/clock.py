"""Time for a virtual edge: an event loop that never waits, and a wall clock that can jump.

The loop stands where asyncio's would: what sleeps is woken at once, later by its own clock, and
what belongs in another thread runs in this one, as late as the disk is slow. So the order of
everything follows from the seed alone.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

from bitgrid_appliance.clock import Clocks


class _NeverWaits(selectors.SelectSelector):
    """A selector that lets virtual time pass instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Nothing ever arrives from outside."""
        assert timeout is not None, "the edge waits for something that never comes"
        self.now_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, in one thread.

    Attributes:
        disk_s: how long whatever is done in another thread takes; there it is the disk.
    """

    def __init__(self) -> None:
        self._virtual = _NeverWaits()
        super().__init__(self._virtual)
        self.disk_s = 0.0
        self.set_exception_handler(lambda _loop, _context: None)  # of tasks that a kill abandons

    def time(self) -> float:
        """See ``asyncio``."""
        return self._virtual.now_s

    def run_in_executor(  # type: ignore[override]  # types of asyncio's own that nobody needs here
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """Run it in this thread, after ``disk_s``; a process that was killed meanwhile does not."""
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                future.set_result(func(*args))
            except BaseException as error:  # noqa: BLE001 - as an executor does
                future.set_exception(error)

        if self.disk_s:
            self.call_later(self.disk_s, work)
        else:
            work()
        return future


class Machine:
    """The clocks of the appliance's machine: a wall clock that may be set, and one that may not.

    Attributes:
        true_ms: true time, which also is the plant's.
        ahead_ms: how much the wall's clock is ahead of it.
        loop: on which time passes within a step of the plant.
    """

    def __init__(self, true_ms: int, loop: VirtualLoop) -> None:
        self.true_ms = true_ms
        self.ahead_ms = 0
        self.loop = loop
        self._mark_s = loop.time()
        self._newest_ms = true_ms

    def go(self, true_ms: int) -> None:
        """The plant went on."""
        self.true_ms = true_ms
        self._mark_s = self.loop.time()

    @property
    def steady_ms(self) -> int:
        """True time, with what a slow disk took of it."""
        passed_ms = round((self.loop.time() - self._mark_s) * 1000)
        self._newest_ms = max(self._newest_ms, self.true_ms + passed_ms)
        return self._newest_ms

    @property
    def wall_ms(self) -> int:
        """What the wall's clock says."""
        return self.steady_ms + self.ahead_ms

    def clocks(self) -> Clocks:
        """As the core takes them."""
        return Clocks(wall_ms=lambda: self.wall_ms, mono_s=lambda: self.steady_ms / 1000)
