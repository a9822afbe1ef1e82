"""Names in a bucket: which belong to an archive, and which are strays."""

import pytest

from bitgrid_core.archive import names
from bitgrid_research.layout import ENTRIES, ShardId, TileName, parse_tile, size_limit, split

SHA = "ab" + "0" * 62


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        (names.key_note(0), 16 * 1024),
        (names.CHECKPOINT, 16 * 1024),
        (names.checkpoint(1234), 16 * 1024),
        (names.sealed_object(SHA), 8 * 1024 * 1024),
        (names.tile(0, 0), 8192),
        (names.tile(1, 1234067, 17), 17 * 32),
        (names.entries(0, 3), 3 * 2050),
    ],
)
def test_name_of_the_format_has_the_limit_of_its_kind(name: str, limit: int) -> None:
    """Nobody can make the reader fetch more than a kind may hold."""
    assert size_limit(name) == limit


@pytest.mark.parametrize(
    "name",
    [
        "README.txt",
        "obj/ab/../../../x.age",
        f"obj/cd/{SHA}.age",
        f"obj/ab/{SHA}.age.part",
        f"obj/ab/{SHA.upper()}.age",
        "log/checkpoint.d/12",
        "log/checkpoint.d/000000001234 ",
        "log/tile/0/000.p/257",
        "log/tile/0/000.p/256",
        "log/tile/0/000.p/07",
        "log/tile/0/x000/000",
        "log/tile/64/000",
        "log/tile/00/000",
        "keys/0.note",
        "keys/000.note\n",
        "/keys/000.note",
        "",
    ],
)
def test_every_other_name_is_a_stray(name: str) -> None:
    """A name of another form, also a second spelling of a right one, is left alone."""
    assert size_limit(name) is None


@pytest.mark.parametrize("index", [0, 999, 1000, 1234067])
@pytest.mark.parametrize("width", [1, 255, 256])
def test_tile_name_is_parsed_back(index: int, width: int) -> None:
    """What the writer calls a tile, the reader finds again."""
    assert parse_tile(names.tile(3, index, width)) == TileName(level=3, index=index, width=width)
    bundle = TileName(level=ENTRIES, index=index, width=width)
    assert parse_tile(names.entries(index, width)) == bundle


@pytest.mark.parametrize(
    ("tile", "end"), [((0, 0, 3), 3), ((0, 2, 256), 768), ((1, 0, 2), 512), ((ENTRIES, 1, 1), 257)]
)
def test_tile_says_how_many_leaves_it_needs(tile: tuple[int, int, int], end: int) -> None:
    """A tile that needs more leaves than a checkpoint has is of a later push."""
    level, index, width = tile
    assert TileName(level=level, index=index, width=width).leaves_end == end


def test_shard_and_name_are_split() -> None:
    """Only node pseudonyms and shard numbers make a shard."""
    shard = ShardId(node="00112233445566ff", shard="s001")
    assert split("v1/00112233445566ff/s001/keys/000.note") == (shard, "keys/000.note")
    assert shard.origin == "bitgrid-archive/v1/00112233445566ff/s001"
    for foreign in ("v2/00112233445566ff/s001/x", "v1/../s001/x", "v1/00112233445566ff/s01/x"):
        assert split(foreign) is None
