"""Where each thing lies in a bucket: object names of archive format 1, written and parsed.

Names are relative to a shard's root ``PREFIX/v1/NODE/sNNN/``; tiles follow C2SP tlog-tiles.
Nothing here tells what an object holds: a name says a hash, a position or a size.
"""

from __future__ import annotations

import re

from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput

README = "README.txt"
CHECKPOINT = "log/checkpoint"
CHECKPOINT_DIR = "log/checkpoint.d/"
TILE_WIDTH = 256

_NODE = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHECKPOINT = re.compile(r"log/checkpoint\.d/([0-9]{12})")


def origin(node: str, shard: int) -> str:
    """Origin line and key name of a shard's log: ``bitgrid-archive/v1/NODE/sNNN``."""
    return f"bitgrid-archive/v1/{_checked_node(node)}/{shard_name(shard)}"


def root(prefix: str, node: str, shard: int) -> str:
    """Root of a shard, with a trailing slash; ``prefix`` may be empty."""
    head = prefix.strip("/")
    return f"{head + '/' if head else ''}v1/{_checked_node(node)}/{shard_name(shard)}/"


def shard_name(shard: int) -> str:
    """``s000`` for the first shard of a node."""
    if not 0 <= shard <= 999:  # noqa: PLR2004 - three digits
        raise BadInput(f"Shard {shard} is not within 0 to 999.", "Start a new node.")
    return f"s{shard:03d}"


def sealed_object(sha256: str) -> str:
    """Name of a sealed object by the SHA-256 of its ciphertext."""
    if not _SHA256.fullmatch(sha256):
        raise BadInput(f"{sha256!r} is not a SHA-256 in hex.", "Give 64 lower-case hex digits.")
    return f"obj/{sha256[:2]}/{sha256}.age"


def index_path(index: int) -> str:
    """C2SP path of a tile's index: 1234067 is ``x001/x234/067``."""
    if index < 0:
        raise BadInput(f"Tile index {index} is negative.", "Count from 0.")
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:  # noqa: PLR2004 - three digits a group
        index //= 1000
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def tile(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Name of a hash tile; a width below 256 gives the partial form ``.p/W``."""
    if not 0 <= level <= 63:  # noqa: PLR2004 - C2SP tlog-tiles
        raise BadInput(f"Tile level {level} is not within 0 to 63.", "Use a smaller log.")
    return f"log/tile/{level}/{index_path(index)}{_partial(width)}"


def entries(index: int, width: int = TILE_WIDTH) -> str:
    """Name of a bundle of leaves."""
    return f"log/tile/entries/{index_path(index)}{_partial(width)}"


def checkpoint(size: int) -> str:
    """Name of the write-once checkpoint of a log of ``size`` leaves."""
    if not 0 <= size <= LIMITS.log_size:
        raise BadInput(f"Log size {size} is out of range.", "Open a new shard.")
    return f"{CHECKPOINT_DIR}{size:012d}"


def checkpoint_size(name: str) -> int | None:
    """Log size in the name of a write-once checkpoint; ``None`` for any other name."""
    found = _CHECKPOINT.fullmatch(name)
    return int(found.group(1)) if found else None


def key_note(number: int) -> str:
    """Name of the note with a set of verifier keys; 0 is the set that a reader pins."""
    if not 0 <= number <= 999:  # noqa: PLR2004 - three digits
        raise BadInput(f"Key set {number} is not within 0 to 999.", "Open a new shard.")
    return f"keys/{number:03d}.note"


def is_node(text: str) -> bool:
    """Whether a text is a node's pseudonym: 16 lower-case hex digits."""
    return _NODE.fullmatch(text) is not None


def _checked_node(node: str) -> str:
    if not is_node(node):
        raise BadInput(f"{node!r} is not a node's pseudonym.", "Give 16 lower-case hex digits.")
    return node


def _partial(width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise BadInput(f"Tile width {width} is not within 1 to 256.", "Ask for a tile that exists.")
    return "" if width == TILE_WIDTH else f".p/{width}"
