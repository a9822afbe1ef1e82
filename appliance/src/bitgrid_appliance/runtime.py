"""The core's loop without its surroundings: collect → step → append → act.

Takes measurements, status and ticks; gives the messages to publish. Knows journal, outbox and
anchors by their protocols, no broker and no clock of its own. Invariants: an input and what was
decided on it are one transaction, and nothing is published before it is durable; no block is
decided twice; what is published for a block again is what was recorded for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bitgrid_appliance.clock import Tick
from bitgrid_appliance.forecasting import Forecasting, Roof
from bitgrid_appliance.leases import Leases, Order
from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.ports import Anchors, CoreJournal, LocalDay, Slices
from bitgrid_appliance.remembering import collector_after
from bitgrid_appliance.safety import alarm, silences
from bitgrid_core.block import at_text, block_at, block_start_ms, parse_at
from bitgrid_core.chain import Draft, Record
from bitgrid_core.codec import Json
from bitgrid_core.context import BlockAggregates, Forecast, Measurement, parse_measurement
from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import from_body, to_body
from bitgrid_core.inputs import (
    BlockClosed,
    BlocksMissed,
    Input,
    LeaseEnded,
    PolicyChanged,
    to_record,
)
from bitgrid_core.model import OFF, DecisionEvent
from bitgrid_core.outbox import SOFTWARE
from bitgrid_core.policy import Policy, policy_digest
from bitgrid_core.restore import restore
from bitgrid_core.signals import HEARTBEAT

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_LEASE_EXPIRED = "LEASE_EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the runtime works on."""

    journal: CoreJournal
    slices: Slices
    anchors: Anchors
    local_day: LocalDay
    roof: Roof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An input between two ticks, and what it leads to; neither recorded nor in force yet.

    Attributes:
        item: the input.
        state: after it.
        events: decided on it.
    """

    item: Input
    state: EngineState
    events: tuple[DecisionEvent, ...]


class Runtime:
    """The core between two restarts."""

    def __init__(self, ports: Ports, policy: Policy) -> None:
        """Restore memory from the journal.

        Raises:
            BadInput: a record cannot be read.
        """
        self._ports = ports
        self._policy = policy
        self._state = restore(ports.journal)
        newest = ports.journal.newest("boot")
        self.boot = 1 + (_whole(newest.body["boot"]) if newest else 0)
        self._leases = Leases(self.boot)
        self._booted = False
        self._last_at_ms = _last_at_ms(ports.journal)
        self._first_block: int | None = None
        self._forecasting = Forecasting(ports.journal, policy, ports.roof)
        self._collector = collector_after(
            policy, _last_window(ports.journal), self._forecasting.received
        )
        self._tick = Tick(now_ms=self._last_at_ms)
        self._beats = _beats(_last_window(ports.journal))
        self._fresh = 0
        self._newest_at: dict[tuple[str, str], int] = {}
        self._lease_ends: dict[str, int] = {}
        self._lease_seen: dict[str, int] = {}
        self._orders: dict[str, Order] = {}
        self._orders_block: int | None = None
        self._hour, self._day = self._handed_over()
        self._latest = {event.load: event for event in self._recorded(self._state.ticked)}

    @property
    def latest(self) -> tuple[DecisionEvent, ...]:
        """The newest decision of each load."""
        return tuple(self._latest.values())

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    @property
    def state(self) -> EngineState:
        """What the engine carries on."""
        return self._state

    def take_measurement(
        self, names: tuple[str, ...], payload: Mapping[str, object]
    ) -> Measurement | None:
        """Collect one measurement; one that is known already counts for nothing.

        Returns:
            The measurement, if it is news of the running block.

        Raises:
            BadInput: it is none.
        """
        device, signal = names
        sample = parse_measurement(device, signal, payload)
        key = (device, signal)
        if sample.at_ms <= self._newest_at.get(key, -1):
            return None
        if self._collector.add(sample, sample.at_ms):
            self._newest_at[key] = sample.at_ms
            if isinstance(sample, Forecast):
                self._forecasting.heard(sample, payload)
        if sample.at_ms >= self._decided_at_ms():  # older ones are of a window that was closed
            self._fresh += 1
            return sample if isinstance(sample, Measurement) else None
        return None

    def take_status(self, load: str, payload: Mapping[str, object]) -> None:
        """Notice that a load switched itself off for want of a lease; handled at the next tick.

        Raises:
            BadInput: no instant.
        """
        if payload.get("reason") != _LEASE_EXPIRED or load not in self._state.memories:
            return
        since_ms = parse_at(str(payload.get("since")))
        if since_ms >= self._decided_at_ms() and since_ms != self._lease_seen.get(load):
            self._lease_ends[load] = since_ms

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
        beats = self._beats | {
            device: at_ms
            for (device, signal), at_ms in self._newest_at.items()
            if signal == HEARTBEAT.name
        }
        for item in silences(beats, self._state, now_ms, block_id):
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

    def act(self, foreseen: Foreseen) -> list[Outgoing]:
        """Go on from what was foreseen; the commands that follow."""
        self._state = foreseen.state
        if not foreseen.events:
            return []
        block_id = foreseen.events[-1].block_id
        if block_id != self._orders_block:
            known = [event for event in self.latest if event.block_id == block_id]
            self._orders = {event.load: self._order(event) for event in known}
            self._orders_block = block_id
        self._remember(list(foreseen.events))
        loads = [event.load for event in foreseen.events]
        return [self._leases.command(self._orders[load], self._tick.step_s) for load in loads]

    def has_full_window(self, tick: Tick) -> bool:
        """Whether this tick may be decided on: nothing that was sent for it is missing."""
        return tick.sent is None or self._fresh >= tick.sent or not self.is_due(tick)

    def on_tick(self, tick: Tick) -> list[Outgoing]:
        """Whatever is due at this instant, recorded; the commands that follow.

        Raises:
            StorageError: the journal did not take it: nothing was decided.
        """
        if self._first_block is None:
            self._first_block = block_at(tick.now_ms - 1)
        self._keep_books(tick.now_ms)
        self._tick = tick
        drafts: list[Draft] = []
        events: list[DecisionEvent] = []
        state = self._state
        for item in self._inputs(tick):
            drafts += self._forecasting.drafts()
            kind, body = to_record(item)
            state, happened = step(state, item)
            drafts.append(Draft(kind=kind, body=body))
            drafts += [Draft(kind="decision", body=to_body(event)) for event in happened]
            events += happened
        self._append(drafts, tick.now_ms)
        self._state = state
        self._lease_seen |= self._lease_ends
        self._lease_ends = {}
        if events:
            self._remember(events)
        return self._commands(tick)

    def stops(self) -> list[Outgoing]:
        """Commands that switch every load off: for when nothing can be recorded any more."""
        found = []
        for load in self._policy.loads:
            order = Order(load=load.id, decision="safe", level=OFF, power_w=0)
            found.append(self._leases.command(order, 0))
        return found

    def close(self, now_ms: int | None = None) -> None:
        """End cleanly: anchor the head and hand over what is left.

        Raises:
            StorageError: the disk did not take it.
        """
        at_ms = self._last_at_ms if now_ms is None else max(now_ms, self._last_at_ms)
        if self._booted:
            self._ports.anchors.add(self._ports.journal, at_ms)
            self._ports.slices.close_slice(self._ports.journal, at_ms)

    def is_due(self, tick: Tick) -> bool:
        """Whether the tick's block is still to be decided."""
        block_id, ticked = block_at(tick.now_ms), self._state.ticked
        if ticked is not None:
            return block_id > ticked
        return block_id > (self._first_block or block_at(tick.now_ms - 1))

    def _inputs(self, tick: Tick) -> list[Input]:
        """Everything that is due, in the order in which it happened."""
        found: list[Input] = []
        if self._state.policy is None or self._state.policy_digest != policy_digest(self._policy):
            found.append(PolicyChanged(policy=self._policy))
        for load, since_ms in sorted(self._lease_ends.items()):
            found.append(LeaseEnded(load=load, block_id=block_at(since_ms)))
        if not self.is_due(tick):
            return found
        block_id, ticked = block_at(tick.now_ms), self._state.ticked
        if ticked is not None and block_id > ticked + 1:
            found.append(BlocksMissed(first_block=ticked + 1, last_block=block_id - 1))
        day = self._ports.local_day(block_start_ms(block_id))
        window = self._forecasting.completed(self._collector.close(block_id, day))
        found.append(BlockClosed(window=window))
        self._fresh = 0
        return found

    def _changing(self, item: Input) -> Foreseen | None:
        """What an input changes, if it does: nobody needs a record of what does not."""
        found = self.foresee(item)
        return found if found.events else None

    def _append(self, drafts: list[Draft], now_ms: int) -> list[Record]:
        if not self._booted:
            boot: Draft = Draft(kind="boot", body={"boot": self.boot, "software": SOFTWARE})
            drafts = [boot, *drafts]
        if not drafts:
            return []
        self._last_at_ms = max(now_ms, self._last_at_ms)
        records = self._ports.journal.append(drafts, self._last_at_ms)
        self._booted = True
        return records

    def _remember(self, events: list[DecisionEvent]) -> None:
        if events[-1].block_id != self._orders_block:
            self._orders, self._orders_block = {}, events[-1].block_id
        for event in events:
            self._orders[event.load] = self._order(event)
            self._latest[event.load] = event

    def _commands(self, tick: Tick) -> list[Outgoing]:
        """The recorded decisions of the tick's block, as leases.

        Also those of an older block, for a household that was killed and goes through it again.
        """
        block_id = block_at(tick.now_ms)
        orders = self._orders
        if block_id != self._orders_block:
            orders = {event.load: self._order(event) for event in self._recorded(block_id)}
            if block_id == self._state.ticked:
                self._orders, self._orders_block = orders, block_id
        return [self._leases.command(order, tick.step_s) for order in orders.values()]

    def _recorded(self, block_id: int | None) -> tuple[DecisionEvent, ...]:
        if block_id is None:
            return ()
        records = self._ports.journal.of_kind("decision", (block_id, block_id))
        return tuple(from_body(record.body) for record in records)

    def _order(self, event: DecisionEvent) -> Order:
        level = acted_level(event)
        powers_w = self._policy.load(event.load).powers_w
        return Order(
            load=event.load, decision=event.id, level=level, power_w=powers_w.get(level, 0)
        )

    def _decided_at_ms(self) -> int:
        """Before this instant nothing that a load did by itself is news."""
        ticked = self._state.ticked
        return -1 if ticked is None else block_start_ms(ticked)

    def _keep_books(self, now_ms: int) -> None:
        """Once an hour a slice, once a day an anchor, by the time of the records."""
        if self._hour is not None and now_ms // _HOUR_MS > self._hour:
            self._ports.slices.close_slice(self._ports.journal, max(now_ms, self._last_at_ms))
        if self._day is not None and now_ms // _DAY_MS > self._day:
            self._ports.anchors.add(self._ports.journal, max(now_ms, self._last_at_ms))
        self._hour = max(now_ms // _HOUR_MS, self._hour or 0)
        self._day = max(now_ms // _DAY_MS, self._day or 0)

    def _handed_over(self) -> tuple[int | None, int | None]:
        """Hour of the first record that is in no slice yet, and day of the last anchor."""
        journal = self._ports.journal
        waiting = next(iter(journal.records(self._ports.slices.last_seq + 1)), None)
        hour = parse_at(waiting.at) // _HOUR_MS if waiting else None
        anchored_ms = self._ports.anchors.newest_at_ms()
        if anchored_ms is None:
            first = next(iter(journal.records(1, 1)), None)
            anchored_ms = parse_at(first.at) if first else None
        return hour, None if anchored_ms is None else anchored_ms // _DAY_MS


def _last_window(journal: CoreJournal) -> BlockAggregates | None:
    newest = journal.newest("block")
    return BlockAggregates.from_body(newest.body) if newest else None


def _last_at_ms(journal: CoreJournal) -> int:
    seq = journal.head().seq
    newest = next(iter(journal.records(seq, seq)), None) if seq else None
    return parse_at(newest.at) if newest else 0


def _beats(window: BlockAggregates | None) -> dict[str, int]:
    """When each load was heard last, as the newest window knows it."""
    if window is None:
        return {}
    boundary_ms = block_start_ms(window.block_id)
    ages = {load: signals.get(HEARTBEAT.name) for load, signals in window.loads.items()}
    return {
        load: boundary_ms - beat.age_ms
        for load, beat in ages.items()
        if beat is not None and beat.age_ms is not None
    }


def _whole(value: object) -> int:
    assert isinstance(value, int)  # this module wrote it
    return value
