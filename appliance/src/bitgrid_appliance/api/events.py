"""Server-sent events: one hub, many bounded clients, resume after a broken connection.

An event's id is ``boot-number``; a client that comes back with it gets what it missed, as
long as the ring still has it, and otherwise starts from the present. A client that does not
read fast enough is dropped: nothing here may grow because somebody is slow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from bitgrid_appliance.api.problems import Busy

RING: Final = 512
QUEUE: Final = 64
MAX_CLIENTS: Final = 32
HEARTBEAT_S: Final = 15.0
SEND_TIMEOUT_S: Final = 10.0
RETRY_MS: Final = 2000
LATEST_ONLY: Final = frozenset({"state", "health", "mirror"})
"""Kinds of which only the newest matters; a client that comes back gets no older ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """One event: its kind, its document as JSON text, and its number in this process."""

    kind: str
    data: str
    number: int


class Subscription:
    """One client's queue. ``dropped`` says that it was too slow or the hub closed."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[ServerEvent | None] = asyncio.Queue(QUEUE + 1)
        self.dropped = False

    def offer(self, event: ServerEvent) -> None:
        """Queue an event, or drop the client if its queue is full."""
        if self.queue.qsize() >= QUEUE:
            self.drop()
        elif not self.dropped:
            self.queue.put_nowait(event)

    def drop(self) -> None:
        """End the stream after what is queued."""
        if not self.dropped:
            self.dropped = True
            self.queue.put_nowait(None)


class EventHub:
    """Everything that happened lately, and everyone who listens.

    Args:
        boot: distinguishes this process from an earlier one; no ``-`` in it.
    """

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._number = 0
        self._ring: deque[ServerEvent] = deque(maxlen=RING)
        self._latest: dict[str, ServerEvent] = {}
        self._clients: set[Subscription] = set()

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._clients)

    def publish(self, kind: str, data: str) -> None:
        """Tell everyone; never waits for anyone."""
        self._number += 1
        event = ServerEvent(kind=kind, data=data, number=self._number)
        self._latest[kind] = event
        if kind not in LATEST_ONLY:
            self._ring.append(event)
        for client in tuple(self._clients):
            client.offer(event)

    def subscribe(self, last_event_id: str = "") -> Subscription:
        """A new client's queue, already holding what it missed.

        Args:
            last_event_id: what the client had last, or empty.

        Raises:
            Busy: too many clients.
        """
        if len(self._clients) >= MAX_CLIENTS:
            raise Busy(f"{MAX_CLIENTS} clients listen already.", "Close a page that is not needed.")
        client = Subscription()
        for event in self._missed(last_event_id):
            client.offer(event)
        self._clients.add(client)
        return client

    def leave(self, client: Subscription) -> None:
        """Forget a client."""
        self._clients.discard(client)

    def close(self) -> None:
        """End all streams."""
        for client in self._clients:
            client.drop()

    def text(self, event: ServerEvent) -> str:
        """The event as it goes over the wire."""
        return f"id: {self._boot}-{event.number}\nevent: {event.kind}\ndata: {event.data}\n\n"

    def _missed(self, last_event_id: str) -> list[ServerEvent]:
        boot, _, number = last_event_id.rpartition("-")
        after = (
            int(number) if boot == self._boot and number.isascii() and number.isdigit() else None
        )
        latest = [self._latest[kind] for kind in sorted(self._latest) if kind in LATEST_ONLY]
        if after is None:
            return latest
        once = [event for event in self._ring if event.number > after][-(QUEUE - len(latest)) :]
        return sorted(
            once + [event for event in latest if event.number > after], key=lambda item: item.number
        )


async def stream(
    hub: EventHub, client: Subscription, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[str]:
    """The text of one client's stream until it is dropped; a comment when nothing happens."""
    yield f"retry: {RETRY_MS}\n\n"
    while True:
        try:
            async with asyncio.timeout(heartbeat_s):
                event = await client.queue.get()
        except TimeoutError:
            yield ": still here\n\n"
            continue
        if event is None:
            return
        yield hub.text(event)


class EventStream(Response):
    """Response that streams one client and gives up on one that does not read.

    A subclass, because the framework passes on nothing else untouched.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: EventHub, last_event_id: str) -> None:
        super().__init__()
        self._hub = hub
        self._client = hub.subscribe(last_event_id)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the client leaves, is too slow, or the hub closes."""
        left = asyncio.ensure_future(_disconnected(receive))
        sending = asyncio.ensure_future(self._send(send))
        try:
            await asyncio.wait({left, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(self._client)
            for task in (left, sending):
                task.cancel()
            await asyncio.gather(left, sending, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for text in stream(self._hub, self._client):
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send(_body(text, more=True))
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await send(_body("", more=False))


def _body(text: str, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
