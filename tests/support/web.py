"""A seeded day for tests of the API and the page: a real journal, real messages, real processes.

The day is decided by core itself on invented but balanced numbers: a clear morning, clouds at
noon, a clear afternoon. The web process and the broker are the real programs.
"""

import json
import math
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from bitgrid_core.block import BLOCK_MS, at_text, block_start_ms, parse_at
from bitgrid_core.chain import Draft
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body
from bitgrid_core.inputs import BlockClosed, PolicyChanged, to_record
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.model import DecisionEvent
from bitgrid_core.policy import Policy
from bitgrid_core.policy.model import Level, LoadProfile
from support.tools import need

SITE = "site"
FIRST_BLOCK = parse_at("2024-06-01T00:00:00Z") // BLOCK_MS
LEVELS = (
    Level(name="eco", power_w=800),
    Level(name="standard", power_w=1300),
    Level(name="super", power_w=1674),
)
POLICY = Policy(loads=(LoadProfile(id="load-1", levels=LEVELS),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """One window's balanced numbers, W and ‰."""

    pv_w: int
    house_w: int
    load_w: int
    soc_permille: int
    import_w: int = 0
    export_w: int = 0
    charge_w: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededBlock:
    """What happened in one block: its window's numbers, its records, its decisions."""

    block_id: int
    numbers: Numbers
    drafts: tuple[Draft, ...]
    events: tuple[DecisionEvent, ...]


def seeded_day(blocks: int, first_block: int = FIRST_BLOCK) -> list[SeededBlock]:
    """The first blocks of the day, decided by core."""
    state, _ = step(EngineState(), PolicyChanged(policy=POLICY))
    found: list[SeededBlock] = []
    soc, level = 620.0, "off"
    for index in range(blocks):
        block_id = first_block + index + 1
        numbers, soc = _balanced(index, soc, POLICY.loads[0].powers_w[level])
        tick = BlockClosed(window=_window(block_id, first_block, numbers))
        state, events = step(state, tick)
        level = state.memories["load-1"].level
        kind, body = to_record(tick)
        decisions = [Draft(kind="decision", body=to_body(event)) for event in events]
        drafts = (Draft(kind=kind, body=body), *decisions)
        found.append(
            SeededBlock(block_id=block_id, numbers=numbers, drafts=drafts, events=tuple(events))
        )
    return found


def write_journal(path: Path, day: list[SeededBlock]) -> None:
    """Append the day to a journal, the policy first where the journal is new."""
    journal = SqliteJournal(path)
    if journal.head().seq == 0:
        kind, body = to_record(PolicyChanged(policy=POLICY))
        journal.append([Draft(kind=kind, body=body)], block_start_ms(day[0].block_id - 1))
    for block in day:
        journal.append(block.drafts, block_start_ms(block.block_id))
    journal.close()


def messages(block: SeededBlock, into_ms: int = 200_000) -> list[tuple[str, dict[str, Any]]]:
    """What the broker holds some time into a block, topics below the site's prefix."""
    now_ms = block_start_ms(block.block_id) + into_ms
    found: list[tuple[str, dict[str, Any]]] = [("clock", {"now_ms": now_ms, "n": block.block_id})]
    for event in block.events:
        found.append((f"decision/{event.load}", to_body(event)))
        level = event.decision.level
        power_w = POLICY.loads[0].powers_w[level]
        status = {"observed": level, "level": level, "power_w": power_w, "reason": ""}
        found.append((f"status/{event.load}", status))
        found.append(_measurement(event.load, "load_power_w", power_w, "W", now_ms))
        numbers = _rebalanced(block.numbers, power_w)
        for name, value, unit in (
            ("pv_power_w", numbers.pv_w, "W"),
            ("house_load_w", numbers.house_w, "W"),
            ("grid_import_w", numbers.import_w, "W"),
            ("grid_export_w", numbers.export_w, "W"),
            ("battery_charge_w", numbers.charge_w, "W"),
            ("battery_soc_pct", numbers.soc_permille / 10, "%"),
        ):
            found.append(_measurement("site", name, value, unit, now_ms))
        found.append(("state", to_body(event)["state"]))  # type: ignore[arg-type]  # an object
    well = {"status": "ok", "reason": ""}
    return [*found, ("health/core", well), ("health/household", well)]


def _measurement(
    device: str, signal_name: str, value: float, unit: str, at_ms: int
) -> tuple[str, dict[str, Any]]:
    fields = {"value": value, "unit": unit, "at": at_text(at_ms), "source": "test", "quality": "ok"}
    return f"measurement/{device}/{signal_name}", fields


def _balanced(index: int, soc: float, load_w: int) -> tuple[Numbers, float]:
    hour = index / 6
    sun = max(0.0, math.sin((hour - 5.2) / 15.2 * math.pi)) if 5.2 < hour < 20.4 else 0.0
    cloud = 0.35 + 0.25 * math.sin(index) if 11.5 < hour < 13 else 1.0
    house = 260 + 500 * math.exp(-(((hour - 7.5) / 1.2) ** 2)) + 60 * math.sin(index * 1.7)
    house += 900 * math.exp(-(((hour - 19) / 1.5) ** 2))
    numbers = Numbers(
        pv_w=int(4600 * sun**1.4 * cloud),
        house_w=max(120, int(house)),
        load_w=load_w,
        soc_permille=int(soc),
    )
    numbers = _rebalanced(numbers, load_w)
    used = numbers.house_w + load_w + numbers.charge_w + numbers.export_w
    discharge_w = used - numbers.pv_w - numbers.import_w
    soc += (numbers.charge_w - discharge_w) / 6 / 10_000 * 1000
    return numbers, min(1000.0, max(100.0, soc))


def _rebalanced(numbers: Numbers, load_w: int) -> Numbers:
    """The same moment with the load at another power: the battery first, then the grid."""
    surplus_w = numbers.pv_w - numbers.house_w - load_w
    charge_w = min(max(0, surplus_w), 3000 if numbers.soc_permille < 990 else 0)
    lacking_w = max(0, -surplus_w)
    import_w = max(0, lacking_w - 2500) if numbers.soc_permille > 110 else lacking_w
    export_w = max(0, surplus_w - charge_w)
    return replace(numbers, load_w=load_w, charge_w=charge_w, import_w=import_w, export_w=export_w)


def _window(block_id: int, first_block: int, numbers: Numbers) -> BlockAggregates:
    def steady(value: int) -> Aggregate:
        return Aggregate(value, value, value, value, 10, 0)

    site = {
        "pv_power_w": steady(numbers.pv_w),
        "house_load_w": steady(numbers.house_w),
        "grid_import_w": steady(numbers.import_w),
        "grid_export_w": steady(numbers.export_w),
        "battery_soc_pct": steady(numbers.soc_permille),
        "battery_charge_w": steady(numbers.charge_w),
    }
    load = {"load_power_w": steady(numbers.load_w)}
    if numbers.load_w > 0:
        load |= {"load_temp_c": steady(61_000), "heartbeat": steady(1)}
    ahead = tuple(
        max(0, int(4600 * math.sin((block_id - first_block + i) / 144 * math.pi) ** 2))
        for i in range(6)
    )
    return BlockAggregates(
        block_id=block_id,
        local_day=20240601,
        site=site,
        loads={"load-1": load},
        pv_forecast_w=ahead,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A running house: where its page is, and where messages go."""

    origin: str
    broker_port: int
    data: Path


DAY = seeded_day(93)
"""The day of the browser tests; its last block is held back for what comes live."""
READY = "#past details"
"""What stands when the page is loaded."""


def free_port() -> int:
    """A port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def broker(port: int | None = None) -> Iterator[int]:
    """A mosquitto on loopback; its port."""
    chosen = port or free_port()
    argv = [need("mosquitto"), "-p", str(chosen)]
    with _running(argv):
        _until(lambda: socket.create_connection(("127.0.0.1", chosen), 1).close())
        yield chosen


def publish(port: int, batch: list[tuple[str, dict[str, Any]]]) -> None:
    """Publish messages, all retained, and return when the broker has them."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, document in batch:
        payload = json.dumps(document)
        info = client.publish(f"bitgrid/v1/{SITE}/{topic}", payload, qos=1, retain=True)
        info.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@contextmanager
def web(data: Path, broker_port: int, port: int | None = None) -> Iterator[str]:
    """The web process; its origin."""
    chosen = port or free_port()
    module = "bitgrid_appliance.api.process"
    ports = ["--broker-port", str(broker_port), "--port", str(chosen)]
    argv = [sys.executable, "-m", module, "--data", str(data), "--site", SITE, *ports]
    origin = f"http://127.0.0.1:{chosen}"
    with _running(argv):
        _until(lambda: urllib.request.urlopen(f"{origin}/api/v1/health", timeout=1).close())
        yield origin


def get_json(address: str) -> Any:
    """A document by HTTP."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


@contextmanager
def _running(argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(attempt: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
