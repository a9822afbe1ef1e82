"""Time for a virtual edge: an event loop that never waits, and a wall clock that can jump.

The loop stands where asyncio's would: what sleeps is woken at once, later by its own clock, and
what belongs in another thread runs in this one, as late as the disk is slow. So the order of
everything follows from the seed alone.
"""

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bitgrid_appliance import between_ticks, core_process


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
            except Exception as error:  # noqa: BLE001 - as an executor does
                future.set_exception(error)

        self.call_later(self.disk_s, work)
        return future


class Clocks:
    """What the appliance's machine says: a wall clock, and one that never jumps.

    Attributes:
        true_ms: true time, which also is the plant's.
        ahead_ms: how much the wall's clock is ahead of it.
    """

    def __init__(self, true_ms: int) -> None:
        self.true_ms = true_ms
        self.ahead_ms = 0

    @property
    def wall_ms(self) -> int:
        """What the wall's clock says."""
        return self.true_ms + self.ahead_ms

    def time_ns(self) -> int:
        """See ``time``."""
        return self.wall_ms * 1_000_000

    def monotonic(self) -> float:
        """See ``time``."""
        return self.true_ms / 1000


@contextmanager
def worn_by_the_core(clocks: Clocks) -> Iterator[None]:
    """The appliance's core reads these clocks instead of the machine's."""
    modules: tuple[Any, ...] = (between_ticks, core_process)
    kept = [module.time for module in modules]
    for module in modules:
        module.time = clocks
    try:
        yield
    finally:
        for module, real in zip(modules, kept, strict=True):
            module.time = real
