"""Keeps the picture: takes in what the broker says, and says when the broker is away.

Subscribing, judging and coming back are ``mqtt``'s; here a message finds its place. Nothing
is published but this process's own health.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bitgrid_appliance.api.picture import WEB, Picture
from bitgrid_appliance.mqtt import Link, Session, keep_connected
from bitgrid_appliance.settings import LOOPBACK
from bitgrid_appliance.topics import Kind

LISTENS: Final = (
    Kind.STATE,
    Kind.DECISION,
    Kind.EXPLAIN,
    Kind.STATUS,
    Kind.HEALTH,
    Kind.MEASUREMENT,
    Kind.CLOCK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """Where messages go, and who is told.

    Attributes:
        picture: takes the messages.
        on_change: called with kind and name of each change; kind ``connection`` for the link.
    """

    picture: Picture
    on_change: Callable[[str, str], None]

    def connected(self, *, is_connected: bool) -> None:
        """Take note of the link's state."""
        if self.picture.broker_connected != is_connected:
            self.picture.broker_connected = is_connected
            self.on_change("connection", "")

    async def take_in(self, session: Session) -> None:
        """Take in everything until the link is lost."""
        self.connected(is_connected=True)
        try:
            async for message in session.messages():
                kind, name = str(message.topic.kind), "/".join(message.topic.names)
                if self.picture.accept(kind, name, message.payload, time.monotonic()):
                    self.on_change(kind, name)
        finally:
            self.connected(is_connected=False)


def web_link(site_id: str, port: int, host: str = LOOPBACK) -> Link:
    """How this process connects."""
    return Link(component=WEB, site=site_id, port=port, listens=LISTENS, host=host)


async def listen(link: Link, ear: Ear) -> None:
    """Listen until cancelled."""
    while True:
        await keep_connected(link, ear.take_in)
