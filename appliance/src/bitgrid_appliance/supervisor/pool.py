"""The same function on many values, on all cores: processes that compute and end.

Kept here because only the supervisor starts processes. Workers are spawned, not forked, so that
none inherits a thread, a socket or a lock; they never touch the appliance's data.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, TypeVar

from bitgrid_core.errors import CheckFailed

_Value = TypeVar("_Value")
_Result = TypeVar("_Result")

_RARELY: Final = 100_000
"""Values of core hold no cycles, so looking for them after every 700 is lost time."""


def on_all_cores(
    function: Callable[[_Value], _Result], values: Sequence[_Value], workers: int | None = None
) -> Iterator[_Result]:
    """Results in the order of the values, each as soon as it and those before it are there.

    Args:
        function: of a module, so that a spawned process finds it.
        values: what it is given; a single one is computed right here.
        workers: how many processes; by default one for each core.

    Raises:
        CheckFailed: a worker was killed, for example for want of memory.
        BitgridError: whatever the function raises.
    """
    count = min(len(values), workers or os.cpu_count() or 1)
    if count <= 1:
        yield from map(function, values)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_prepare)
    try:
        yield from pool.map(function, values)
    except BrokenProcessPool as error:
        raise CheckFailed("A computing process was killed.", "Give fewer --jobs.") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare() -> None:
    gc.freeze()
    gc.set_threshold(_RARELY)
