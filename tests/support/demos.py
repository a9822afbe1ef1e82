"""Starting `bitgrid run` as a person does, and looking at what it left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bitgrid_core.codec import encode
from bitgrid_core.errors import BadInput
from bitgrid_core.journal.sqlite import SqliteReader

BITGRID = Path(sys.executable).parent / "bitgrid"
RUNNING = re.compile(r"^(\w+): running \(process (\d+)\)", re.MULTILINE)
Document = dict[str, Any]


@dataclass
class Demo:
    """A demo that is running."""

    process: subprocess.Popen[str]
    data: Path
    log: Path
    since: float = field(default_factory=time.monotonic)

    def pid(self, name: str, within_s: float = 30) -> int:
        """The newest process id of a child, waiting until it has one."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = dict(RUNNING.findall(self.log.read_text()))
            if name in found:
                return int(found[name])
            time.sleep(0.02)
        raise self.failure(f"{name} never ran")

    def wait_for_blocks(self, count: int, within_s: float = 60) -> None:
        """Until so many blocks stand in the journal."""
        deadline = time.monotonic() + within_s
        while len(blocks(self.data)) < count:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise self.failure(f"no {count} blocks")
            time.sleep(0.02)

    def failure(self, what: str) -> AssertionError:
        """What went wrong, with the demo ended and its log."""
        self.process.kill()
        self.process.communicate()
        return AssertionError(f"{what}:\n{self.log.read_text()}")

    def end(self, within_s: float = 110) -> tuple[int, str]:
        """Exit code and standard output."""
        try:
            output, _ = self.process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            raise self.failure("it did not end") from None
        return self.process.returncode, output


def start_demo(data: Path, *words: str, **environment: str) -> Demo:
    """Start `bitgrid run --demo` on a data directory; what it tells goes into a log beside it."""
    log = data.with_suffix(".stderr")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [BITGRID, "run", "--demo", "--data", data, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
        )
    return Demo(process=process, data=data, log=log)


def run_demo(data: Path, *words: str, **environment: str) -> Document:
    """Play a demo to its end; it must succeed."""
    demo = start_demo(data, "--once", "--json", "--verbose", *words, **environment)
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()
    document: Document = json.loads(output)
    return document


def blocks(data: Path) -> list[int]:
    """Ids of the decided blocks, in order."""
    return [int(body["block_id"]) for body in bodies(data, "block")]


def bodies(data: Path, kind: str) -> list[Document]:
    """Bodies of every record of a kind, in order."""
    path = data / "journal" / "journal.sqlite"
    try:
        with SqliteReader(path) as reader:
            return [record.body for record in reader.records() if record.kind == kind]
    except BadInput:  # not there yet
        return []


def decided(data: Path) -> bytes:
    """Every input and every decision of a journal, without times: what a crash must not change."""
    kinds = ("policy", "block", "decision", "lease_end", "missed")
    return b"\n".join(encode(body) for kind in kinds for body in bodies(data, kind))


def alive(pid: int) -> bool:
    """Whether a process still runs."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return status != "Z"
    return False


def kill_9(pid: int) -> None:
    """As a power cut or an angry kernel would."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_until_gone(pids: list[int], within_s: float = 15) -> None:
    """Until none of the processes runs any more."""
    deadline = time.monotonic() + within_s
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, [pid for pid in pids if alive(pid)]
        time.sleep(0.05)
