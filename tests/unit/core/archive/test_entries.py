"""Entry bundles."""

import pytest

from bitgrid_core.archive import entries
from bitgrid_core.errors import BadInput, CheckFailed


def test_unpacked_bundle_is_what_was_packed() -> None:
    """Lengths are two bytes, most significant first."""
    leaves = [b"", b"a", b"b" * 300]
    data = entries.pack(leaves)
    assert data.startswith(b"\x00\x00\x00\x01a\x01\x2c")
    assert entries.unpack(data, 3) == leaves


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\xff\xff" + bytes(65_535), b""])
def test_cut_or_oversized_bundle_is_refused(data: bytes) -> None:
    """A bundle that does not hold exactly one small leaf is no bundle of one leaf."""
    with pytest.raises(CheckFailed):
        entries.unpack(data, 1)


def test_leaf_beyond_the_limit_is_not_packed() -> None:
    """The writer keeps the reader's limit."""
    with pytest.raises(BadInput):
        entries.pack([bytes(2049)])
