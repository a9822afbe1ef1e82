"""The day so far, made from decisions."""

from bitgrid_appliance.api.day import day_of
from bitgrid_core.events import to_body
from support.web import seeded_day

EVENTS = [to_body(event) for block in seeded_day(12) for event in block.events]


def test_no_decision_is_an_empty_day() -> None:
    """Before the first decision there is nothing to draw."""
    day = day_of([])
    assert (day.day, day.blocks) == (None, [])


def test_blocks_rise_and_hold_the_numbers_that_were_decided_on() -> None:
    """The chart shows exactly what the decisions saw."""
    day = day_of(EVENTS[::-1])
    assert day.day == "2024-06-01"
    assert [block.block_id for block in day.blocks] == [event["block_id"] for event in EVENTS]
    assert day.blocks[0].house_load_w == EVENTS[0]["state"]["house_load_w"]  # type: ignore[index,call-overload]  # JSON
    assert day.blocks[0].loads["load-1"].level == "off"


def test_only_the_newest_local_day_is_kept() -> None:
    """Yesterday's blocks are not part of today."""
    before = EVENTS[0] | {"state": EVENTS[0]["state"] | {"local_day": 20240531}}  # type: ignore[operator]  # JSON
    day = day_of([*EVENTS[:0:-1], before])
    assert len(day.blocks) == len(EVENTS) - 1


def test_a_safety_stop_within_a_block_changes_its_level_but_not_its_means() -> None:
    """The block's numbers are the tick's; its level is what held in the end."""
    stop = EVENTS[-1] | {"trigger": "safety", "level": "off", "state": {"local_day": 20240601}}
    started = EVENTS[-1] | {"level": "eco"}
    block = day_of([stop, started]).blocks[0]
    assert block.loads["load-1"].level == "off"
    assert block.house_load_w == EVENTS[-1]["state"]["house_load_w"]  # type: ignore[index,call-overload]  # JSON


def test_a_missing_value_stays_missing() -> None:
    """A hole is never filled with a zero."""
    state = {"local_day": 20240601, "house_load_w": 5}
    block = day_of([EVENTS[0] | {"state": state}]).blocks[0]
    assert (block.pv_power_w, block.house_load_w) == (None, 5)
