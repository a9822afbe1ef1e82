"""C2SP tlog-tiles: which tiles a log has, what is new since a size, and a tree read from tiles.

A tile of level L holds up to 256 hashes of complete subtrees of 256^L leaves. Where tiles lie is
the business of `names`; fetching them that of the caller.

Invariant: a tile with one name has one content, whatever the log's size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bitgrid_core.archive import names
from bitgrid_core.archive.merkle import HASH_SIZE, node_hash
from bitgrid_core.errors import CheckFailed

HEIGHT = 8
WIDTH = names.TILE_WIDTH


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Tile:
    """Place of a tile: its level, its index there and how many hashes it holds."""

    level: int
    index: int
    width: int

    @property
    def name(self) -> str:
        """Object name of the hashes."""
        return names.tile(self.level, self.index, self.width)

    @property
    def entries_name(self) -> str:
        """Object name of the leaves themselves; for level 0 only."""
        return names.entries(self.index, self.width)


def tiles_of(size: int) -> list[Tile]:
    """Every tile of a log of ``size`` leaves, level by level."""
    return new_tiles(0, size)


def new_tiles(old: int, new: int) -> list[Tile]:
    """Tiles of a log of ``new`` leaves that a log of ``old`` leaves did not have."""
    found: list[Tile] = []
    level = 0
    while new:
        full, rest = divmod(new, WIDTH)
        found += [Tile(level=level, index=i, width=WIDTH) for i in range(old // WIDTH, full)]
        if rest and new != old:
            found.append(Tile(level=level, index=full, width=rest))
        level, old, new = level + 1, old // WIDTH, full
    return found


def subtree_root(hashes: list[bytes]) -> bytes:
    """Root of a perfect subtree over 1, 2, 4 … 256 hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


class TileReader:
    """Nodes of a log of fixed size, read from its tiles; each tile is fetched once.

    Args:
        size: leaves of the log.
        fetch: gives a tile's bytes; may raise what it likes.
    """

    def __init__(self, size: int, fetch: Callable[[Tile], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._cache: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree; a ``NodeReader``.

        Raises:
            CheckFailed: a tile has not the length that the log's size demands.
        """
        tile_level, inner = divmod(level, HEIGHT)
        count = 1 << inner
        tile_index, first = divmod(index * count, WIDTH)
        data = self._tile(tile_level, tile_index)
        part = [data[i * HASH_SIZE : (i + 1) * HASH_SIZE] for i in range(first, first + count)]
        return subtree_root(part)

    def _tile(self, level: int, index: int) -> bytes:
        data = self._cache.get((level, index))
        if data is None:
            here = (self._size >> (HEIGHT * level)) - index * WIDTH
            tile = Tile(level=level, index=index, width=min(WIDTH, here))
            data = self._fetch(tile)
            if len(data) != tile.width * HASH_SIZE:
                raise CheckFailed(
                    f"Tile {tile.name} has {len(data)} bytes, not {tile.width * HASH_SIZE}.",
                    "Fetch it again; if it stays so, the archive was tampered with.",
                )
            self._cache[level, index] = data
        return data
