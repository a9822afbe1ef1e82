"""A real core on a real mosquitto and journal, with a household made by hand."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiomqtt

from bench.safety_path import NODELAY, POLICY, PREFIX, Hand
from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker
from bitgrid_appliance.settings import Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.codec import Json, encode, loads
from support.demos import bodies
from support.tools import need


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
