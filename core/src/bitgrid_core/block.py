"""Blocks: the 10-minute windows in which decisions are made.

At boundary *t* the window that ends at *t* is closed and the block that begins at *t* is
decided; ``block_id`` names the decided block. Instants are integer milliseconds since 1970
(UTC) inside, RFC 3339 text in documents. No clock is read here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from bitgrid_core.errors import BadInput

BLOCK_S: Final = 600
BLOCK_MS: Final = BLOCK_S * 1000
BLOCKS_PER_DAY: Final = 86_400 // BLOCK_S
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def block_at(at_ms: int) -> int:
    """Id of the block that contains the instant."""
    return at_ms // BLOCK_MS


def block_start_ms(block_id: int) -> int:
    """First instant of a block."""
    return block_id * BLOCK_MS


def block_end_text(block_id: int) -> str:
    """End of a block (its decision's ``valid_until``) as RFC 3339 text to the second."""
    day, block_of_day = divmod(block_id + 1, BLOCKS_PER_DAY)
    hour, minute = divmod(block_of_day * (BLOCK_S // 60), 60)
    return f"{_date_text(day)}T{hour:02d}:{minute:02d}:00Z"


@lru_cache(maxsize=64)
def _date_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def at_text(at_ms: int) -> str:
    """An instant as RFC 3339 text with milliseconds, for example ``2024-06-01T10:10:00.000Z``."""
    seconds, ms = divmod(at_ms, 1000)
    whole = _EPOCH + timedelta(seconds=seconds)
    return f"{whole.strftime('%Y-%m-%dT%H:%M:%S')}.{ms:03d}Z"


def parse_at(text: str) -> int:
    """Milliseconds since 1970 of RFC 3339 text with a zone; fractions below 1 ms are cut.

    Raises:
        BadInput: not such a text, or no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a time.", "Write 2024-06-01T10:10:00Z.") from None
    if moment.tzinfo is None:
        raise BadInput(f"{text!r} has no time zone.", "Write 2024-06-01T10:10:00Z.")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
