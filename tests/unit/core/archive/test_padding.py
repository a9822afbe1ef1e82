"""Padmé lengths and the frame that makes them."""

import pytest
import zstandard

from bitgrid_core.archive import padding


@pytest.mark.parametrize(
    ("length", "padded"), [(0, 0), (1, 1), (2, 2), (9, 10), (100, 104), (1000, 1024)]
)
def test_padded_length_is_that_of_the_paper(length: int, padded: int) -> None:
    """Few significant bits are kept."""
    assert padding.padme(length) == padded


def test_padding_adds_at_most_twelve_percent_and_is_stable() -> None:
    """A padded length needs no further padding."""
    for length in range(16, 100_000, 7):
        padded = padding.padme(length)
        assert length <= padded <= length * 112 // 100 + 1
        assert padding.padme(padded) == padded


def test_frame_brings_a_stream_to_its_padded_length_and_zstd_skips_it() -> None:
    """The content is read as if the padding were not there."""
    data = zstandard.ZstdCompressor().compress(bytes(5000) + b"end")
    whole = data + padding.frame(len(data))
    assert len(whole) == padding.padme(len(data) + padding.FRAME_HEADER_SIZE)
    reader = zstandard.ZstdDecompressor().stream_reader(whole, read_across_frames=True)
    assert reader.read() == bytes(5000) + b"end"
