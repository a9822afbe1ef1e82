"""Leases in real time: a core, a broker or an adapter is killed, and the load is off by itself."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import aiomqtt
import pytest

from bench.safety_path import PREFIX
from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker
from bitgrid_appliance.settings import Layout, Settings
from bitgrid_appliance.supervisor import ChildSpec, Supervisor
from bitgrid_core.codec import loads
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.replay import replay
from support.demos import bodies, kill_9
from support.homes import sunny_home
from support.tools import need

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]
LEASE_S = 5
STEP_S = 1
SLACK_S = 1.5


@dataclass
class Wire:
    """Everything that is said about the load, with the second in which it was heard."""

    status: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    command: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    power_w: list[tuple[float, Any]] = field(default_factory=list)

    def hear(self, topic: str, payload: dict[str, Any]) -> None:
        """One message."""
        now_s = time.monotonic()
        if topic.endswith("load_power_w"):
            self.power_w.append((now_s, payload["value"]))
        elif "/status/" in topic:
            self.status.append((now_s, payload))
        else:
            self.command.append((now_s, payload))


@dataclass
class Site:
    """A core, a broker and a live household; the test is their supervisor."""

    supervisor: Supervisor
    plan: Plan
    core: ChildSpec
    household: ChildSpec
    wire: Wire = field(default_factory=Wire)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.plan.layout.data

    def level(self) -> str:
        """The plant's own: what stands there, not what anybody says."""
        document = json.loads((self.data / "household.json").read_bytes())
        return str(document["house"]["plant"]["loads"][0]["level"])

    async def start_core(self) -> None:
        """Start it, without anybody who would start it again."""
        await self.supervisor.start(self.core)

    async def kill_for_good(self, name: str) -> float:
        """Kill -9; when. Nobody starts it again."""
        stopping = self.supervisor._watched[name].stopping
        stopping.set()
        kill_9(self.supervisor.pids()[name])
        return time.monotonic()

    async def until(self, what: str, within_s: float, **wanted: object) -> float:
        """When a word of that kind was heard that says all of it."""
        async with asyncio.timeout(within_s):
            while True:
                for at_s, said in getattr(self.wire, what):
                    if all(said.get(key) == value for key, value in wanted.items()):
                        return cast("float", at_s)
                await asyncio.sleep(0.02)

    async def until_running(self) -> None:
        """In real time, with a lease that is renewed."""
        await self.until("status", 60, observed="on", reason="")
        await self.until("command", 20, lease_s=LEASE_S)
        await asyncio.sleep(2)
        assert self.level() != "off"


@asynccontextmanager
async def site_at(folder: Path) -> AsyncIterator[Site]:
    """A site whose load runs at noon, in real time from then on."""
    layout, settings = Layout(folder / "data"), Settings(mosquitto=need("mosquitto"))
    make_folders(layout)
    broker = plan_broker(settings, layout.run)
    plan = Plan(layout=layout, settings=settings, broker=broker)
    home = sunny_home(folder / "home.csv", 1)
    words: tuple[str, ...] = ("--household", str(home), "--start", "2024-06-01T11:00:00Z")
    words += ("--step", "600", "--speed", "60000", "--live-after", "3")
    core = plan.core_child("household")
    supervisor = Supervisor(layout.log, lambda _line: None)
    site = Site(
        supervisor=supervisor,
        plan=plan,
        core=replace(core, argv=(*core.argv, "--lease-s", str(LEASE_S))),
        household=plan.household_child(words),
    )
    listening: asyncio.Task[None] | None = None
    try:
        await supervisor.start(plan.broker_child())
        listening = asyncio.create_task(listen(site.wire, broker.port))
        await site.start_core()
        await supervisor.start(site.household)
        yield site
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await supervisor.stop_all()


