"""What the agent tells: ``status.json`` in its state directory, replaced in one step.

Counts and states, no content: the UI reads it as untrusted data. The agent never reads it back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from bitgrid_core import codec
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_mirror_agent import durable

FILE = "status.json"


class Phase(StrEnum):
    """What the agent is doing."""

    OFF = "off"
    IDLE = "idle"
    PUSHING = "pushing"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A snapshot.

    Args:
        alarm: why it is paused, in a sentence for a person.
        notice: something that a person should know and need not do anything about.
        sealed_objects: data objects sealed so far.
        bytes_pushed: bytes of all things that the store took.
        pending: things that wait to be pushed.
        last_seq: last journal record of the stream ``logs`` that the log accounts for.
        log_size: leaves of the current shard.
        root: where the current shard lies, below the target's prefix.
        key_fingerprint: what a researcher pins.
    """

    state: Phase
    alarm: str | None = None
    notice: str | None = None
    sealed_objects: int = 0
    bytes_pushed: int = 0
    pending: int = 0
    last_seq: int = 0
    log_size: int = 0
    node: str | None = None
    root: str | None = None
    verifier_key: str | None = None
    key_fingerprint: str | None = None
    consent: str | None = None
    last_push_at: str | None = None

    @property
    def document(self) -> dict[str, codec.Json]:
        """As JSON."""
        return {"v": 1, **asdict(self)}


def write(directory: Path, status: Status) -> None:
    """Replace the status file."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        durable.replace(directory / FILE, codec.encode(status.document) + b"\n")
    except OSError as error:
        raise StorageError(
            f"{directory} cannot be written: {error.strerror}.", "Give the agent write access."
        ) from error


class Progress:
    """Called often; once a second, asks for the status, writes it and shows it.

    Args:
        directory: where the status file is.
        show: shows a status to whoever waits.
    """

    def __init__(self, directory: Path, show: Callable[[Status], None]) -> None:
        self._directory = directory
        self._show = show
        self._next = time.monotonic() + 1

    def __call__(self, snapshot: Callable[[], Status]) -> None:
        """One more thing is done."""
        if time.monotonic() < self._next:
            return
        now = snapshot()
        write(self._directory, now)
        self._show(now)
        self._next = time.monotonic() + 1


def read(directory: Path) -> dict[str, codec.Json]:
    """The last status; that of an agent that never ran if there is none."""
    try:
        found = json.loads((directory / FILE).read_bytes())
    except FileNotFoundError:
        return Status(state=Phase.OFF).document
    except (OSError, ValueError) as error:
        raise BadInput(f"{directory / FILE} cannot be read.", "Run bitgrid-mirror once.") from error
    if not isinstance(found, dict):
        raise BadInput(f"{directory / FILE} is not a status.", "Run bitgrid-mirror once.")
    return found
