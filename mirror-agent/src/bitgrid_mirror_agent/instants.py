"""Instants between text (``2024-06-01T10:10:00.000Z``) and whole milliseconds since 1970, UTC.

The only form in which time enters or leaves the agent's documents. Reads no clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from bitgrid_core.errors import BadInput

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: object) -> int:
    """Milliseconds of an instant.

    Raises:
        BadInput: not text of that form, or no such day or time.
    """
    if isinstance(text, str) and _FORM.fullmatch(text):
        try:
            return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
        except ValueError:
            pass
    raise BadInput(f"{text!r} is not an instant.", "Write it like 2024-06-01T10:10:00.000Z.")


def write(at_ms: int) -> str:
    """Text of an instant."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
