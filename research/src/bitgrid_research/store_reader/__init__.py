"""Reading an archive's store: list names, read bytes; nothing else exists here.

Contract, the same for every store: ``list_names`` gives each name below a prefix once, in any
order, as text relative to the archive's prefix; ``read`` gives the bytes of one name from an
offset, in chunks, and raises `NotThere` if there is no such name. Whatever else goes wrong is
`CannotCheck` with a remedy. Bytes that come out are unverified; the caller bounds and checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from bitgrid_research.outcome import Incomplete

CHUNK_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A name in a store with the size that the store claims."""

    name: str
    size: int


class StoreReader(Protocol):
    """Where an archive lies, seen by somebody who may only look."""

    def list_names(self, prefix: str) -> Iterator[Listed]:
        """Every name that begins with ``prefix``."""
        ...

    def read(self, name: str, start: int) -> AbstractContextManager[Iterator[bytes]]:
        """Bytes of a name from ``start`` on, in chunks."""
        ...


class NotThere(Incomplete):
    """The store has no object of that name."""
