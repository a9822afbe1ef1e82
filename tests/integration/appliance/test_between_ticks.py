"""Safety and people between two ticks: a real core, journal and mosquitto, and a kill between."""

from pathlib import Path

import pytest

from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.replay import replay
from support.bus_site import site_at
from support.demos import bodies

pytestmark = pytest.mark.timeout(90)


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
