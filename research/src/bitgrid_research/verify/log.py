"""The transparency log itself: leaves and tiles against the root of the newest checkpoint.

Each block of 256 leaves is told twice, by its entry bundle and by its tile of level 0. Whichever
combination gives the signed root is proven; whatever disagrees with it is named. Must not know
what a leaf says. Invariant: a leaf that comes out was proven to be at its index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from bitgrid_core.archive import entries, merkle, names
from bitgrid_core.archive.checkpoint import Checkpoint
from bitgrid_core.archive.merkle import HASH_SIZE
from bitgrid_core.archive.tiles import WIDTH, tiles_of
from bitgrid_core.errors import CheckFailed
from bitgrid_research.layout import ENTRIES, TileName, parse_tile
from bitgrid_research.verify.findings import Findings
from bitgrid_research.workspace import ShardFolder

_MOST_COMBINATIONS = 1024
_MOST_FALLBACKS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLog:
    """A log up to a checkpoint: leaf hashes, and those leaves whose bytes are held and proven."""

    hashes: tuple[bytes, ...]
    leaves: dict[int, bytes]
    root_at: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """What is held of one block of leaves."""

    width: int
    bundle: tuple[bytes, ...] | None
    tile: tuple[bytes, ...] | None

    @property
    def candidates(self) -> list[tuple[bytes, ...]]:
        """Leaf hashes as the bundle and the tile tell them, without doubles."""
        told = [] if self.bundle is None else [tuple(map(merkle.leaf_hash, self.bundle))]
        if self.tile is not None and self.tile not in told:
            told.append(self.tile)
        return told


def prove_log(
    folder: ShardFolder, descending: Sequence[Checkpoint], found: Findings
) -> tuple[Checkpoint, ProvenLog] | None:
    """The log of the newest checkpoint whose root the held bytes give.

    Args:
        folder: what is held.
        descending: genuine checkpoints, the newest first; an older one is used only if the
            newest cannot be proven, which is named, so that the rest stays usable.
        found: where to name what is wrong.
    """
    for number, top in enumerate(descending[:_MOST_FALLBACKS]):
        blocks = [_block(folder, index, width) for index, width in _widths(top.size)]
        hashes = _matching(blocks, top)
        if hashes is None:
            if number == 0:
                _name_the_worst(folder, blocks, top, found)
            continue
        reader = merkle.reader_of(hashes)
        proven = ProvenLog(
            hashes=hashes,
            leaves=_proven_leaves(folder, blocks, hashes, found),
            root_at=_root_at(reader),
        )
        _check_tiles(folder, top.size, hashes, reader, found)
        return top, proven
    return None


def _root_at(reader: merkle.NodeReader) -> Callable[[int], bytes]:
    return lambda size: merkle.root(size, reader)


def _widths(size: int) -> Iterator[tuple[int, int]]:
    return ((i // WIDTH, min(WIDTH, size - i)) for i in range(0, size, WIDTH))


def _block(folder: ShardFolder, index: int, width: int) -> _Block:
    bundle = folder.read(names.entries(index, width))
    tile = folder.read(names.tile(0, index, width))
    try:
        leaves = None if bundle is None else tuple(entries.unpack(bundle, width))
    except CheckFailed:
        leaves = None
    whole = tile is not None and len(tile) == width * HASH_SIZE
    return _Block(width=width, bundle=leaves, tile=_hashes(tile) if whole and tile else None)


def _hashes(tile: bytes) -> tuple[bytes, ...]:
    return tuple(tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE))


def _matching(blocks: Sequence[_Block], top: Checkpoint) -> tuple[bytes, ...] | None:
    """The combination of what bundles and tiles tell that has the signed root."""
    options = [[(merkle.root_of(told), told) for told in block.candidates] for block in blocks]
    for choice in islice(product(*options), _MOST_COMBINATIONS):
        # Splits of a larger tree lie at multiples of 256, so block roots combine like leaves.
        if merkle.root_of([root for root, _ in choice]) == top.root:
            return tuple(one for _, told in choice for one in told)
    return None


def _proven_leaves(
    folder: ShardFolder, blocks: Sequence[_Block], hashes: Sequence[bytes], found: Findings
) -> dict[int, bytes]:
    leaves: dict[int, bytes] = {}
    for index, block in enumerate(blocks):
        name = names.entries(index, block.width)
        start = index * WIDTH
        if block.bundle is None and folder.find(name) is None:
            found.missing(name, "A bundle of leaves is missing.")
        elif block.bundle is None or any(
            merkle.leaf_hash(leaf) != hashes[start + at] for at, leaf in enumerate(block.bundle)
        ):
            folder.reject(name)
            found.tampered(name, "The leaves are not those of the signed log.")
        else:
            folder.accept(name)
            leaves.update(enumerate(block.bundle, start))
    return leaves


def _check_tiles(
    folder: ShardFolder,
    size: int,
    hashes: Sequence[bytes],
    node: merkle.NodeReader,
    found: Findings,
) -> None:
    held = [
        (name, tile) for name in folder.names("log/tile") if (tile := parse_tile(name)) is not None
    ]
    for name, tile in held:
        if tile.leaves_end > size:
            continue  # of a push that has not ended: no checkpoint speaks of it yet
        if tile.level == ENTRIES:
            _check_old_bundle(folder, name, tile, (size, hashes), found)
        elif folder.read(name) == _expected(tile, node):
            folder.accept(name)
        else:
            folder.reject(name)
            found.tampered(name, "The hashes are not those of the signed log.")
    have = {name for name, _ in held}
    for wanted in tiles_of(size):
        if wanted.name not in have:
            found.missing(wanted.name, "A tile of the log is missing.")


def _expected(tile: TileName, node: merkle.NodeReader) -> bytes:
    start = tile.index * WIDTH
    return b"".join(node(8 * tile.level, start + at) for at in range(tile.width))


def _check_old_bundle(
    folder: ShardFolder,
    name: str,
    tile: TileName,
    log: tuple[int, Sequence[bytes]],
    found: Findings,
) -> None:
    """A bundle of an earlier, smaller log; the newest ones were checked with their leaves."""
    size, hashes = log
    start = tile.index * WIDTH
    if (tile.index, tile.width) in set(_widths(size)):
        return
    try:
        leaves = entries.unpack(folder.read(name) or b"", tile.width)
        same = all(merkle.leaf_hash(leaf) == hashes[start + i] for i, leaf in enumerate(leaves))
    except CheckFailed:
        same = False
    if same:
        folder.accept(name)
    else:
        folder.reject(name)
        found.tampered(name, "The leaves are not those of the signed log.")


def _name_the_worst(
    folder: ShardFolder, blocks: Sequence[_Block], top: Checkpoint, found: Findings
) -> None:
    """Nothing gives the signed root: name what is missing, else what contradicts itself."""
    before = len(found.all)
    for index, block in enumerate(blocks):
        for name in (names.entries(index, block.width), names.tile(0, index, block.width)):
            if folder.find(name) is None:
                found.missing(name, "A part of the log is missing.")
        if len(block.candidates) > 1:
            name = names.entries(index, block.width)
            found.tampered(name, "Leaves and tile contradict each other.")
    if len(found.all) == before or all(block.candidates for block in blocks):
        found.tampered(
            names.checkpoint(top.size), "No held bytes give the root that this checkpoint signs."
        )
