"""The core's loop without its surroundings: collect → step → append → act.

Takes measurements, status and ticks; gives the messages to publish. Knows journal, outbox and
anchors by their protocols, no broker and no clock of its own. Invariants: an input and what was
decided on it are one transaction, and nothing but a safety stop is published before it is durable;
no block is decided twice; what is published for a block again is what was recorded for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bitgrid_appliance.books import Books
from bitgrid_appliance.clock import Tick
from bitgrid_appliance.forecasting import Forecasting, Roof
from bitgrid_appliance.foreseen import Foreseen, Planned
from bitgrid_appliance.hearing import Hearing
from bitgrid_appliance.leases import LEASE_S, Leases
from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.orders import Orders
from bitgrid_appliance.ports import Anchors, CoreJournal, Days, LocalDay, Slices
from bitgrid_appliance.remembering import last_at_ms, last_window
from bitgrid_appliance.safety import alarm, silences
from bitgrid_appliance.unrecorded import Act, NoTrace, Trace, Unrecorded, found_gap
from bitgrid_core.block import at_text, block_at, block_start_ms
from bitgrid_core.chain import Draft, Record
from bitgrid_core.codec import Json
from bitgrid_core.context import Measurement
from bitgrid_core.engine import EngineState, step
from bitgrid_core.errors import StorageError
from bitgrid_core.events import to_body
from bitgrid_core.inputs import (
    BlockClosed,
    BlocksMissed,
    ClockJumped,
    Input,
    JournalLost,
    LeaseEnded,
    PolicyChanged,
    TimeBoxExceeded,
    to_record,
)
from bitgrid_core.model import OFF, DecisionEvent
from bitgrid_core.outbox import SOFTWARE
from bitgrid_core.policy import Policy, policy_digest
from bitgrid_core.restore import restore


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the runtime works on."""

    journal: CoreJournal
    slices: Slices
    anchors: Anchors
    local_day: LocalDay
    days: Days | None = None
    roof: Roof | None = None
    trace: Trace = field(default_factory=NoTrace)


