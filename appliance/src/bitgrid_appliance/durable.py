"""Files that are there whole or not at all: written beside, synced, renamed."""

from __future__ import annotations

import os
from pathlib import Path

from bitgrid_core.errors import StorageError


def replace_file(path: Path, data: bytes, *, mode: int = 0o644, sync: bool = True) -> None:
    """Replace a file in one step.

    Args:
        path: what to replace; its folder is made.
        data: the new content.
        mode: permissions.
        sync: whether it must survive a power cut, not only the end of this process.

    Raises:
        StorageError: the disk did not take it; the old file stands.
    """
    pending = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        pending.replace(path)
        if sync:
            sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", "Choose a folder that can be written."
        ) from error


def append_line(path: Path, line: bytes) -> None:
    """Append one line, synced; what a crash left of an unfinished line is cut off first.

    Raises:
        StorageError: the disk did not take it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            found = file.read()
            file.truncate(found.rfind(b"\n") + 1)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", "Check the disk and its free space."
        ) from error


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
