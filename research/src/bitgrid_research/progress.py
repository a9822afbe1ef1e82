"""A progress bar on a terminal, and silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from tqdm import tqdm

Advance: TypeAlias = Callable[[int], object]
"""Called with how many units were done since the last call."""


@contextmanager
def progress(title: str, total: int, unit: str) -> Iterator[Advance]:
    """Show how far a long step is; on standard error, so that output stays clean."""
    with tqdm(
        total=total,
        desc=title,
        unit=unit,
        unit_scale=unit == "B",
        disable=not sys.stderr.isatty(),
        leave=False,
    ) as bar:
        yield bar.update
