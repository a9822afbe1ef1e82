"""The agent's state directory: one target, one node, one key, one log — and a lock on it.

Creates, opens and retires it. A new target never sees the key or the log of an older one: those
move to ``former/NODE`` and stay there.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bitgrid_core.archive import names
from bitgrid_core.errors import StorageError
from bitgrid_mirror_agent import keys
from bitgrid_mirror_agent.age import Random
from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.durable import Hook, make_directory, sync_directory
from bitgrid_mirror_agent.ledger import Ledger
from bitgrid_mirror_agent.log import Log
from bitgrid_mirror_agent.queue import Queue

LEDGER = "ledger.sqlite"
KEY = "checkpoint.key"
SPOOL = "spool"
FORMER = "former"
_NODE_SIZE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An open state directory."""

    directory: Path
    spool: Path
    key: keys.CheckpointKey
    ledger: Ledger
    queue: Queue
    log: Log

    @property
    def target(self) -> Target:
        """Where this log is pushed to."""
        found = json.loads(self.ledger.get("target"))
        return Target(**{**found, "kind": TargetKind(found["kind"])})

    def root(self, shard: int) -> str:
        """Root of a shard in the target."""
        return names.root(self.target.prefix, self.log.node, shard)

    @property
    def copied(self) -> bool:
        """Whether the directory was restored or copied: its key lies in another file than it did.

        Not every copy shows (a whole disk's does not); those that do not are found by *already
        there* on a first send.
        """
        return self.ledger.get("key_inode") != str((self.directory / KEY).stat().st_ino)

    def settle(self) -> None:
        """Take the directory as it lies now for the original."""
        with self.ledger.transaction("settle"):
            self.ledger.set("key_inode", str((self.directory / KEY).stat().st_ino))

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory for this process.

    Raises:
        StorageError: another agent holds it, or it cannot be written.
    """
    try:
        make_directory(directory)
        handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(
            f"{directory} cannot be written: {error.strerror}.", "Give the agent write access."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StorageError(
            f"Another agent works in {directory}.", "Wait for it, or stop it first."
        ) from error
    finally:
        os.close(handle)


def open_existing(directory: Path, hook: Hook) -> State | None:
    """The state of a log that was begun; ``None`` before that.

    Raises:
        StorageError: the ledger or its key is broken or missing.
    """
    if not (directory / LEDGER).exists():
        return None
    ledger = Ledger(directory / LEDGER, hook)
    if not ledger.get("node"):
        ledger.close()
        return None
    try:
        state = _assemble(directory, ledger, keys.load(directory / KEY))
        _check(state)
    except StorageError:
        ledger.close()
        raise
    state.queue.tidy_spool()
    return state


def create(directory: Path, target: Target, random: Random, hook: Hook) -> State:
    """Begin a log for a target, with a new pseudonym and a new key."""
    make_directory(directory / SPOOL)
    key = keys.create(directory / KEY, random)
    hook("key.created")
    state = _assemble(directory, Ledger(directory / LEDGER, hook), key)
    with state.ledger.transaction("create"):
        state.ledger.set("node", random(_NODE_SIZE).hex())
        state.ledger.set("public_key", key.public.hex())
        state.ledger.set("key_inode", str((directory / KEY).stat().st_ino))
        state.ledger.set("target", json.dumps(asdict(target), sort_keys=True))
        state.log.start_shard(0)
    state.queue.tidy_spool()
    return state


def retire(state: State) -> None:
    """Move a log whose target is no longer consented aside, ledger first."""
    former = state.directory / FORMER / state.log.node
    state.close()
    make_directory(former)
    for name in (LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", KEY, SPOOL):
        path = state.directory / name
        if path.exists():
            path.rename(former / name)
    sync_directory(state.directory)


def _assemble(directory: Path, ledger: Ledger, key: keys.CheckpointKey) -> State:
    spool = directory / SPOOL
    make_directory(spool)
    queue = Queue(ledger, spool)
    return State(
        directory=directory,
        spool=spool,
        key=key,
        ledger=ledger,
        queue=queue,
        log=Log(ledger, queue, key),
    )


def _check(state: State) -> None:
    if state.ledger.get("public_key") != state.key.public.hex():
        raise StorageError(
            "The checkpoint key is not that of the ledger.",
            f"Move {state.directory} away: the agent then starts a new log with a new key.",
        )
