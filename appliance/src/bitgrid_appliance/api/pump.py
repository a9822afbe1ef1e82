"""From changes of the picture to events: decisions at once, the rest at a bounded pace.

A virtual clock may run 600 times as fast as ours; the page is told twice a second and counts
on by itself in between. Reads of the disk run beside the event loop.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bitgrid_appliance.api.events import EventHub
from bitgrid_appliance.api.shapes import DecisionItem
from bitgrid_appliance.api.views import Views
from bitgrid_core.block import at_text

PACE_S: Final = 0.5
SLOW_EVERY: Final = 10
"""Mirror and an unchanged health are told once in so many paces."""


class Pump:
    """Turns changes into events.

    Args:
        views: what is told.
        hub: who is told.
    """

    def __init__(self, views: Views, hub: EventHub) -> None:
        self._views = views
        self._hub = hub
        self._state_changed = True
        self._verdict = ("", "")

    def changed(self, kind: str, name: str) -> None:
        """Take note of a change in the picture; a decision is told at once."""
        self._state_changed = True
        if kind == "decision":
            self._tell_decision(name)

    async def run(self) -> None:
        """Tell, at the pace, until cancelled."""
        paces = 0
        while True:
            await self._tell(slow=paces % SLOW_EVERY == 0)
            paces += 1
            await asyncio.sleep(PACE_S)

    async def _tell(self, *, slow: bool) -> None:
        health = await asyncio.to_thread(self._views.health)
        verdict = (health.status, health.reason)
        if slow or verdict != self._verdict:
            self._verdict = verdict
            self._hub.publish("health", health.model_dump_json())
        if slow:
            mirror = await asyncio.to_thread(self._views.mirror)
            self._hub.publish("mirror", mirror.model_dump_json())
        if self._state_changed:
            self._state_changed = False
            self._hub.publish("state", self._views.state().model_dump_json())

    def _tell_decision(self, load: str) -> None:
        event = self._views.picture.newest("decision", load)
        if event is None:
            return
        short = self._views.words.short(event)
        at = at_text(self._views.now_ms())
        item = DecisionItem(seq=None, at=at, event=event, short=short)
        self._hub.publish("decision", item.model_dump_json())
