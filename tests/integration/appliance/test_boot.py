"""Boot order: configuration valid, journal intact, broker there, memory restored, first tick."""

import asyncio
import subprocess
from pathlib import Path

import aiomqtt
import pytest

from bench.safety_path import NODELAY, PREFIX, Hand
from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker
from bitgrid_appliance.settings import Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.journal.sqlite import SqliteJournal
from support.demos import bodies
from support.site import SiteConfig, fill, inputs
from support.tampering import tamper
from support.tools import need

pytestmark = pytest.mark.timeout(90)


def planned(folder: Path, policy: str = "version: 1\nloads:\n  - id: load-1\n") -> Plan:
    """A site whose broker does not run."""
    layout, settings = Layout(folder / "data"), Settings(mosquitto=need("mosquitto"))
    make_folders(layout)
    path = folder / "policy.yaml"
    path.write_text(policy)
    broker = plan_broker(settings, layout.run)
    return Plan(layout=layout, settings=settings, broker=broker, policy=path)


def ended(plan: Plan) -> tuple[int, str]:
    """Exit code and last words of a core that does not get far."""
    argv = plan.core_child("household").argv
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_core_with_an_invalid_policy_ends_before_it_touches_the_journal(tmp_path: Path) -> None:
    """Wrong input, named; there is not even a journal."""
    plan = planned(tmp_path, "version: 1\nloads:\n  - id: load-1\nmax_temp_c: 96\n")
    code, words = ended(plan)
    assert code == 2
    assert "max_temp_c" in words
    assert not plan.layout.journal.exists()


def test_core_with_a_changed_journal_ends_and_records_nothing(tmp_path: Path) -> None:
    """A check failed; whoever restores a backup finds it as it was."""
    plan = planned(tmp_path)
    journal = SqliteJournal(plan.layout.journal)
    fill(journal, inputs(SiteConfig(blocks=5, quiet=True)))
    head = journal.head()
    journal.close()
    tamper(plan.layout.journal, "UPDATE record SET body = x'7b7d' WHERE seq = 3")
    code, words = ended(plan)
    assert code == 1, words
    journal = SqliteJournal(plan.layout.journal)
    assert journal.head() == head
    journal.close()


async def test_core_without_a_broker_waits_and_decides_nothing(tmp_path: Path) -> None:
    """Not even its boot is recorded; with the broker comes the first tick."""
    plan = planned(tmp_path)
    supervisor = Supervisor(plan.layout.log, lambda _line: None)
    core = asyncio.create_task(supervisor.start(plan.core_child("household")))
    try:
        await asyncio.sleep(3)
        assert not core.done()
        assert plan.layout.journal.exists()
        assert bodies(plan.layout.data, "boot") == []
        await supervisor.start(plan.broker_child())
        await core
        async with aiomqtt.Client("127.0.0.1", plan.broker.port, socket_options=NODELAY) as client:
            await client.subscribe(f"{PREFIX}clock/done", qos=1)
            hand = Hand(client=client)
            listening = asyncio.create_task(hand.listen())
            await hand.block()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        assert len(bodies(plan.layout.data, "boot")) == 1
        assert len(bodies(plan.layout.data, "decision")) == 1
    finally:
        await supervisor.stop_all()
