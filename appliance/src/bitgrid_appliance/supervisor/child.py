"""One child process: how it is started so that it cannot outlive its supervisor.

Its own session (Ctrl-C reaches the supervisor alone), output into its own log, standard input
held open by the supervisor, and on Linux a parent-death signal on top. Knows no order.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from bitgrid_appliance.settings import search_path
from bitgrid_core.errors import MissingDependency, StorageError

Probe: TypeAlias = Callable[[int], Awaitable[bool]]
"""Whether the process with that id is ready to be used."""

LOG_LIMIT: Final = 5_000_000
_TAIL: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What to run.

    Attributes:
        name: for people and for the log's file name.
        argv: the command.
        ready: asked until it says yes; ``None`` for a process that nobody waits for.
        ready_within_s: after which waiting for it has failed.
        ends: whether it may end with code 0 by itself.
    """

    name: str
    argv: tuple[str, ...]
    ready: Probe | None = None
    ready_within_s: float = 20.0
    ends: bool = False


class Child:
    """A started child process."""

    def __init__(self, process: Process, spec: ChildSpec, log: Path) -> None:
        self._process = process
        self._spec = spec
        self._log = log
        self._started_s = time.monotonic()

    @property
    def pid(self) -> int:
        """Its process id; the one of the program itself, not of a wrapper."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, negative for a signal; ``None`` while it runs."""
        return self._process.returncode

    @property
    def uptime_s(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._started_s

    async def wait(self) -> int:
        """Wait for its end."""
        return await self._process.wait()

    async def stop(self, deadline_s: float) -> int:
        """Ask it to end, and kill it when the deadline has passed."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._process.wait(), deadline_s)
        with suppress(ProcessLookupError):
            self._process.kill()
        return await self._process.wait()

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - _TAIL))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""


async def start_child(spec: ChildSpec, log_dir: Path) -> Child:
    """Start a process.

    Raises:
        MissingDependency: there is no such program.
        StorageError: its log cannot be written.
    """
    log = log_dir / f"{spec.name}.log"
    if shutil.which(spec.argv[0], path=search_path()) is None:
        raise MissingDependency(
            f"{spec.name} cannot be started: there is no {spec.argv[0]}.", "Install it."
        )
    try:
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_death_signal(),
                *spec.argv,
                stdin=PIPE,
                stdout=output,
                stderr=STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise StorageError(
            f"{spec.name} cannot be started: {error.strerror}.", f"Check {log}."
        ) from error
    return Child(process, spec, log)


@cache
def _death_signal() -> tuple[str, ...]:
    """Words before a command that tie its life to ours, where the system can do that."""
    program = shutil.which("setpriv", path=search_path())
    return (program, "--pdeathsig", "TERM", "--") if program else ()


async def read_output(argv: tuple[str, ...], log: Path) -> tuple[int, bytes]:
    """Run a program to its end: exit code and standard output; its errors go to ``log``."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *_death_signal(),
            *argv,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    assert process.returncode is not None  # communicate waits for the end
    return process.returncode, output
