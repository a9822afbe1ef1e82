"""Keeps the picture: subscribes to the broker, takes every message in, comes back if cut off.

A lost broker is said at once (``broker_connected``) and retried for ever, with a pause that
grows to a few seconds. Nothing is published but this process's own health.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiomqtt

from bitgrid_appliance.api.picture import MAX_BYTES, WEB, Picture

FILTERS: Final = (
    "state",
    "decision/+",
    "explain/+",
    "status/+",
    "health/+",
    "measurement/+/+",
    "clock",
)
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
KEEPALIVE_S: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and as whom this process comes."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """What is listened for, where it goes, and who is told.

    Attributes:
        site_id: part of the topics' prefix.
        picture: takes the messages.
        on_change: called with the kind of each change, also ``connection``.
        mono_s: monotonic seconds.
    """

    site_id: str
    picture: Picture
    on_change: Callable[[str, str], None]
    mono_s: Callable[[], float]

    @property
    def prefix(self) -> str:
        """What all topics of the site begin with."""
        return f"bitgrid/v1/{self.site_id}/"


async def listen(broker: Broker, ear: Ear) -> None:
    """Listen until cancelled."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            async with _client(broker, ear) as client:
                pause_s = FIRST_PAUSE_S
                await _subscribed(client, ear)
                await _take_in(client, ear)
        except aiomqtt.MqttError:
            pass  # said by broker_connected below, and tried again
        finally:
            _connected(ear, is_connected=False)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _client(broker: Broker, ear: Ear) -> aiomqtt.Client:
    topic = f"{ear.prefix}health/{WEB}"
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        keepalive=KEEPALIVE_S,
        will=aiomqtt.Will(topic, _health("error", "GONE"), qos=1, retain=True),
    )


async def _subscribed(client: aiomqtt.Client, ear: Ear) -> None:
    await client.subscribe([(ear.prefix + topic, 1) for topic in FILTERS])
    await client.publish(f"{ear.prefix}health/{WEB}", _health("ok", ""), qos=1, retain=True)
    _connected(ear, is_connected=True)


async def _take_in(client: aiomqtt.Client, ear: Ear) -> None:
    async for message in client.messages:
        topic = message.topic.value.removeprefix(ear.prefix)
        changed = ear.picture.accept(topic, message.payload[: MAX_BYTES + 1], ear.mono_s())
        if changed is not None:
            ear.on_change(changed, topic.partition("/")[2])


def _connected(ear: Ear, *, is_connected: bool) -> None:
    if ear.picture.broker_connected != is_connected:
        ear.picture.broker_connected = is_connected
        ear.on_change("connection", "")


def _health(status: str, reason: str) -> bytes:
    return json.dumps({"status": status, "reason": reason}).encode()
