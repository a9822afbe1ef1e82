"""Tiles of a log: which there are, and a tree read from them."""

import itertools

import pytest

from bitgrid_core.archive import merkle, tiles
from bitgrid_core.archive.tiles import Tile, TileReader
from bitgrid_core.errors import CheckFailed

COUNT = 70_000
HASHES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(COUNT)]
NODE = merkle.reader_of(HASHES)


def content(tile: Tile) -> bytes:
    """A tile's bytes from the whole tree."""
    start = tile.index * tiles.WIDTH
    return b"".join(NODE(8 * tile.level, start + offset) for offset in range(tile.width))


def test_growing_log_adds_each_tile_once_and_ends_with_all_of_them() -> None:
    """Tiles of the steps are disjoint, and those of the last size are among them."""
    seen: set[str] = set()
    steps = [0, 3, 255, 256, 257, 300, 65_535, 65_536, COUNT]
    for old, new in itertools.pairwise(steps):
        names = [tile.name for tile in tiles.new_tiles(old, new)]
        assert not seen & set(names)
        seen |= set(names)
    assert {tile.name for tile in tiles.tiles_of(COUNT)} <= seen


def test_root_and_proofs_from_tiles_are_those_of_the_whole_tree() -> None:
    """A reader that has only the tiles of one size computes the same log."""
    have = {tile: content(tile) for tile in tiles.tiles_of(COUNT)}
    reader = TileReader(COUNT, have.__getitem__)
    root = merkle.root(COUNT, reader.node)
    assert root == merkle.root(COUNT, NODE)
    proof = merkle.inclusion_proof(1234, COUNT, reader.node)
    merkle.verify_inclusion(HASHES[1234], 1234, COUNT, proof, root)
    grown = merkle.consistency_proof(65_537, COUNT, reader.node)
    merkle.verify_consistency((65_537, merkle.root(65_537, NODE)), (COUNT, root), grown)


def test_log_without_leaves_has_no_tiles() -> None:
    """There is nothing to fetch for size 0."""
    assert tiles.tiles_of(0) == []


def test_tile_of_wrong_length_is_refused() -> None:
    """A cut tile is named before a hash of it is used."""
    reader = TileReader(300, lambda tile: content(tile)[:-1])
    with pytest.raises(CheckFailed, match="Tile log/tile/0/000"):
        reader.node(0, 0)
