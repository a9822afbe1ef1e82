"""From a measurement over the limit to the stop on the wire, through a real mosquitto and disk."""

import asyncio
import shutil
import socket
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiomqtt

from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker
from bitgrid_appliance.settings import Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.block import BLOCK_MS, at_text
from bitgrid_core.codec import Json, encode, loads

STOPS = 300
START_MS = 1_717_200_000_000
PREFIX = "bitgrid/v1/site/"
POLICY = """\
safety_lockout_min: 10
min_pause_blocks: 0
has_forecast: false
loads:
  - id: load-1
"""
SITE = {
    "pv_power_w": (6000, "W"),
    "house_load_w": (500, "W"),
    "grid_import_w": (0, "W"),
    "battery_soc_pct": (80, "%"),
}
ANSWER_S = 10.0
NODELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""What every client of the appliance sets; without it the kernel adds 40 ms."""


def safety_path(stops: int = STOPS) -> dict[str, object]:
    """Milliseconds from publishing 86 °C to receiving the STOP: p50, p99 and the longest."""
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if mosquitto is None:
        return {"skipped": "no mosquitto on this machine"}
    with tempfile.TemporaryDirectory() as folder:
        took_ms = asyncio.run(_measured(Path(folder), mosquitto, stops))
    cuts = statistics.quantiles(took_ms, n=100)
    return {
        "stops": len(took_ms),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(took_ms), 2),
    }


async def _measured(folder: Path, mosquitto: str, stops: int) -> list[float]:
    layout, settings = Layout(folder / "data"), Settings(mosquitto=mosquitto)
    make_folders(layout)
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    plan = Plan(
        layout=layout, settings=settings, broker=plan_broker(settings, layout.run), policy=policy
    )
    supervisor = Supervisor(layout.log, lambda _line: None)
    try:
        await supervisor.start(plan.broker_child())
        await supervisor.start(plan.core_child("household"))
        async with aiomqtt.Client("127.0.0.1", plan.broker.port, socket_options=NODELAY) as client:
            for topic in ("command/+", "clock/done"):
                await client.subscribe(PREFIX + topic, qos=1)
            hand = Hand(client=client)
            listening = asyncio.create_task(hand.listen())
            found = [await hand.stop_once() for _ in range(stops)]
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            return found
    finally:
        await supervisor.stop_all()


@dataclass
class Hand:
    """A household made by hand: one load, a clock, and a stopwatch."""

    client: aiomqtt.Client
    n: int = 0
    level: str = "off"
    news: asyncio.Event = field(default_factory=asyncio.Event)
    done: int = 0
    stopped_s: float = 0.0

    @property
    def now_ms(self) -> int:
        """The virtual instant."""
        return START_MS + self.n * BLOCK_MS

    async def listen(self) -> None:
        """Note every command and every answer."""
        async for message in self.client.messages:
            payload = cast("dict[str, object]", loads(message.payload))
            if message.topic.value.endswith("clock/done"):
                self.done = cast("int", payload["n"])
            else:
                self.level = str(payload["level"])
                if self.level == "off":
                    self.stopped_s = time.perf_counter()
            self.news.set()

    async def stop_once(self) -> float:
        """Let blocks pass until the load runs, heat it, and time its stop."""
        await self.block()
        while self.level == "off":
            await self.block()
        begun_s = time.perf_counter()
        await self.measure("load-1", "load_temp_c", (86, "°C"), self.now_ms + 1)
        while self.level != "off":
            await self.wait()
        return (self.stopped_s - begun_s) * 1000

    async def block(self) -> None:
        """Measure everything at the end of a block, and tick."""
        self.n += 1
        for name, value in SITE.items():
            number, unit = value
            moved = (
                number + self.n % 2 if number else 0
            )  # what never moves is not believed for ever
            await self.measure("site", name, (moved, unit), self.now_ms - 1)
        await self.measure("load-1", "load_temp_c", (50 + self.n % 2, "°C"), self.now_ms - 1)
        await self.measure("load-1", "heartbeat", (1, ""), self.now_ms - 1)
        tick: Json = {"now_ms": self.now_ms, "n": self.n, "step_s": 600, "sent": None}
        await self.client.publish(PREFIX + "clock", encode(tick), qos=1)
        while self.done != self.n:
            await self.wait()

    async def measure(self, device: str, name: str, value: tuple[int, str], at_ms: int) -> None:
        """Publish one measurement."""
        number, unit = value
        payload: Json = {"value": number, "unit": unit, "at": at_text(at_ms), "source": "bench"}
        topic = f"{PREFIX}measurement/{device}/{name}"
        await self.client.publish(topic, encode(payload), qos=0)

    async def wait(self) -> None:
        """Until something else arrives."""
        async with asyncio.timeout(ANSWER_S):
            await self.news.wait()
        self.news.clear()
