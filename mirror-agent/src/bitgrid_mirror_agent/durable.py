"""Files that survive a power cut: written, synced, renamed, and the directory synced.

Every durable step is announced to a hook, so that the crash tests can end the agent at each
one of them. Knows nothing of what it writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from bitgrid_core.errors import StorageError

Hook: TypeAlias = Callable[[str], None]
"""Told the name of a durable step right before and right after it; may end the program."""


def no_hook(_step: str) -> None:
    """The hook of every run that is not a crash test."""


def sync_directory(path: Path) -> None:
    """Make renames and new names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(path: Path) -> None:
    """Create a directory with its parents, each one durably."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def create_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        StorageError: the file is already there, or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except FileExistsError as error:
        raise StorageError(
            f"{path} is already there.", "Name another file; a key is never overwritten."
        ) from error
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", "Check the directory and its rights."
        ) from error


def replace(path: Path, data: bytes) -> None:
    """Put new content in place of old in one step; readers see one or the other."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
