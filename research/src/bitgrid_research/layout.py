"""Which names of a bucket belong to an archive, whose they are, and how large each may be.

A name that is not of format 1 is a stray: counted, never fetched. Must not touch a disk or
a store. Invariant: a name with a limit has no ``..``, no empty part and no leading slash, so
that it is safe as a path below a folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bitgrid_core.archive import names
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.archive.merkle import HASH_SIZE

ENTRIES = -1
"""Level of an entry bundle, which stands beside the tiles of level 0."""

_SHARD = re.compile(r"v1/([0-9a-f]{16})/(s[0-9]{3})/(.+)")
_TILE = re.compile(
    r"log/tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,4}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)
_OBJECT = re.compile(r"obj/([0-9a-f]{2})/(\1[0-9a-f]{62})\.age")
_KEYS = re.compile(r"keys/[0-9]{3}\.note")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ShardId:
    """One log of one node."""

    node: str
    shard: str

    @property
    def path(self) -> str:
        """``NODE/sNNN``, as people see it."""
        return f"{self.node}/{self.shard}"

    @property
    def root(self) -> str:
        """Root of the shard below an archive's prefix."""
        return f"v1/{self.path}/"

    @property
    def origin(self) -> str:
        """The name that the shard's log signs with."""
        return names.origin(self.node, int(self.shard[1:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TileName:
    """A tile's or bundle's place as its name says it."""

    level: int
    index: int
    width: int

    @property
    def leaves_end(self) -> int:
        """Leaves that a log must have so that this tile is part of it."""
        end = self.index * names.TILE_WIDTH + self.width
        return end << (8 * max(self.level, 0))


def split(name: str) -> tuple[ShardId, str] | None:
    """Shard and name within it, or ``None`` for what is no archive's."""
    found = _SHARD.fullmatch(name)
    if found is None:
        return None
    return ShardId(node=found.group(1), shard=found.group(2)), found.group(3)


def size_limit(name: str) -> int | None:
    """Most bytes that an object of this name may have; ``None`` for a stray."""
    if _OBJECT.fullmatch(name):
        return LIMITS.object_sealed
    if (
        name == names.CHECKPOINT
        or names.checkpoint_size(name) is not None
        or _KEYS.fullmatch(name) is not None
    ):
        return LIMITS.note
    tile = parse_tile(name)
    if tile is None:
        return None
    return tile.width * (LIMITS.leaf + 2 if tile.level == ENTRIES else HASH_SIZE)


def is_object(name: str) -> bool:
    """Whether the name is that of a sealed object."""
    return _OBJECT.fullmatch(name) is not None


def parse_tile(name: str) -> TileName | None:
    """Place of a tile or bundle; ``None`` for any other name, also for a second spelling."""
    found = _TILE.fullmatch(name)
    if found is None:
        return None
    level = ENTRIES if found.group(1) == "entries" else int(found.group(1))
    index = int(found.group(2).replace("x", "").replace("/", ""))
    width = int(found.group(3) or names.TILE_WIDTH)
    if width > names.TILE_WIDTH:
        return None
    again = names.entries(index, width) if level == ENTRIES else names.tile(level, index, width)
    return TileName(level=level, index=index, width=width) if again == name else None
