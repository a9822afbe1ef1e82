"""An archive in a directory: USB disk, NAS, the demo.

Invariant: symbolic links are neither listed nor followed below the archive's own folder, so
that a foreign disk cannot show a reader's other files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitgrid_research.outcome import CannotCheck
from bitgrid_research.store_reader import CHUNK_SIZE, Listed, NotThere


class DirectoryReader:
    """Reads the layout of format 1 from files below ``folder``."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise CannotCheck(
                f"{folder} is not a folder with an archive.", "Give the folder that holds `v1/`."
            )
        self._folder = folder

    def list_names(self, prefix: str) -> Iterator[Listed]:
        """Regular files whose path below the folder begins with ``prefix``."""
        start = self._folder / prefix
        for parent, _, files in os.walk(start, onerror=_refuse):
            for file in files:
                path = Path(parent, file)
                if path.is_file() and not path.is_symlink():
                    name = path.relative_to(self._folder).as_posix()
                    yield Listed(name=name, size=path.stat().st_size)

    @contextmanager
    def read(self, name: str, start: int) -> Iterator[Iterator[bytes]]:
        """The file's bytes from ``start``."""
        try:
            handle = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise NotThere(f"{name} is not there.", "Ask the owner of the archive.") from None
        except OSError as error:
            raise CannotCheck(
                f"{name} cannot be read: {error.strerror}.", "Check the disk and its permissions."
            ) from error
        with os.fdopen(handle, "rb") as file:
            file.seek(start)
            yield iter(lambda: file.read(CHUNK_SIZE), b"")


def _refuse(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):
        return
    raise CannotCheck(
        f"{error.filename} cannot be listed: {error.strerror}.", "Check that you may read it."
    ) from error
