"""A service on the real bus that says its forecast in its own shape, to a core as a process."""

import asyncio
import csv
import json
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest

from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker
from bitgrid_appliance.demo_home import HomeWords
from bitgrid_appliance.settings import LOOPBACK, Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.block import at_text, parse_at
from bitgrid_core.sun import FRANCE
from support.core_command import core
from support.demos import bodies
from support.homes import sunny_home

pytestmark = pytest.mark.timeout(120)
TOPIC = "bitgrid/v1/site/measurement/emhass/pv_forecast_kw"
MIDNIGHT = parse_at("2024-06-01T00:00:00Z")
HOURS = 10


def message() -> bytes:
    """Ten hours from midnight on, 1500 W in each, as EMHASS says them to Home Assistant."""
    items = [
        {"date": at_text(MIDNIGHT + hour * 3_600_000), "p_pv_forecast": "1500.0"}
        for hour in range(HOURS)
    ]
    return json.dumps({"at": at_text(MIDNIGHT), "forecasts": items}).encode()


async def play(plan: Plan, words: HomeWords) -> None:
    """A day of a household, with a service that speaks before it begins."""
    supervisor = Supervisor(plan.layout.log, lambda _line: None)
    try:
        await supervisor.start(plan.broker_child())
        await supervisor.start(plan.core_child("household"))
        async with aiomqtt.Client(LOOPBACK, plan.broker.port) as service:
            await service.publish(TOPIC, b'{"forecasts": [{"p_pv_forecast": 1}]}', qos=1)
            await service.publish(TOPIC, message(), qos=1)
        await supervisor.start(plan.household_child(words.argv()))
        async with asyncio.timeout(100):
            await supervisor.wait("household")
    finally:
        await supervisor.stop_all()


async def test_service_is_believed_until_it_knows_no_more_then_the_own_forecast(
    tmp_path: Path,
) -> None:
    """Both are in the records, each under its name, and what is broken changes nothing."""
    full = sunny_home(tmp_path / "full.csv", 1)
    home = tmp_path / "home.csv"
    with full.open(encoding="utf-8") as read, home.open("w", encoding="utf-8") as written:
        csv.writer(written).writerows(row[:3] for row in csv.reader(read))
    layout, settings = Layout(tmp_path / "data"), replace(Settings(mosquitto="none"), place=FRANCE)
    make_folders(layout)
    plan = Plan(layout=layout, settings=settings, broker=plan_broker(settings, layout.run))
    await play(plan, HomeWords(file=home, once=True))
    (received,) = bodies(layout.data, "forecast")
    assert (received["from"], received["step_s"]) == (at_text(MIDNIGHT), 3600)
    assert received["values"] == [1500] * HOURS
    blocks = bodies(layout.data, "block")
    whose = [one.get("sources", {}).get("pv_forecast_kw") for one in blocks]
    until = HOURS * 6 - 3  # three of the next six blocks are known until here
    assert whose[:until] == [None] * until
    assert blocks[0]["pv_forecast_w"] == [1500] * 6
    assert set(whose[until:]) == {"local"}
    assert core("replay", layout.journal).code == 0
