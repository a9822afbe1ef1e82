"""Messages that become the picture, and those that do not."""

from decimal import Decimal
from typing import Any

import pytest

from bitgrid_appliance.api.picture import MAX_PER_KIND, Picture

EVENT: dict[str, Any] = {
    "id": "2860000/load-1/tick/0",
    "load": "load-1",
    "block_id": 2860000,
    "level": "eco",
    "rule": "R1",
    "reason": "SURPLUS_OK",
    "action": "START",
    "policy": "0" * 64,
    "autonomy": "FULL",
    "effect": "acted",
    "votes": [],
    "state": {},
    "memory": {},
}
READING = {"value": Decimal("61.5"), "unit": "%", "at": "2024-06-01T10:00:00Z", "quality": "ok"}


def test_a_decision_is_kept_and_heard() -> None:
    """The newest message of a topic is what the picture shows, with the instant it was heard."""
    picture = Picture()
    assert picture.accept("decision", "load-1", EVENT, 5.0)
    assert picture.newest("decision", "load-1") == EVENT
    assert picture.heard_at_s == 5.0
    assert picture.names("decision") == ["load-1"]


def test_the_same_message_again_is_heard_but_no_change() -> None:
    """A repeated message says that its sender lives, and nothing new."""
    picture = Picture()
    picture.accept("decision", "load-1", EVENT, 5.0)
    assert not picture.accept("decision", "load-1", dict(EVENT), 9.0)
    assert picture.heard_at_s == 9.0
    assert picture.age_s("decision", "load-1", 12.0) == 3.0


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("command", "load-1", {}),
        ("decision", "load-2", EVENT),
        ("decision", "load-1", EVENT | {"block_id": "7"}),
        ("decision", "load-1", EVENT | {"block_id": 2**60}),
        ("decision", "load-1", EVENT | {"votes": None}),
        ("decision", "load-1", {key: EVENT[key] for key in EVENT if key != "memory"}),
        ("clock", "", {"now_ms": -1}),
        ("clock", "", {"now_ms": True}),
        ("clock", "", {"now_ms": 10**15}),
        ("measurement", "site/unknown_w", READING),
        ("measurement", "site/pv_power_w", READING | {"at": "yesterday"}),
        ("measurement", "site/pv_power_w", READING | {"value": {}}),
        ("status", "x" * 65, {}),
        ("status", "../x", {}),
    ],
)
def test_what_is_not_sound_is_counted_and_changes_nothing(
    kind: str, name: str, message: dict[str, Any]
) -> None:
    """A message of another shape than its kind promises is dropped and counted."""
    picture = Picture()
    assert not picture.accept(kind, name, message, 1.0)
    assert picture.dropped == 1
    assert picture.heard_at_s is None


def test_exact_decimals_become_numbers_that_json_shows() -> None:
    """What is shown is a JSON number, whatever the bus parsed it to."""
    picture = Picture()
    picture.accept("measurement", "site/battery_soc_pct", READING, 1.0)
    message = picture.newest("measurement", "site/battery_soc_pct")
    assert message is not None
    assert message["value"] == 61.5
    assert isinstance(message["value"], float)


def test_topics_of_one_kind_are_bounded() -> None:
    """Somebody who invents names cannot fill the memory."""
    picture = Picture()
    for number in range(MAX_PER_KIND + 5):
        picture.accept("status", f"load-{number}", {}, 1.0)
    assert len(picture.names("status")) == MAX_PER_KIND
    assert picture.dropped == 5


def test_its_own_health_is_no_sign_of_life() -> None:
    """The web process does not take its own voice for the house's."""
    picture = Picture()
    assert not picture.accept("health", "web", {"status": "ok"}, 1.0)
    assert picture.heard_at_s is None
