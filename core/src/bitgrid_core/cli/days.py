"""Opens closed days: one, or a folder of them.

They are compressed, and core knows no compression: whoever mounts the verbs says how such a file is
opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, TypeAlias

from bitgrid_core.chain import Record
from bitgrid_core.errors import BadInput, CheckFailed, MissingDependency
from bitgrid_core.journal.days import SUFFIX, ClosedDay, header_of, records_of

OpenLines: TypeAlias = Callable[[Path], AbstractContextManager[Iterator[bytes]]]
"""Opens a compressed file as its lines."""

OPENERS: Final[dict[str, OpenLines]] = {}
"""By suffix; filled once, where the verbs are mounted."""


def holds_days(path: Path) -> bool:
    """Whether a path is a closed day or a folder of them."""
    return path.name.endswith(SUFFIX) or (path.is_dir() and any(path.glob(f"*{SUFFIX}")))


def begins_at(path: Path) -> int:
    """Number of the first record.

    Raises:
        BadInput: it cannot be read.
    """
    with _opened(_files(path)[0]) as found:
        return header_of(next(found, b"")).day.first


def day_records(path: Path) -> Iterator[Record]:
    """The records of closed days in a row, with the policy in force before the first.

    Raises:
        BadInput: a damaged line.
        CheckFailed: a record was changed, or a day between is missing.
    """
    last: ClosedDay | None = None
    for file in _files(path):
        try:
            with _opened(file) as rest:
                closed = header_of(next(rest, b""))
                if last is None and closed.policy is not None:
                    yield closed.policy
                if last is not None and closed.day.before != last.day.after:
                    raise CheckFailed(
                        f"{file} does not follow {last.day.name}: a day between is missing.",
                        "Fetch the days again, or name a single one.",
                    )
                yield from records_of(closed, rest)
                last = closed
        except BadInput as error:
            raise BadInput(f"{file} is damaged: {error.message}", "Take another copy.") from error


def _files(path: Path) -> list[Path]:
    return sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]


def _opened(file: Path) -> AbstractContextManager[Iterator[bytes]]:
    opener = OPENERS.get(file.suffix)
    if opener is None:
        raise MissingDependency(f"{file} is compressed.", "Decompress it by the command bitgrid.")
    return opener(file)
