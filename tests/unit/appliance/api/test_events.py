"""The hub of server-sent events and its streams."""

import asyncio
from typing import Any

import pytest

from bitgrid_appliance.api import events
from bitgrid_appliance.api.events import MAX_CLIENTS, QUEUE, EventHub, EventStream, stream
from bitgrid_appliance.api.problems import Busy


async def _taken(hub: EventHub, last_event_id: str = "") -> list[str]:
    client = hub.subscribe(last_event_id)
    client.drop()
    return [text async for text in stream(hub, client)][1:]


async def test_an_event_has_an_id_a_kind_and_its_document() -> None:
    """The wire form is the one that browsers read."""
    hub = EventHub("b")
    client = hub.subscribe()
    hub.publish("decision", '{"a":1}')
    client.drop()
    texts = [text async for text in stream(hub, client)]
    assert texts == ["retry: 2000\n\n", 'id: b-1\nevent: decision\ndata: {"a":1}\n\n']


async def test_a_new_client_begins_with_the_present() -> None:
    """The newest state is there at once; past decisions are the list's matter."""
    hub = EventHub("b")
    for kind, data in (("state", "1"), ("decision", "2"), ("state", "3")):
        hub.publish(kind, data)
    assert await _taken(hub) == ["id: b-3\nevent: state\ndata: 3\n\n"]


async def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    """Every decision since, and only the newest state."""
    hub = EventHub("b")
    for kind, data in (("decision", "1"), ("state", "2"), ("decision", "3"), ("state", "4")):
        hub.publish(kind, data)
    missed = await _taken(hub, "b-1")
    assert [text.split("\n")[0] for text in missed] == ["id: b-3", "id: b-4"]


@pytest.mark.parametrize("last", ["other-1", "b-x", "nonsense", "b-", "-"])
async def test_an_id_of_another_process_starts_from_the_present(last: str) -> None:
    """After a restart of the web process nothing old is replayed as new."""
    hub = EventHub("b")
    hub.publish("decision", "1")
    hub.publish("state", "2")
    assert await _taken(hub, last) == ["id: b-2\nevent: state\ndata: 2\n\n"]


async def test_what_a_client_missed_fits_its_queue() -> None:
    """A long absence drops the oldest, not the client."""
    hub = EventHub("b")
    for number in range(400):
        hub.publish("decision", str(number))
    hub.publish("state", "now")
    missed = await _taken(hub, "b-1")
    assert len(missed) == QUEUE
    assert "now" in missed[-1]


async def test_a_client_that_does_not_read_is_dropped_and_others_are_not() -> None:
    """The queue is bounded; a slow client ends, a fast one goes on."""
    hub = EventHub("b")
    slow, fast = hub.subscribe(), hub.subscribe()
    for number in range(QUEUE + 1):
        hub.publish("decision", str(number))
        fast.queue.get_nowait()
    assert slow.dropped
    assert not fast.dropped


async def test_silence_is_filled_with_comments() -> None:
    """A connection on which nothing happens shows that it stands."""
    hub = EventHub("b")
    texts = stream(hub, hub.subscribe(), heartbeat_s=0.01)
    await anext(texts)
    assert (await anext(texts)).startswith(":")
    await texts.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_too_many_clients_are_refused() -> None:
    """The number of streams is bounded."""
    hub = EventHub("b")
    for _ in range(MAX_CLIENTS):
        hub.subscribe()
    with pytest.raises(Busy):
        hub.subscribe()


async def test_a_blocked_connection_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the network takes nothing for too long, the client is forgotten."""
    monkeypatch.setattr(events, "SEND_TIMEOUT_S", 0.05)
    hub = EventHub("b")
    response = EventStream(hub, "")

    async def never(*_: Any) -> Any:
        await asyncio.Event().wait()

    async def start_only(message: Any) -> None:
        if message["type"] != "http.response.start":
            await never()

    await asyncio.wait_for(response({"type": "http"}, never, start_only), 5)
    assert hub.clients == 0


async def test_a_client_that_leaves_is_forgotten() -> None:
    """A closed page costs nothing."""
    hub = EventHub("b")
    response = EventStream(hub, "")

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        return

    await asyncio.wait_for(response({"type": "http"}, gone, send), 5)
    assert hub.clients == 0


async def test_closing_the_hub_ends_every_stream() -> None:
    """The process does not wait for streams that never end by themselves."""
    hub = EventHub("b")
    client = hub.subscribe()
    hub.close()
    assert [text async for text in stream(hub, client)] == ["retry: 2000\n\n"]
