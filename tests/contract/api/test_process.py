"""The web process as a program: it ends when it is told to, and says what is wrong in a sentence."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from support.web import SITE, broker, free_port, get_json, messages, publish, seeded_day, web


def _start(data: Path, port: int, *words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "bitgrid_appliance.api.process", "--data", str(data)]
    argv += ["--site", SITE, "--broker-port", "1", "--port", str(port), *words]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def _wait_until_it_serves(port: int) -> None:
    for _ in range(400):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the process does not serve")


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "stdin"])
def test_it_ends_at_once_though_a_stream_is_open(tmp_path: Path, how: str) -> None:
    """Neither a signal nor the supervisor's death waits for a page that listens."""
    port = free_port()
    process = _start(tmp_path, port, "--until-stdin-closes")
    try:
        _wait_until_it_serves(port)
        stream = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/events", timeout=5)
        assert stream.readline() == b"retry: 2000\n"
        assert process.stdin is not None
        if how == "stdin":
            process.stdin.close()
        else:
            process.send_signal(getattr(signal, how))
        assert process.wait(4) == 0
        stream.close()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stderr):
            if pipe is not None:
                pipe.close()


def test_a_busy_port_is_one_sentence_and_exit_3(tmp_path: Path) -> None:
    """No traceback, and the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = _start(tmp_path, other.getsockname()[1])
        _, said = process.communicate(timeout=20)
    assert process.returncode == 3
    assert b"--port" in said
    assert b"Traceback" not in said


def test_it_answers_without_a_broker_and_takes_up_one_that_comes(tmp_path: Path) -> None:
    """First honest, then live, without a restart."""
    port = free_port()
    with web(tmp_path, port) as origin:
        assert get_json(f"{origin}/api/v1/health")["reason"] == "BROKER_AWAY"
        with broker(port):
            publish(port, messages(seeded_day(3)[-1]))
            for _ in range(200):
                if get_json(f"{origin}/api/v1/health")["status"] == "ok":
                    break
                time.sleep(0.05)
            assert get_json(f"{origin}/api/v1/state")["loads"][0]["id"] == "load-1"


def test_a_stream_resumes_with_what_was_missed(tmp_path: Path) -> None:
    """A browser that was away for a moment misses no decision."""
    day = seeded_day(6)
    with broker() as port, web(tmp_path, port) as origin:
        publish(port, messages(day[0]))
        first = _read_events(origin, "", "event: state")
        publish(port, messages(day[1]))
        publish(port, messages(day[2]))
        missed = _read_events(origin, first, f"{day[2].block_id}/load-1/tick/0", whole=True)
        assert f"{day[1].block_id}/load-1/tick/0" in missed


def _read_events(origin: str, last_id: str, until: str, *, whole: bool = False) -> str:
    """The id of the event that holds a text, or all that was read up to it."""
    request = urllib.request.Request(f"{origin}/api/v1/events", headers={"Last-Event-ID": last_id})
    read, newest = "", ""
    with urllib.request.urlopen(request, timeout=10) as stream:
        while until not in read:
            line = stream.readline().decode()
            read += line
            newest = line.removeprefix("id: ").strip() if line.startswith("id: ") else newest
    return read if whole else newest
