"""Object names of archive format 1."""

import pytest

from bitgrid_core.archive import names
from bitgrid_core.errors import BadInput

NODE = "0123456789abcdef"


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_tile_index_is_written_in_groups_of_three_digits(index: int, path: str) -> None:
    """The path form is C2SP's, whose own example is 1234067."""
    assert names.index_path(index) == path


def test_partial_tile_and_bundle_name_their_width() -> None:
    """A partial tile is another object than the full one."""
    assert names.tile(0, 1, 17) == "log/tile/0/001.p/17"
    assert names.tile(1, 0) == "log/tile/1/000"
    assert names.entries(0, 3) == "log/tile/entries/000.p/3"
    assert names.entries(0) == "log/tile/entries/000"


def test_layout_is_that_of_the_format() -> None:
    """Every other name is exactly the documented one."""
    sha256 = "ab" + "0" * 62
    assert names.sealed_object(sha256) == f"obj/ab/{sha256}.age"
    assert names.checkpoint(1234) == "log/checkpoint.d/000000001234"
    assert names.key_note(0) == "keys/000.note"
    assert names.root("a/b/", NODE, 1) == f"a/b/v1/{NODE}/s001/"
    assert names.root("", NODE, 0) == f"v1/{NODE}/s000/"
    assert names.origin(NODE, 0) == f"bitgrid-archive/v1/{NODE}/s000"


def test_checkpoint_size_is_read_from_its_name_only() -> None:
    """A name of anything else has no size."""
    assert names.checkpoint_size(names.checkpoint(77)) == 77
    assert names.checkpoint_size("log/checkpoint") is None
    assert names.checkpoint_size("log/checkpoint.d/77") is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: names.root("", "../../../etc", 0),
        lambda: names.root("", NODE, 1000),
        lambda: names.sealed_object("../x"),
        lambda: names.index_path(-1),
        lambda: names.tile(64, 0),
        lambda: names.tile(0, 0, 257),
        lambda: names.entries(0, 0),
        lambda: names.checkpoint(-1),
        lambda: names.key_note(1000),
    ],
)
def test_name_outside_the_format_is_refused(make: "object") -> None:
    """No input leads to a name that the layout does not have."""
    with pytest.raises(BadInput):
        make()  # type: ignore[operator]  # lambdas of a table
