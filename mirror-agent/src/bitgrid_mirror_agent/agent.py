"""One turn of the agent: consent, seal, sign, push, status. Without a consent: nothing at all.

Time, randomness, waiting and the store come from outside, so that the tests turn it as the
command line does.

Invariant: nothing of the outbox is read and no store is opened before a consent was found valid;
afterwards, exactly one more checkpoint says that it ended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bitgrid_core.archive.leaf import Kind
from bitgrid_core.errors import BitgridError, MissingDependency, StorageError
from bitgrid_mirror_agent import consent as consents
from bitgrid_mirror_agent import instants, status, writing
from bitgrid_mirror_agent import state as states
from bitgrid_mirror_agent.age import Random
from bitgrid_mirror_agent.consent import Consent, Target
from bitgrid_mirror_agent.durable import Hook
from bitgrid_mirror_agent.outbox_reader import OutboxReader
from bitgrid_mirror_agent.pusher import Pushed, Result, Surroundings, push
from bitgrid_mirror_agent.queue import Put
from bitgrid_mirror_agent.sealing import Sealer
from bitgrid_mirror_agent.settings import Clock, Settings
from bitgrid_mirror_agent.state import State
from bitgrid_mirror_agent.status import Phase, Status
from bitgrid_mirror_agent.store import Store

MOST_SHARDS = 8
CLOCK_TOLERANCE_MS = 600_000

Progress: TypeAlias = Callable[[Callable[[], Status]], None]
"""Told now and then, while something is under way, how to get the status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the agent needs from outside.

    Args:
        now_ms: the machine's clock.
        random: source of unpredictable bytes.
        draw: an even number from 0 to 999, for back-off.
        wait: waits so many milliseconds; true when the program is to end.
        open_store: the store of a consented target.
        hook: told each durable step.
        progress: told often; asks for the status when it wants to show it.
    """

    now_ms: Callable[[], int]
    random: Random
    draw: Callable[[], int]
    wait: Callable[[int], bool]
    open_store: Callable[[Target], Store]
    hook: Hook
    progress: Progress


class Agent:
    """The agent over one state directory.

    Args:
        settings: where things lie.
        world: time, randomness, store.
    """

    def __init__(self, settings: Settings, world: World) -> None:
        self._settings = settings
        self._world = world
        self._outbox = OutboxReader(settings.outbox)

    def turn(self, *, seal: bool = True) -> Status:
        """Do what is due now; with ``seal=False`` only push what waits.

        Raises:
            BitgridError: what a person has to see to; the status file says so too.
        """
        with states.locked(self._settings.state):
            try:
                return self._tell(self._turn(seal=seal))
            except BitgridError as error:
                self._alarm(error)
                raise
            except (OSError, sqlite3.Error) as error:
                failed = StorageError(
                    f"{type(error).__name__}: {error}.", "Check the disk and the agent's rights."
                )
                self._alarm(failed)
                raise failed from error

    def _turn(self, *, seal: bool) -> Status:
        consent = consents.load(self._settings.consent, self._settings.core_pub)
        state = states.open_existing(self._settings.state, self._world.hook)
        try:
            if consent is None:
                return self._withdrawn(state)
            now_ms = self._now(consent)
            _check_clock(state, now_ms)
            if consent.expired(now_ms):
                return self._off(state, Kind.EXPIRED)
            if not consent.begun(now_ms):
                return self._off(state, Kind.WITHDRAWN)
            if state is None and not seal:
                return self._snapshot(state, Phase.IDLE)
            state = self._state_for(state, consent.target)
            self._leave_copied_log(state)
            if seal:
                self._seal(state, consent, now_ms)
            return self._push(state, Phase.IDLE)
        finally:
            if state is not None:
                state.close()

    def _now(self, consent: Consent) -> int:
        if self._settings.clock is Clock.OUTBOX:
            newest = self._outbox.newest_ms(consent.streams)
            return consent.valid_from_ms if newest is None else newest
        return self._world.now_ms()

    def _state_for(self, state: State | None, target: Target) -> State:
        """The state for a target; one of another target says goodbye there and moves aside."""
        if state is not None and state.target.digest != target.digest:
            writing.record_end(state, Kind.WITHDRAWN, self._last_ms(state))
            self._push(state, Phase.WITHDRAWN)
            states.retire(state)
            state = None
        if state is None:
            return states.create(self._settings.state, target, self._world.random, self._world.hook)
        return state

    def _leave_copied_log(self, state: State) -> None:
        """A restored or copied directory starts a new shard before it says anything."""
        if state.copied:
            state.log.open_new_shard(instants.write(self._last_ms(state)))
            state.settle()

    def _seal(self, state: State, consent: Consent, now_ms: int) -> None:
        writing.record_consent(state, consent, now_ms)
        sealer = Sealer(state.spool, self._world.random, self._world.hook)
        writing.record_data(
            state, sealer, (self._outbox, consent), lambda: self._sealed_more(state)
        )
        writing.record_heartbeat(state, consent, now_ms)

    def _sealed_more(self, state: State) -> bool:
        self._world.progress(lambda: self._snapshot(state, Phase.PUSHING))
        return self._world.wait(0)

    def _withdrawn(self, state: State | None) -> Status:
        """No consent file; believed only while core's own key beside it can be read."""
        if state is not None:
            consents.read_core_key(self._settings.core_pub)
        return self._off(state, Kind.WITHDRAWN)

    def _off(self, state: State | None, kind: Kind) -> Status:
        """No consent, or one that is over: the last checkpoint, then silence."""
        if state is None or not state.ledger.get("consent"):
            return self._snapshot(state, Phase.OFF)
        writing.record_end(state, kind, self._last_ms(state))
        return self._push(state, Phase.WITHDRAWN)

    def _last_ms(self, state: State) -> int:
        if self._settings.clock is Clock.OUTBOX:
            return int(state.ledger.get("last_at_ms", "0"))
        return self._world.now_ms()

    def _push(self, state: State, after: Phase) -> Status:
        """Sign what is new and push what waits."""
        for _ in range(MOST_SHARDS):
            state.log.publish()
            if not state.queue.pending_count():
                return self._snapshot(state, after)
            self._tell(self._snapshot(state, Phase.PUSHING))
            pushed = self._push_queue(state)
            if pushed.count:
                with state.ledger.transaction("pushed"):
                    state.ledger.set("last_push_at", instants.write(self._world.now_ms()))
            if pushed.result is not Result.FORKED:
                return self._after_push(state, pushed, after)
            state.log.open_new_shard(instants.write(self._last_ms(state)))
        raise StorageError(
            f"{MOST_SHARDS} shards in a row were taken.",
            "Another copy of this machine is pushing: stop one of them.",
        )

    def _push_queue(self, state: State) -> Pushed:
        def taken(_put: Put) -> None:
            self._world.progress(lambda: self._snapshot(state, Phase.PUSHING))

        world = Surroundings(wait=self._world.wait, draw=self._world.draw, pushed=taken)
        return push(state.queue, self._world.open_store(state.target), state.root, world)

    def _after_push(self, state: State, pushed: Pushed, after: Phase) -> Status:
        match pushed.result:
            case Result.PAUSED:
                raise StorageError(
                    f"The store refused: {pushed.reason}.",
                    "Nothing is lost; correct the target or its credentials, then push again.",
                )
            case Result.LATER:
                raise StorageError(
                    f"The store is out of reach: {pushed.reason}.",
                    "Nothing is lost; the next push tries again.",
                )
            case _:
                return self._snapshot(state, after)

    def _snapshot(self, state: State | None, phase: Phase, alarm: str | None = None) -> Status:
        if state is None:
            return Status(state=phase, alarm=alarm)
        ledger, log = state.ledger, state.log
        verifier = state.key.verifier(log.origin)
        forked = f"The log goes on in shard {log.shard}: this disk was restored or copied."
        return Status(
            state=phase,
            alarm=alarm,
            notice=forked if log.shard else None,
            sealed_objects=ledger.count("sealed_objects"),
            bytes_pushed=ledger.count("bytes_pushed"),
            pending=state.queue.pending_count(),
            last_seq=ledger.cursor("logs"),
            log_size=log.size,
            node=log.node,
            root=state.root(log.shard),
            verifier_key=verifier.text,
            key_fingerprint=verifier.fingerprint,
            consent=ledger.get("consent") or None,
            last_push_at=ledger.get("last_push_at") or None,
        )

    def _tell(self, snapshot: Status) -> Status:
        status.write(self._settings.state, snapshot)
        return snapshot

    def _alarm(self, error: BitgridError) -> None:
        """Write the alarm where the UI looks; the error itself goes on to the caller."""
        try:
            state = states.open_existing(self._settings.state, self._world.hook)
            try:
                self._tell(self._snapshot(state, Phase.PAUSED, str(error)))
            finally:
                if state is not None:
                    state.close()
        except BitgridError:
            return


def _check_clock(state: State | None, now_ms: int) -> None:
    """A machine without a clock battery must not take its first seconds for an ended consent."""
    said_ms = 0 if state is None else int(state.ledger.get("last_at_ms", "0"))
    if now_ms + CLOCK_TOLERANCE_MS < said_ms:
        raise MissingDependency(
            f"The clock says {instants.write(now_ms)}, the log spoke at {instants.write(said_ms)}.",
            "Wait until the time is set, or set it.",
        )