class Runtime:
    """The core between two restarts."""

    def __init__(self, ports: Ports, policy: Policy, lease_s: int = LEASE_S) -> None:
        """Restore memory from the journal, and what a predecessor could not record.

        Raises:
            BadInput: a record cannot be read.
        """
        self._ports = ports
        self._policy, self._digest = policy, policy_digest(policy)
        self._state = restore(ports.journal)
        newest = ports.journal.newest("boot")
        self.boot = 1 + (_whole(newest.body["boot"]) if newest else 0)
        self._booted = False
        self._lost = False
        self._last_at_ms = last_at_ms(ports.journal)
        self._head_seq = ports.journal.head().seq  # asking a journal that hangs would hang
        self._first_block: int | None = None
        self._forecasting = Forecasting(ports.journal, policy, ports.roof)
        self._hearing = Hearing(policy, last_window(ports.journal), self._forecasting)
        self._tick = Tick(now_ms=self._last_at_ms)
        self._books = Books(ports.journal, ports.slices, ports.anchors, ports.days)
        self._orders = Orders(ports.journal, policy, Leases(self.boot, lease_s))
        self._orders.recall(self._state.ticked)
        self._unrecorded = Unrecorded(ports.trace, self.boot)
        self._follow_gap()

    @property
    def latest(self) -> tuple[DecisionEvent, ...]:
        """The newest decision of each load."""
        return self._orders.latest

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    @property
    def state(self) -> EngineState:
        """What the engine carries on."""
        return self._state

    @property
    def is_lost(self) -> bool:
        """Whether the journal is not writable, as far as is known."""
        return self._lost

    @property
    def last_at_ms(self) -> int:
        """When the newest record was made."""
        return self._last_at_ms

    def untold(self) -> set[str]:
        """Loads that should run, of which nothing was heard since the core runs."""
        running = {load for load, memory in self._state.memories.items() if memory.level != OFF}
        return running - self._hearing.told

    def take_measurement(
        self, names: tuple[str, ...], payload: Mapping[str, object]
    ) -> Measurement | None:
        """Collect one measurement; one that is known already counts for nothing.

        Returns:
            The measurement, if it is news of the running block.

        Raises:
            BadInput: it is none.
        """
        return self._hearing.take(names, payload, self._decided_at_ms())

    def take_status(self, load: str, payload: Mapping[str, object]) -> None:
        """Notice that a load switched itself off for want of a lease; handled at the next tick.

        Raises:
            BadInput: no instant.
        """
        if load in self._state.memories:
            self._hearing.take_status(load, payload, self._decided_at_ms())

    def now(self, wall_ms: int | None) -> tuple[int, int]:
        """Instant and running block: by the wall, or by the newest tick where it owns the clock."""
        if wall_ms is not None:
            return wall_ms, block_at(wall_ms)
        return self._tick.now_ms, self._state.block_id or block_at(self._tick.now_ms)

    def alarm(self, sample: Measurement, wall_ms: int | None) -> Foreseen | None:
        """What a measurement that just arrived would stop, if anything."""
        found = alarm(sample, self._state, self.now(wall_ms)[1])
        return None if found is None else self._changing(found)

    def silences(self, wall_ms: int | None) -> Iterator[Foreseen]:
        """What the silence of running loads would stop by now; to be acted on one by one."""
        now_ms, block_id = self.now(wall_ms)
        for item in silences(self._hearing.beats(), self._state, now_ms, block_id):
            found = self._changing(item)
            if found is not None:
                yield found

    def foresee(self, item: Input) -> Foreseen:
        """What an input between two ticks would change; nothing is changed yet."""
        state, events = step(self._state, item)
        return Foreseen(item=item, state=state, events=events)

    def record(
        self, foreseen: Foreseen, now_ms: int, private: Mapping[str, Json] | None = None
    ) -> int:
        """Record an input and what was decided on it; its number.

        Raises:
            StorageError: the journal did not take it.
        """
        kind, body = to_record(foreseen.item)
        drafts = [Draft(kind=kind, body=body, private=dict(private or {}))]
        drafts += [Draft(kind="decision", body=to_body(event)) for event in foreseen.events]
        return self._append(drafts, now_ms)[-len(drafts)].seq

    def record_late(self, seq: int, acted_ms: int) -> None:
        """Record that the stop of a record was sent before the record was there.

        Raises:
            StorageError: the journal did not take it.
        """
        late: Draft = Draft(kind="recorded_late", body={"seq": seq, "acted_at": at_text(acted_ms)})
        self._append([late], acted_ms)

    def untrace(self) -> None:
        """What might have acted before its record is recorded."""
        self._unrecorded.untrace()

    def trace(self, foreseen: Foreseen, acted_ms: int) -> None:
        """Leave a trace outside the journal of what is about to act before its record."""
        self._unrecorded.trace(self._head_seq, _act(foreseen, acted_ms))

    def keep(self, foreseen: Foreseen, acted_ms: int) -> None:
        """Keep what acted without a record until it can be recorded."""
        self._unrecorded.keep(_act(foreseen, acted_ms), self._head_seq)

    def act(self, foreseen: Foreseen) -> list[Outgoing]:
        """Go on from what was foreseen; the commands that follow."""
        self._state = foreseen.state
        self._orders.take(foreseen.events)
        return self._orders.commands([e.load for e in foreseen.events], self._tick.step_s)

    def lose(self, wall_ms: int | None) -> list[Outgoing]:
        """The journal is not writable: every load goes to safe, and that is recorded later."""
        now_ms, block_id = self.now(wall_ms)
        foreseen = self.foresee(JournalLost(block_id=block_id))
        if foreseen.events or not self._lost:
            self.act(foreseen)
            self.keep(foreseen, now_ms)
        self._lost = True
        return self.stops()

    def catch_up(self, wall_ms: int | None) -> bool:
        """Whether what could not be recorded is recorded now."""
        try:
            self._append([], self.now(wall_ms)[0])
        except StorageError:
            return False
        return True

    def clock_jumped(self, drift_ms: int, now_ms: int) -> None:
        """The wall clock was set: the next block is held.

        Raises:
            StorageError: the journal did not take it.
        """
        foreseen = self.foresee(ClockJumped(drift_ms=drift_ms))
        self._hearing.clock_set(now_ms, drift_ms)
        self.record(foreseen, now_ms)
        self.act(foreseen)

    def has_full_window(self, tick: Tick) -> bool:
        """Whether this tick may be decided on: nothing that was sent for it is missing."""
        return tick.sent is None or self._hearing.fresh >= tick.sent or not self.is_due(tick)

    def on_tick(self, tick: Tick) -> list[Outgoing]:
        """Whatever is due at this instant, recorded; the commands that follow.

        Raises:
            StorageError: the journal did not take it: nothing was decided.
        """
        planned = self.plan(tick)
        self.record_plan(planned)
        return self.carry_out(planned)

    def plan(self, tick: Tick, took_ms: int | None = None) -> Planned:
        """Whatever is due at this instant; nothing is changed yet.

        Args:
            tick: the instant.
            took_ms: how long it took to plan before, if that was too long to rely on it.
        """
        if self._first_block is None:
            self._first_block = block_at(tick.now_ms - 1)
        ends = self._hearing.lease_ends()
        items = self._inputs(tick, ends, took_ms)
        drafts = self._forecasting.drafts() if items else []
        events: list[DecisionEvent] = []
        state = self._state
        for item in items:
            kind, body = to_record(item)
            state, happened = step(state, item)
            drafts.append(Draft(kind=kind, body=body))
            drafts += [Draft(kind="decision", body=to_body(event)) for event in happened]
            events += happened
        return Planned(
            tick=tick, state=state, drafts=tuple(drafts), events=tuple(events), lease_ends=ends
        )

    def record_plan(self, planned: Planned) -> int:
        """Record it, and do what is due of the books; number of the last record.

        Raises:
            StorageError: the journal did not take it.
        """
        now_ms = planned.tick.now_ms
        if not self._lost:
            self._books.keep(now_ms, max(now_ms, self._last_at_ms))
        self._append(list(planned.drafts), now_ms)
        return self._head_seq

    def carry_out(self, planned: Planned) -> list[Outgoing]:
        """Go on from what is recorded; the commands that follow."""
        self._tick = planned.tick
        self._state = planned.state
        self._hearing.noted(planned.lease_ends)
        self._forecasting.noted(planned.drafts)
        self._orders.take(planned.events)
        return self.renewed()

    def renewed(self) -> list[Outgoing]:
        """The recorded decisions of the newest tick's block, as leases."""
        return self._orders.renewed(self._tick, self._state.ticked)

    def stops(self, loads: Iterable[str] | None = None) -> list[Outgoing]:
        """Commands that switch loads off, all without, whatever is recorded."""
        return self._orders.stops(loads)

    def close(self, now_ms: int | None = None) -> None:
        """End cleanly: anchor the head and hand over what is left.

        Raises:
            StorageError: the disk did not take it.
        """
        at_ms = self._last_at_ms if now_ms is None else max(now_ms, self._last_at_ms)
        if self._booted:
            self._append([], at_ms)
            self._books.close(at_ms)

    def is_due(self, tick: Tick) -> bool:
        """Whether the tick's block is still to be decided."""
        block_id, ticked = block_at(tick.now_ms), self._state.ticked
        if ticked is not None:  # what happened by a clock that was ahead is not decided before
            return block_id > max(ticked, (self._state.block_id or 0) - 1)
        return block_id > (self._first_block or block_at(tick.now_ms - 1))

    def _inputs(self, tick: Tick, ends: list[tuple[str, int]], took_ms: int | None) -> list[Input]:
        """Everything that is due, in the order in which it happened."""
        found: list[Input] = []
        if self._state.policy is None or self._state.policy_digest != self._digest:
            found.append(PolicyChanged(policy=self._policy))
        for load, since_ms in ends:
            found.append(LeaseEnded(load=load, block_id=block_at(since_ms)))
        if not self.is_due(tick):
            return found
        block_id, ticked = block_at(tick.now_ms), self._state.ticked
        if ticked is not None and block_id > ticked + 1:
            found.append(BlocksMissed(first_block=ticked + 1, last_block=block_id - 1))
        if took_ms is not None:  # the window is recorded behind it, and decides nothing any more
            found.append(TimeBoxExceeded(block_id=block_id, took_ms=took_ms))
        day = self._ports.local_day(block_start_ms(block_id))
        found.append(BlockClosed(window=self._hearing.window(block_id, day)))
        return found

    def _changing(self, item: Input) -> Foreseen | None:
        """What an input changes, if it does: nobody needs a record of what does not."""
        found = self.foresee(item)
        return found if found.events else None

    def _append(self, drafts: list[Draft], now_ms: int) -> list[Record]:
        """Append, behind the word of this boot and whatever could not be recorded before."""
        if not self._booted:
            boot: Draft = Draft(kind="boot", body={"boot": self.boot, "software": SOFTWARE})
            first = [boot, *self._unrecorded.drafts(self._ports.journal.head().seq + 2)]
        elif self._unrecorded:
            first = self._unrecorded.drafts(self._ports.journal.head().seq + 1)
        else:
            first = []
        if not first and not drafts:
            return []
        at_ms = max(now_ms, self._last_at_ms)
        records = self._ports.journal.append([*first, *drafts], at_ms)
        self._last_at_ms, self._head_seq = at_ms, records[-1].seq
        if self._unrecorded:
            self._unrecorded.recorded()
        self._booted = True
        self._lost = False
        return records

    def _follow_gap(self) -> None:
        """Step through what a predecessor acted on and did not record; recorded with the boot."""
        gap = found_gap(self._ports.trace, self._ports.journal)
        if gap is None:
            return
        acts = []
        for item, acted_ms in gap.acts:
            foreseen = self.foresee(item)
            self.act(foreseen)
            acts.append(_act(foreseen, acted_ms))
        self._unrecorded.follow(gap, acts)

    def _decided_at_ms(self) -> int:
        """Before this instant nothing that a load did by itself is news."""
        ticked = self._state.ticked
        return -1 if ticked is None else block_start_ms(ticked)


def _act(foreseen: Foreseen, acted_ms: int) -> Act:
    return Act(item=foreseen.item, events=foreseen.events, acted_ms=acted_ms)


def _whole(value: object) -> int:
    assert isinstance(value, int)  # this module wrote it
    return value