async def listen(wire: Wire, port: int) -> None:
    """Hear until the broker is gone."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for topic in ("status/+", "command/+", "measurement/+/load_power_w"):
            await client.subscribe(PREFIX + topic, qos=1)
        async for message in client.messages:
            wire.hear(message.topic.value, cast("dict[str, Any]", loads(message.payload)))


async def test_killed_core_leaves_its_load_off_within_the_lease_and_hears_of_it(
    tmp_path: Path,
) -> None:
    """OFF at the plant, LEASE_EXPIRED on the bus; the next core records it and starts nothing."""
    async with site_at(tmp_path) as site:
        await site.until_running()
        killed_s = await site.kill_for_good("core")
        expired_s = await site.until("status", 20, reason="LEASE_EXPIRED", observed="off")
        assert expired_s - killed_s <= LEASE_S + STEP_S + SLACK_S
        assert site.level() == "off"
        await asyncio.sleep(2 * STEP_S)
        assert site.wire.power_w[-1][1] == 0
        told = len(site.wire.command)
        await site.supervisor.stop("core")
        await site.start_core()
        async with asyncio.timeout(20):
            while not bodies(site.data, "lease_end"):  # noqa: ASYNC110 - a journal sets no event
                await asyncio.sleep(0.1)
        await site.until("command", 20, action="STOP")
        assert {said["level"] for _at_s, said in site.wire.command[told:]} == {"off"}
        data = site.data
    codes = [body["decision_code"] for body in bodies(data, "decision")]
    assert codes[-1] == "STOP_SYS_LEASE_EXPIRED"
    with SqliteReader(data / "journal" / "journal.sqlite") as reader:
        assert replay(reader.records(), whole=True).same


async def test_restart_of_the_core_within_the_lease_changes_nothing(tmp_path: Path) -> None:
    """The recorded decision is renewed under the next boot, and the load runs on."""
    async with site_at(tmp_path) as site:
        await site.until_running()
        os.kill(site.supervisor.pids()["core"], signal.SIGKILL)
        await site.until("command", 20, boot=2, lease_s=LEASE_S)
        await asyncio.sleep(LEASE_S + 2 * STEP_S)
        assert site.level() != "off"
        assert bodies(site.data, "lease_end") == []


async def test_killed_broker_leaves_the_load_off_within_the_lease(tmp_path: Path) -> None:
    """Nobody has to be heard for that; when the broker is back, the core hears of it."""
    async with site_at(tmp_path) as site:
        await site.until_running()
        killed_s = await site.kill_for_good("broker")
        async with asyncio.timeout(20):
            while site.level() != "off":  # noqa: ASYNC110 - a file sets no event
                await asyncio.sleep(0.05)
        assert time.monotonic() - killed_s <= LEASE_S + STEP_S + SLACK_S
        await site.supervisor.stop("broker")
        await site.supervisor.start(site.plan.broker_child())
        async with asyncio.timeout(30):
            while not bodies(site.data, "lease_end"):  # noqa: ASYNC110 - a journal sets no event
                await asyncio.sleep(0.1)
    codes = [body["decision_code"] for body in bodies(site.data, "decision")]
    assert "STOP_SYS_LEASE_EXPIRED" in codes


async def test_killed_adapter_begins_with_off_until_it_has_a_lease(tmp_path: Path) -> None:
    """Back within 10 s; unconfirmed until the plant shows it; then it is a switch like any other."""
    async with site_at(tmp_path) as site:
        await site.until_running()
        os.kill(site.supervisor.pids()["household"], signal.SIGKILL)
        killed_s = time.monotonic()
        site.wire.status.clear()
        unconfirmed_s = await site.until("status", 20, reason="STOP_UNCONFIRMED", level="off")
        assert unconfirmed_s - killed_s < 10
        assert site.wire.status[0][1]["reason"] == "STOP_UNCONFIRMED"
        await site.until("status", 20, reason="LEASE_EXPIRED", observed="off")
        async with asyncio.timeout(20):
            while not bodies(site.data, "lease_end"):  # noqa: ASYNC110 - a journal sets no event
                await asyncio.sleep(0.1)
        assert all(said["observed"] != "on" for _at_s, said in site.wire.status)
