"""Kill -9 of any process at any moment: nothing twice, nothing lost, nothing different."""

import json
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.demos import (
    Demo,
    bodies,
    decided,
    kill_9,
    run_demo,
    start_demo,
    wait_until_gone,
)
from support.homes import sunny_home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
DAYS = 3
BLOCKS = DAYS * 144
RESEARCH = Path(sys.executable).parent / "bitgrid-research"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The household that all of them play."""
    return sunny_home(tmp_path_factory.mktemp("home") / "home.csv", DAYS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, home: Path) -> bytes:
    """What is decided when nobody is killed."""
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    run_demo(data, "--household", str(home))
    return decided(data)


def killed(data: Path, home: Path, name: str, seed: int) -> Demo:
    """A demo of which one child is killed at a few random moments."""
    chance = random.Random(seed)
    demo = start_demo(data, "--once", "--json", "--verbose", "--household", str(home))
    for _ in range(3):
        demo.wait_for_blocks(chance.randrange(1, BLOCKS - 100))
        time.sleep(chance.random() / 10)
        if demo.process.poll() is None:
            kill_9(demo.pid(name))
    return demo


def require_whole(data: Path, undisturbed: bytes, *, strictly: bool = True) -> None:
    """Every block decided once, and every byte as without the kill."""
    blocks = [int(body["block_id"]) for body in bodies(data, "block")]
    missed = sum(
        int(body["last_block"]) - int(body["first_block"]) + 1 for body in bodies(data, "missed")
    )
    ids = [body["id"] for body in bodies(data, "decision")]
    assert len(ids) == len(set(ids))
    assert blocks == sorted(set(blocks))
    assert len(blocks) + missed == BLOCKS
    if strictly:
        assert decided(data) == undisturbed


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["broker", "core", "household", "mirror"])
def test_child_killed_three_times_leaves_what_no_kill_leaves(
    tmp_path: Path, home: Path, undisturbed: bytes, name: str, seed: int
) -> None:
    """A killed child is started again, and journal and archive are as if nothing had been."""
    demo = killed(tmp_path / "data", home, name, seed)
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()
    assert f"{name}: ended with code -9" in demo.log.read_text()
    document = json.loads(output)
    assert document["blocks"] == BLOCKS
    assert document["verified"] is True
    require_whole(tmp_path / "data", undisturbed)


@pytest.mark.parametrize("seed", range(3))
def test_supervisor_killed_takes_its_children_along_and_goes_on_when_started_again(
    tmp_path: Path, home: Path, undisturbed: bytes, seed: int
) -> None:
    """No process is left behind, and the next start ends with what no kill gives."""
    data = tmp_path / "data"
    chance = random.Random(100 + seed)
    for _ in range(2):
        demo = start_demo(data, "--once", "--json", "--verbose", "--household", str(home))
        children = [demo.pid(name) for name in ("broker", "core", "household")]
        done = len(bodies(data, "block"))
        demo.wait_for_blocks(min(done + chance.randrange(1, 150), BLOCKS - 20))
        time.sleep(chance.random() / 10)
        kill_9(demo.process.pid)
        demo.end()
        wait_until_gone(children)
    document = run_demo(data, "--household", str(home))
    assert document["blocks"] == BLOCKS
    require_whole(data, undisturbed)


def test_archive_of_a_killed_demo_is_complete_for_the_researcher(
    tmp_path: Path, home: Path, undisturbed: bytes
) -> None:
    """Core and agent killed in one run: the archive still verifies and replays by itself."""
    data = tmp_path / "data"
    demo = start_demo(data, "--once", "--json", "--verbose", "--household", str(home))
    for name in ("mirror", "core", "mirror", "broker"):
        demo.wait_for_blocks(len(bodies(data, "block")) + 40)
        kill_9(demo.pid(name))
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()
    require_whole(data, undisturbed)
    for verb in ("verify", "replay"):
        done = subprocess.run(
            [RESEARCH, verb, data / "research", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    journal = data / "journal" / "journal.sqlite"
    bitgrid = Path(sys.executable).parent / "bitgrid"
    for words in (["journal", "verify"], ["replay"]):
        assert subprocess.run([bitgrid, *words, journal], check=False).returncode == 0


def test_everything_killed_at_one_instant_goes_on_when_started_again(
    tmp_path: Path, home: Path, undisturbed: bytes
) -> None:
    """As when the machine is switched off: no process gets a last word."""
    data = tmp_path / "data"
    for more in (60, 90):
        demo = start_demo(data, "--once", "--json", "--verbose", "--household", str(home))
        names = ("broker", "core", "household", "mirror")
        pids = [demo.process.pid, *(demo.pid(name) for name in names)]
        demo.wait_for_blocks(len(bodies(data, "block")) + more)
        for pid in pids:
            kill_9(pid)
        demo.end()
        wait_until_gone(pids)
    assert run_demo(data, "--household", str(home))["blocks"] == BLOCKS
    require_whole(data, undisturbed)


def test_page_that_is_killed_delays_no_decision_and_comes_back(tmp_path: Path, home: Path) -> None:
    """The web process of a live demo is another's business."""
    data = tmp_path / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = ["--household", str(home), "--speed", "6000", "--port", port, "--json", "--verbose"]
    demo = start_demo(data, *words)
    first = demo.pid("web")
    kill_9(first)
    demo.wait_for_blocks(len(bodies(data, "block")) + 20)
    deadline = time.monotonic() + 30
    while demo.pid("web") == first and time.monotonic() < deadline:
        time.sleep(0.05)
    assert demo.pid("web") != first
    demo.process.send_signal(signal.SIGINT)
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()
    assert bodies(data, "missed") == []
    assert json.loads(output)["verified"] is True


@pytest.mark.parametrize("name", ["core", "household"])
def test_kill_within_a_block_of_small_steps_leaves_what_no_kill_leaves(
    tmp_path: Path, home: Path, name: str
) -> None:
    """As in a live demo, with ten measurements a block: half a window is asked for again."""
    words = ["--household", str(home), "--step", "60", "--days", "1"]
    run_demo(tmp_path / "undisturbed", *words)
    chance = random.Random(name)
    data = tmp_path / "data"
    demo = start_demo(data, "--once", "--json", "--verbose", *words)
    for count in (20, 60, 90):
        demo.wait_for_blocks(count)
        time.sleep(chance.random() / 10)
        kill_9(demo.pid(name))
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()
    assert len(bodies(data, "block")) == 144
    assert decided(data) == decided(tmp_path / "undisturbed")
    assert bodies(data, "lease_end") == []
