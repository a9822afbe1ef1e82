"""One thin session with the broker: connect, subscribe, publish, receive — and come back.

What arrives is judged here once: too long, no JSON object or no topic of ours is counted,
logged once a minute and source, and dropped. Knows nothing of what messages mean.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeAlias

import aiomqtt

from bitgrid_appliance import topics
from bitgrid_appliance.malformed import Malformed
from bitgrid_appliance.settings import LOOPBACK
from bitgrid_core.block import at_text
from bitgrid_core.codec import Json, encode_trusted
from bitgrid_core.errors import BadInput

MAX_BYTES: Final = 64 * 1024
QUEUE: Final = 10_000
"""Messages that wait to be handled; more are dropped by the client and sent again by nobody."""
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 3.0
_KEEPALIVE_S: Final = 10
_NODELAY: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_log: Final = logging.getLogger("bitgrid.mqtt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish."""

    kind: topics.Kind
    names: tuple[str, ...] = ()
    payload: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that passed the door; its numbers are ``int`` or ``Decimal``, never binary."""

    topic: topics.Topic
    payload: dict[str, Any]
    retained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Who connects, where to, and what for.

    Attributes:
        component: name in ``health/{component}``.
        site: in every topic.
        port: of the broker, on loopback.
        listens: kinds to subscribe.
    """

    component: str
    site: str
    port: int
    listens: tuple[topics.Kind, ...] = ()
    host: str = LOOPBACK


Inbox: TypeAlias = "asyncio.Queue[aiomqtt.Message]"


class Session:
    """An open connection."""

    def __init__(
        self, client: aiomqtt.Client, inbox: Inbox, link: Link, malformed: Malformed
    ) -> None:
        self._client = client
        self._inbox = inbox
        self._link = link
        self._malformed = malformed

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish in order; returns when the broker has taken all of them."""
        if len(messages) == 1:
            await self._publish(messages[0])
        elif messages:
            await asyncio.gather(*(self._publish(message) for message in messages))

    async def messages(self) -> AsyncIterator[Incoming]:
        """Everything that arrives and is sound."""
        async for first in self._client.messages:
            message: aiomqtt.Message | None = first
            while message is not None:  # what came with it needs no waiting
                incoming = self._judge(message)
                if incoming is not None:
                    yield incoming
                message = None if self._inbox.empty() else self._inbox.get_nowait()

    def drop(self, incoming: Incoming, error: BadInput) -> None:
        """Count a message whose content its receiver could not take."""
        self._malformed.count("/".join((incoming.topic.kind, *incoming.topic.names)), error)

    async def _publish(self, message: Outgoing) -> None:
        topic = topics.build(self._link.site, message.kind, *message.names)
        payload = encode_trusted(message.payload)
        await self._client.publish(topic, payload, qos=1, retain=message.kind in topics.RETAINED)

    def _judge(self, message: aiomqtt.Message) -> Incoming | None:
        topic = str(message.topic)
        try:
            return Incoming(
                topic=topics.parse(self._link.site, topic),
                payload=parse_payload(message.payload),
                retained=message.retain,
            )
        except BadInput as error:
            self._malformed.count(topic, error)
            return None


async def keep_connected(link: Link, use: Callable[[Session], Awaitable[None]]) -> None:
    """Run ``use`` with a session; after a lost connection again, until ``use`` returns."""
    malformed = Malformed(_log)
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            async with session(link, malformed) as opened:
                _log.info("connected to the broker on port %d", link.port)
                pause_s = _FIRST_PAUSE_S
                await use(opened)
                return
        except aiomqtt.MqttError as error:
            _log.warning("no broker on port %d (%s); again in %.1f s", link.port, error, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


@asynccontextmanager
async def session(link: Link, malformed: Malformed) -> AsyncIterator[Session]:
    """One connection with a clean session, its health said and its last will set."""
    health = topics.build(link.site, topics.Kind.HEALTH, link.component)
    inbox: list[Inbox] = []

    class _Inbox(asyncio.Queue[aiomqtt.Message]):
        """The client's own queue, kept hold of."""

        def __init__(self, maxsize: int = 0) -> None:
            super().__init__(maxsize)
            inbox.append(self)

    client = aiomqtt.Client(
        link.host,
        link.port,
        keepalive=_KEEPALIVE_S,
        will=aiomqtt.Will(health, _health("error", "GONE"), qos=1, retain=True),
        queue_type=_Inbox,
        max_queued_incoming_messages=QUEUE,
        max_inflight_messages=100,
        socket_options=_NODELAY,
    )
    client.pending_calls_threshold = QUEUE
    async with client:
        if link.listens:
            await client.subscribe([(topics.wildcard(link.site, kind), 1) for kind in link.listens])
        await client.publish(health, _health("ok", ""), qos=1, retain=True)
        yield Session(client, inbox[-1], link, malformed)


def parse_payload(payload: object) -> dict[str, Any]:
    """A message's payload as a JSON object.

    Raises:
        BadInput: too long, not JSON, or no object.
    """
    if not isinstance(payload, bytes) or len(payload) > MAX_BYTES:
        raise BadInput(f"A message is no text of at most {MAX_BYTES} bytes.", "Send less at once.")
    try:
        document = json.loads(payload, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, ArithmeticError):
        raise BadInput("A message is not JSON.", "Send a JSON object.") from None
    if not isinstance(document, dict):
        raise BadInput("A message is no JSON object.", "Send a JSON object.")
    return document


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _health(status: str, reason: str) -> bytes:
    since = at_text(time.time_ns() // 1_000_000)
    return encode_trusted({"status": status, "reason": reason, "since": since})
