"""The supervisor with real processes: order, restarts, a clean end, and nobody left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bitgrid_appliance.supervisor import ChildSpec, Supervisor, watching
from bitgrid_core.errors import BadInput, MissingDependency
from support.demos import alive, wait_until_gone

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    time.sleep(1)
""",
)


def words(name: str, argv: tuple[str, ...], *, ends: bool = False) -> ChildSpec:
    """A child that nobody waits for."""
    return ChildSpec(name=name, argv=argv, ends=ends)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, ten seconds at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.02)


def python(code: str) -> tuple[str, ...]:
    """A child that runs some lines."""
    return (sys.executable, "-c", textwrap.dedent(code))


async def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    """The last started is the first stopped, and none is left."""
    told: list[str] = []
    supervisor = Supervisor(tmp_path, told.append)
    names = ["one", "two", "three"]
    for name in names:
        await supervisor.start(words(name, SLEEP))
    pids = list(supervisor.pids().values())
    await supervisor.stop_all()
    assert [line.partition(":")[0] for line in told] == [*names, *reversed(names)]
    assert not any(alive(pid) for pid in pids)


async def test_killed_child_is_started_again(tmp_path: Path) -> None:
    """A crash is said and healed."""
    told: list[str] = []
    supervisor = Supervisor(tmp_path, told.append)
    await supervisor.start(words("one", SLEEP))
    first = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.pids()["one"] != first)
    await supervisor.stop_all()
    assert told[1].startswith("one: ended with code -9; again in")


async def test_child_that_fails_before_it_is_ready_speaks_for_itself(tmp_path: Path) -> None:
    """Its last words and the class of its exit code become the error."""

    async def never(_pid: int) -> bool:
        return False

    code = "import sys; sys.stderr.write('The file is bad. Mend it.\\n'); sys.exit(2)"
    supervisor = Supervisor(tmp_path, lambda _line: None)
    with pytest.raises(BadInput, match=r"one: The file is bad. Mend it."):
        await supervisor.start(
            ChildSpec(name="one", argv=(sys.executable, "-c", code), ready=never)
        )
    await supervisor.stop_all()


async def test_child_that_is_never_ready_is_given_up_and_stopped(tmp_path: Path) -> None:
    """Waiting has an end."""

    async def never(_pid: int) -> bool:
        return False

    supervisor = Supervisor(tmp_path, lambda _line: None)
    with pytest.raises(MissingDependency, match="not ready within"):
        await supervisor.start(ChildSpec(name="one", argv=SLEEP, ready=never, ready_within_s=0.3))
    pid = supervisor.pids()["one"]
    await supervisor.stop_all()
    assert not alive(pid)


async def test_missing_program_is_a_missing_dependency(tmp_path: Path) -> None:
    """Not a traceback."""
    supervisor = Supervisor(tmp_path, lambda _line: None)
    spec = ChildSpec(name="one", argv=("/nowhere/program",), ready=None)
    with pytest.raises(MissingDependency, match="no /nowhere/program"):
        await supervisor.start(spec)


async def test_child_that_fails_again_and_again_ends_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restarting has an end, too, with the child's own code."""
    monkeypatch.setattr(watching, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(watching, "MOST_FAILURES", 3)
    supervisor = Supervisor(tmp_path, lambda _line: None)
    await supervisor.start(words("one", python("raise SystemExit(2)")))
    with pytest.raises(BadInput, match="one: it ended with code 2"):
        async with asyncio.timeout(20):
            await supervisor.wait("one")
    await supervisor.stop_all()


async def test_child_that_may_end_is_waited_for(tmp_path: Path) -> None:
    """Code 0 of such a child is no failure."""
    told: list[str] = []
    supervisor = Supervisor(tmp_path, told.append)
    await supervisor.start(words("one", python("pass"), ends=True))
    async with asyncio.timeout(10):
        await supervisor.wait("one")
    await supervisor.stop_all()
    assert told[-1] == "one: done"


async def test_child_that_does_not_want_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline, then SIGKILL."""
    monkeypatch.setattr(watching, "STOP_WITHIN_S", 0.3)
    told: list[str] = []
    supervisor = Supervisor(tmp_path, told.append)
    await supervisor.start(words("one", STUBBORN))
    pid = supervisor.pids()["one"]
    await until(lambda: "up" in (tmp_path / "one.log").read_text())
    await supervisor.stop_all()
    assert told[-1] == "one: stopped (code -9)"
    assert not alive(pid)


def test_child_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """Kill -9 of the supervisor leaves no orphan behind."""
    code = f"""
    import asyncio, pathlib
    from bitgrid_appliance.supervisor import ChildSpec, Supervisor

    async def main():
        supervisor = Supervisor(pathlib.Path({str(tmp_path)!r}), lambda line: None)
        await supervisor.start(ChildSpec(name="one", argv={SLEEP!r}))
        print(supervisor.pids()["one"], flush=True)
        await asyncio.sleep(60)

    asyncio.run(main())
    """
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        time.sleep(0.1)
        parent.kill()
        wait_until_gone([child])
