"""A journal that takes nothing, through a real mosquitto, core and SQLite, and a kill -9 meanwhile."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import aiomqtt
import pytest

from bench.safety_path import PREFIX
from bitgrid_core.codec import loads
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.replay import replay
from support.bus_site import Site, site_at
from support.demos import bodies

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Nobody else can write to the journal."""
    database = sqlite3.connect(data / "journal" / "journal.sqlite", isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
    finally:
        database.close()


@asynccontextmanager
async def health(site: Site) -> AsyncIterator["asyncio.Queue[dict[str, Any]]"]:
    """What the core says of itself."""
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with aiomqtt.Client("127.0.0.1", site.port) as client:
        await client.subscribe(f"{PREFIX}health/core", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                said.put_nowait(cast("dict[str, Any]", loads(message.payload)))

        listening = asyncio.create_task(listen())
        yield said
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def until(said: "asyncio.Queue[dict[str, Any]]", status: str) -> dict[str, Any]:
    """The next word of that status."""
    async with asyncio.timeout(20):
        while (word := await said.get())["status"] != status:
            pass
    return word


async def heated(site: Site) -> float:
    """Heat the running load; seconds until its stop is on the wire."""
    hand = site.hand
    begun_s = time.perf_counter()
    await hand.measure("load-1", "load_temp_c", (86, "°C"), hand.now_ms + 1)
    await site.until("off")
    return hand.stopped_s - begun_s


async def running(site: Site) -> None:
    """Let blocks pass until the load runs."""
    while site.hand.level == "off":
        await site.hand.block()


async def test_stop_is_on_the_wire_within_a_second_though_the_journal_takes_nothing(
    tmp_path: Path,
) -> None:
    """200 ms for the record, then the stop; health in error; the record follows when it can."""
    async with site_at(tmp_path) as site, health(site) as said:
        await running(site)
        with held(site.data):
            assert 0.19 < await heated(site) < 1
            assert (await until(said, "error"))["reason"] == "JOURNAL_LOST"
            assert bodies(site.data, "safety") == []
        await site.hand.block()
        await until(said, "ok")
        data = site.data
    with SqliteReader(data / "journal" / "journal.sqlite") as reader:
        records = list(reader.records())
        assert replay(reader.records(), whole=True).same
    kinds = [record.kind for record in records]
    first = kinds.index("safety")
    assert kinds[first : first + 5] == [
        *("safety", "decision", "recorded_late"),
        *("journal_lost", "recorded_late"),
    ]
    assert records[first + 2].body["seq"] == first + 1
    assert not (data / "run" / "unrecorded.json").exists()


async def test_stop_whose_process_died_before_its_record_is_recorded_by_the_next(
    tmp_path: Path,
) -> None:
    """Kill -9 right behind the stop: a gap record, then the input, its decision and the lockout."""
    async with site_at(tmp_path) as site:
        await running(site)
        with held(site.data):
            assert await heated(site) < 1
            assert (site.data / "run" / "unrecorded.json").exists()
            await site.kill_core()
        answer = await site.ask("override", load="load-1", action="START")
        assert (answer["status"], answer["refused"][0]["rule"]) == ("refused", "R3")
        async with asyncio.timeout(20):
            await site.hand.block()
        data = site.data
    with SqliteReader(data / "journal" / "journal.sqlite") as reader:
        records = list(reader.records())
        assert replay(reader.records(), whole=True).same
    kinds = [record.kind for record in records]
    first = kinds.index("gap")
    assert kinds[first - 1 : first + 4] == ["boot", "gap", "safety", "decision", "recorded_late"]
    assert records[first].body == {"boot": 1, "acts": 1}
    assert records[first + 2].body["decision_code"] == "STOP_R3_OVERTEMP"
    assert records[first + 3].body["seq"] == first + 2
    assert not (data / "run" / "unrecorded.json").exists()
    levels = [r.body["level"] for r in records[first:] if r.kind == "decision"]
    assert set(levels) == {"off"}
