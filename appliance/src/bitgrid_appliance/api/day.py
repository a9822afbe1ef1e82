"""The site-local day so far, made from its recorded decisions.

A decision holds the means of the window before it, with the loads' power already taken out of
the house's; so the chart shows exactly the numbers on which was decided. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from bitgrid_appliance.api.live import level_in_force
from bitgrid_appliance.api.people import number, state_in_peoples_units
from bitgrid_appliance.api.shapes import Day, DayBlock, Document, LoadBlock
from bitgrid_core.block import at_text, block_start_ms


def day_of(newest_first: Sequence[Document]) -> Day:
    """The day of the newest decision, its blocks in rising order.

    Args:
        newest_first: decision events, the newest first.
    """
    if not newest_first:
        return Day(day=None, blocks=[])
    day = int(newest_first[0]["state"].get("local_day", 0))
    by_block: dict[int, list[Document]] = {}
    for event in reversed(newest_first):
        if event["state"].get("local_day", 0) == day:
            by_block.setdefault(int(event["block_id"]), []).append(event)
    blocks = [_block(block_id, by_block[block_id]) for block_id in sorted(by_block)]
    return Day(day=_day_text(day), blocks=blocks)


def _block(block_id: int, events: list[Document]) -> DayBlock:
    ticks = [event for event in events if event["trigger"] == "tick"] or events
    site = state_in_peoples_units(ticks[0]["state"])
    return DayBlock(
        block_id=block_id,
        at=at_text(block_start_ms(block_id)),
        pv_power_w=number(site.get("pv_power_w")),
        house_load_w=number(site.get("house_load_w")),
        grid_import_w=number(site.get("grid_import_w")),
        grid_export_w=number(site.get("grid_export_w")),
        battery_soc_pct=number(site.get("battery_soc_pct")),
        loads=_loads(events),
    )


def _loads(events: list[Document]) -> dict[str, LoadBlock]:
    """Per load the power of its tick and the level after the block's last event."""
    found: dict[str, LoadBlock] = {}
    for event in events:
        load = str(event["load"])
        earlier = found.get(load)
        power_w = earlier.power_w if earlier else number(event["state"].get("load_power_w"))
        found[load] = LoadBlock(power_w=power_w, level=level_in_force(event))
    return found


def _day_text(day: int) -> str | None:
    text = f"{day:08d}"
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if day else None
