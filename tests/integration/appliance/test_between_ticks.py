"""Safety and people between two ticks: a real core, journal and mosquitto, and a kill between."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiomqtt
import pytest

from bench.safety_path import NODELAY, POLICY, PREFIX, Hand
from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker
from bitgrid_appliance.settings import Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.codec import Json, encode, loads
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.replay import replay
from support.demos import bodies
from support.tools import need

pytestmark = pytest.mark.timeout(90)


@dataclass
class Site:
    """A core on its bus, with a household made by hand."""

    hand: Hand
    supervisor: Supervisor
    data: Path
    port: int

    async def ask(self, what: str, **payload: Json) -> dict[str, Any]:
        """One request over the bus, and its answer."""
        request_id = f"ask-{what}-{len(bodies(self.data, 'decision'))}"
        async with aiomqtt.Client("127.0.0.1", self.port, socket_options=NODELAY) as client:
            await client.subscribe(f"{PREFIX}response/{request_id}", qos=1)
            request: Json = {"request_id": request_id, **payload}
            asking = asyncio.create_task(again(client, what, request))
            async with asyncio.timeout(20):
                message = await anext(aiter(client.messages))
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        return cast("dict[str, Any]", loads(message.payload))

    async def until(self, level: str) -> None:
        """Wait for a command that brings the load there."""
        while self.hand.level != level:
            await self.hand.wait()

    async def kill_core(self) -> None:
        """Kill the core, and wait until another one decides."""
        before = self.supervisor.pids()["core"]
        os.kill(before, signal.SIGKILL)
        async with asyncio.timeout(20):
            while self.supervisor.pids().get("core") in (None, before):  # noqa: ASYNC110 - a process sets no event
                await asyncio.sleep(0.05)


async def again(client: aiomqtt.Client, what: str, request: Json) -> None:
    """Ask until it is cancelled: a core that is starting does not hear the first time."""
    while True:
        await client.publish(f"{PREFIX}request/{what}", encode(request), qos=1)
        await asyncio.sleep(0.5)


@asynccontextmanager
async def site_at(folder: Path) -> AsyncIterator[Site]:
    """A running site, ended behind the body."""
    layout, settings = Layout(folder / "data"), Settings(mosquitto=need("mosquitto"))
    make_folders(layout)
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    broker = plan_broker(settings, layout.run)
    plan = Plan(layout=layout, settings=settings, broker=broker, policy=policy)
    supervisor = Supervisor(layout.log, lambda _line: None)
    try:
        await supervisor.start(plan.broker_child())
        await supervisor.start(plan.core_child("household"))
        async with aiomqtt.Client("127.0.0.1", broker.port, socket_options=NODELAY) as client:
            for topic in ("command/+", "clock/done"):
                await client.subscribe(PREFIX + topic, qos=1)
            hand = Hand(client=client)
            listening = asyncio.create_task(hand.listen())
            yield Site(hand=hand, supervisor=supervisor, data=layout.data, port=broker.port)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    finally:
        await supervisor.stop_all()


async def test_stop_within_a_block_outlives_a_kill_of_the_core(tmp_path: Path) -> None:
    """Too hot: off at once, recorded; the next core knows the lockout and refuses a start."""
    async with site_at(tmp_path) as site:
        assert await site.hand.stop_once() < 1000
        await site.kill_core()
        answer = await site.ask("override", load="load-1", action="START")
        assert answer["status"] == "refused"
        assert answer["refused"][0]["rule"] == "R3"
        data = site.data
    codes = [body["decision_code"] for body in bodies(data, "decision")]
    assert codes[-1] == "STOP_R3_OVERTEMP"
    with SqliteReader(data / "journal" / "journal.sqlite") as reader:
        assert replay(reader.records(), whole=True).same


async def test_people_are_obeyed_within_the_block_and_answered(tmp_path: Path) -> None:
    """Stop, autonomy, proposal and yes over the bus; all of it replays."""
    async with site_at(tmp_path) as site:
        await site.hand.block()
        await site.until("super")
        assert (await site.ask("override", load="load-1", action="STOP", minutes=1))[
            "status"
        ] == "done"
        await site.until("off")
        assert (await site.ask("autonomy", autonomy="ASSISTED"))["status"] == "done"
        await site.hand.block()
        proposal = bodies(site.data, "decision")[-1]
        assert proposal["effect"] == "proposed"
        assert site.hand.level == "off"
        answer = await site.ask("confirm", decision=proposal["id"])
        assert answer["decisions"] == [proposal["id"].replace("tick", "confirm")]
        await site.until("super")
        data = site.data
    with SqliteReader(data / "journal" / "journal.sqlite") as reader:
        assert replay(reader.records(), whole=True).same
