"""Core and household as processes, over both brokers: a day, block by block."""

import asyncio
from pathlib import Path

import aiomqtt
import pytest

from bitgrid_appliance import broker
from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import BrokerPlan, plan_broker
from bitgrid_appliance.demo_home import HomeWords
from bitgrid_appliance.settings import Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.errors import MissingDependency
from support.demos import bodies, decided
from support.homes import sunny_home
from support.tools import need

BLOCKS = 144
pytestmark = pytest.mark.timeout(120)


def plan_for(data: Path, which: str) -> Plan:
    """A plan on a fresh directory with that broker."""
    if which == "mosquitto":
        which = need("mosquitto")
    layout, settings = Layout(data), Settings(mosquitto=which)
    make_folders(layout)
    return Plan(layout=layout, settings=settings, broker=plan_broker(settings, layout.run))


async def play(plan: Plan, words: HomeWords) -> None:
    """Let a household live through its days."""
    supervisor = Supervisor(plan.layout.log, lambda _line: None)
    try:
        await supervisor.start(plan.broker_child())
        await supervisor.start(plan.core_child("household"))
        await supervisor.start(plan.household_child(words.argv()))
        async with asyncio.timeout(100):
            await supervisor.wait("household")
    finally:
        await supervisor.stop_all()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a day came to over each broker that was tried."""
    return {}


@pytest.mark.parametrize("which", ["mosquitto", "none"])
async def test_day_is_decided_block_by_block_over_either_broker(
    tmp_path: Path, which: str, days: dict[str, bytes]
) -> None:
    """Every block once, sun used, commands obeyed; the same bytes whichever broker carried them."""
    home = sunny_home(tmp_path / "home.csv", 1)
    data = tmp_path / "data"
    await play(plan_for(data, which), HomeWords(file=home, once=True))
    blocks = [body["block_id"] for body in bodies(data, "block")]
    assert blocks == list(range(blocks[0], blocks[0] + BLOCKS))
    levels = {body["level"] for body in bodies(data, "decision")}
    assert {"off", "super"} <= levels
    ran = [body["loads"]["load-1"].get("load_power_w") for body in bodies(data, "block")]
    assert any(power is not None and power[0] == 1674 for power in ran)
    days[which] = decided(data)
    assert len(set(days.values())) == 1


async def test_live_steps_give_the_same_number_of_blocks_and_no_lease_ends(tmp_path: Path) -> None:
    """With steps of a minute and leases of 60 s the load runs through, renewed at each step."""
    home = sunny_home(tmp_path / "home.csv", 1)
    data = tmp_path / "data"
    words = HomeWords(file=home, once=True, step_s=60, start="2024-06-01T06:00:00Z")
    await play(plan_for(data, "none"), words)
    assert len(bodies(data, "block")) == 108
    assert bodies(data, "lease_end") == []
    assert {"super"} <= {body["level"] for body in bodies(data, "decision")}


async def test_rubbish_on_the_bus_changes_nothing(tmp_path: Path) -> None:
    """Malformed, oversized and foreign messages are counted and dropped while a day is decided."""
    home = sunny_home(tmp_path / "home.csv", 1)
    data, clean = tmp_path / "data", tmp_path / "clean"
    words = HomeWords(file=home, once=True)
    await play(plan_for(clean, "none"), words)
    plan = plan_for(data, "mosquitto")
    flood = asyncio.create_task(rubbish(plan.broker))
    try:
        await play(plan, words)
    finally:
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
    assert decided(data) == decided(clean)
    assert "dropped" in (data / "log" / "core.log").read_text()


async def rubbish(plan: BrokerPlan) -> None:
    """Publish nonsense under the site's prefix until cancelled; each has reached the broker.

    What is too long for the broker comes last: it costs its sender the connection.
    """
    prefix = "bitgrid/v1/site/"
    sent = [
        ("measurement/site/pv_power_w", b"{"),
        ("measurement/site/pv_power_w", b'{"value": 1}'),
        ("measurement/site/noise_db", b'{"value": 1, "at": "2024-06-01T00:00:00Z"}'),
        ("measurement/site", b"{}"),
        ("status/load-1", b'{"reason": "LEASE_EXPIRED", "since": "never"}'),
        ("clock", b'{"now_ms": -1, "n": 1, "step_s": 600, "sent": 0}'),
        ("gossip/load-1", b"{}"),
    ]
    while True:
        try:
            async with aiomqtt.Client("127.0.0.1", plan.port) as client:
                for topic, payload in sent:
                    await client.publish(prefix + topic, payload, qos=1)
                await client.publish(f"{prefix}measurement/site/house_load_w", b"x" * 70_000)
                await asyncio.sleep(0.05)
        except aiomqtt.MqttError:
            await asyncio.sleep(0.05)


def test_named_mosquitto_that_is_not_there_is_a_missing_dependency(tmp_path: Path) -> None:
    """A wish that cannot be met is not replaced by something else."""
    with pytest.raises(MissingDependency, match="no program"):
        plan_broker(Settings(mosquitto="/nowhere/mosquitto"), tmp_path)


def test_busy_broker_port_is_named(tmp_path: Path) -> None:
    """Two brokers never share a port."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MissingDependency, match=str(port)):
            plan_broker(Settings(broker_port=port, mosquitto="none"), tmp_path)
    assert broker.free_port() > 0
