"""``bitgrid run`` at rest: proportional set size of each process, and the time to its page."""

import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROC = Path("/proc")
SETTLE_S = 30
START_S = 60


def idle_memory() -> dict[str, object]:
    """PSS in MB per process of the demo at real speed, after it settled; seconds to its page."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as data:
        bitgrid = Path(sys.executable).with_name("bitgrid")
        command = [str(bitgrid), "run", "--demo", "--speed", "1"]
        command += ["--data", data, "--port", str(port)]
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.PIPE)
        try:
            _wait_for(f"http://127.0.0.1:{port}/")
            page_s = round(time.monotonic() - began, 2)
            time.sleep(SETTLE_S)
            sizes = {_name(pid): _pss_mb(pid) for pid in _tree(process.pid)}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    total = round(sum(sizes.values()), 1)
    return {**sizes, "total_mb": total, "first_page_s": page_s}


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _name(pid: int) -> str:
    words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    shown = [Path(word.decode()).name for word in words if word and not word.startswith(b"-")]
    useful = [word for word in shown if not word.startswith("python")]
    return f"{' '.join(useful[:2])} ({pid})"


def _pss_mb(pid: int) -> float:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
