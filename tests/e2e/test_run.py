"""`bitgrid run` without a demo: the appliance itself, on the wall's clock."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.demos import BITGRID, RUNNING, bodies, wait_until_gone

pytestmark = pytest.mark.timeout(120)


def free_port() -> str:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def answer(port: str, path: str) -> dict[str, object]:
    """A JSON answer of the API, waiting until there is one."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5) as got:
                found: dict[str, object] = json.load(got)
                return found
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@contextmanager
def appliance(data: Path, port: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`bitgrid run`; killed if the test did not end it."""
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [BITGRID, "run", "--data", data, "--port", port],
            stdin=subprocess.DEVNULL,
            stderr=stderr,
            env=os.environ | {"BITGRID_BROKER_PORT": free_port()},
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_appliance_starts_is_healthy_and_ends_cleanly(
    tmp_path: Path, asked: signal.Signals
) -> None:
    """A first policy is laid out, core and broker are there, one request ends all: exit 0."""
    data, port, log = tmp_path / "data", free_port(), tmp_path / "stderr"
    with appliance(data, port, log) as process:
        deadline = time.monotonic() + 30
        while not (answer(port, "health")["broker_connected"] and bodies(data, "policy")):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        process.send_signal(asked)
        assert process.wait(timeout=30) == 0, log.read_text()
    told = log.read_text()
    assert "policy.yaml" in told
    wait_until_gone([int(pid) for _, pid in RUNNING.findall(told)], within_s=1)
    assert [body["boot"] for body in bodies(data, "boot")] == [1]
    assert bodies(data, "decision") == []
    assert len(bodies(data, "anchor")) == 1


def test_adapter_says_wrong_use_in_one_sentence() -> None:
    """`bitgrid-adapter` speaks like `bitgrid`."""
    done = subprocess.run(
        [BITGRID.with_name("bitgrid-adapter"), "toaster"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
