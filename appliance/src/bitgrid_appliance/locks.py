"""One process per task and data directory: advisory locks that die with their holder."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bitgrid_core.errors import Refused, StorageError

_POLL_S: Final = 0.05


@contextmanager
def locked(path: Path, what: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock at ``path`` for the body.

    Args:
        path: file of the lock; stays behind, without meaning.
        what: who holds it, for the message.
        wait_s: how long a predecessor may take to end.

    Raises:
        Refused: another process holds it.
        StorageError: the file cannot be written.
    """
    try:
        file = path.open("a")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", "Choose a folder that can be written."
        ) from error
    with file:
        deadline_s = time.monotonic() + wait_s
        while not _taken(file.fileno()):
            if time.monotonic() >= deadline_s:
                raise Refused(
                    f"{what} already runs on {path.parent.parent}.",
                    "Stop it, or use another --data.",
                )
            time.sleep(_POLL_S)
        yield


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
