"""What a component says of itself on ``health/{component}``, and how others see it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.settings import LOOPBACK
from bitgrid_appliance.supervisor import Probe
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import at_text
from bitgrid_core.codec import Json, encode


def health(component: str, status: str, reason: str = "") -> Outgoing:
    """A component's health: ``ok``, ``warn`` or ``error``."""
    since = at_text(time.time_ns() // 1_000_000)
    payload: dict[str, Json] = {"status": status, "reason": reason, "since": since}
    return Outgoing(kind=Kind.HEALTH, names=(component,), payload=payload)


def say_ready(run_dir: Path, component: str) -> None:
    """Leave word that this process is ready."""
    replace_file(_word(run_dir, component), encode({"pid": os.getpid()}), sync=False)


def ready_word(run_dir: Path, component: str) -> Probe:
    """Whether the process with that id has left word."""

    async def probe(pid: int) -> bool:
        try:
            found = json.loads(_word(run_dir, component).read_bytes())
        except (OSError, ValueError):
            return False
        return isinstance(found, dict) and found.get("pid") == pid

    return probe


def accepts(port: int) -> Probe:
    """Whether something listens on a port of loopback."""

    async def probe(_pid: int) -> bool:
        try:
            _reader, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        return True

    return probe


def _word(run_dir: Path, component: str) -> Path:
    return run_dir / f"{component}.ready"
