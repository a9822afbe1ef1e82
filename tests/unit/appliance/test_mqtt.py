"""The door of the bus: what is taken, and how what is broken is counted."""

import logging
from decimal import Decimal

import pytest

from bitgrid_appliance.malformed import Malformed
from bitgrid_appliance.mqtt import MAX_BYTES, parse_payload
from bitgrid_core.errors import BadInput


def test_fraction_is_read_as_decimal_text() -> None:
    """No binary fraction exists behind the door."""
    assert parse_payload(b'{"value": 0.1}') == {"value": Decimal("0.1")}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[1]",
        b"1",
        b'{"value": NaN}',
        b'{"value": Infinity}',
        b"\xff\xfe",
        b'{"a":' * 50_000,
        b'{"x":"' + b"y" * MAX_BYTES + b'"}',
        None,
        "text",
    ],
)
def test_payload_that_is_no_object_of_bounded_length_is_refused(payload: object) -> None:
    """Broken, deep, endless or foreign payloads are one kind of error."""
    with pytest.raises(BadInput):
        parse_payload(payload)


def test_flood_from_one_source_is_logged_once_a_minute_with_its_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Rubbish costs a counter, not a log."""
    now_s = [0.0]
    counter = Malformed(logging.getLogger("test"), lambda: now_s[0])
    with caplog.at_level(logging.WARNING):
        for second in range(100):
            now_s[0] = float(second)
            counter.count("meter", BadInput("bad.", "do."))
    assert [record.getMessage() for record in caplog.records] == [
        "dropped 1 from meter: bad. do.",
        "dropped 60 from meter: bad. do.",
    ]
    assert counter.total == 100


def test_sources_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand made-up topics do not fill the memory or the log."""
    counter = Malformed(logging.getLogger("test"), lambda: 0.0)
    with caplog.at_level(logging.WARNING):
        for number in range(1000):
            counter.count(f"topic-{number}", BadInput("bad."))
    assert len(caplog.records) == 257
    assert counter.total == 1000
