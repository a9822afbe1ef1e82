"""Blocks and instants."""

from datetime import UTC, datetime

import pytest

from bitgrid_core.block import at_text, block_at, block_end_text, block_start_ms, parse_at
from bitgrid_core.errors import BadInput


def test_block_is_ten_minutes_and_begins_with_its_first_millisecond() -> None:
    """The id is the number of ten minutes since 1970."""
    assert block_at(599_999) == 0
    assert block_at(600_000) == 1
    assert block_at(block_start_ms(2_861_280)) == 2_861_280
    assert block_at(block_start_ms(2_861_280) - 1) == 2_861_279


@pytest.mark.parametrize("block", [0, 143, 2_861_279, 2_861_280, 2_840_111, 6_000_000])
def test_end_of_a_block_is_the_start_of_the_next(block: int) -> None:
    """`valid_until`, over midnight, leap day and year."""
    expected = datetime.fromtimestamp((block + 1) * 600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert block_end_text(block) == expected


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-06-01T10:10:00.000Z", 1_717_236_600_000),
        ("2024-06-01T12:10:00+02:00", 1_717_236_600_000),
        ("2024-06-01T10:10:00.0019Z", 1_717_236_600_001),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_time_is_read_with_its_zone(text: str, ms: int) -> None:
    """Any zone; below a millisecond is cut."""
    assert parse_at(text) == ms
    assert parse_at(at_text(ms)) == ms


@pytest.mark.parametrize("text", ["", "yesterday", "2024-06-01", "2024-06-01T10:10:00", "12:00Z"])
def test_text_that_is_no_instant_is_refused(text: str) -> None:
    """A time without a zone could be any."""
    with pytest.raises(BadInput):
        parse_at(text)
