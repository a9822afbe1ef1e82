"""What the loads have been told: the newest decisions, and their orders as leases.

Knows the journal for what was decided in a block before a restart. Invariant: what is told for a
block again is what was recorded for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bitgrid_appliance.clock import Tick
from bitgrid_appliance.leases import Leases, Order
from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.ports import CoreJournal
from bitgrid_core.block import block_at
from bitgrid_core.deciding import acted_level
from bitgrid_core.events import from_body
from bitgrid_core.model import OFF, DecisionEvent
from bitgrid_core.policy import Policy


class Orders:
    """The orders of one core."""

    def __init__(self, journal: CoreJournal, policy: Policy, leases: Leases) -> None:
        """Know nothing yet; ``recall`` reads what was decided before."""
        self._journal = journal
        self._powers_w = {load.id: load.powers_w for load in policy.loads}
        self._leases = leases
        self._orders: dict[str, Order] = {}
        self._block: int | None = None
        self._latest: dict[str, DecisionEvent] = {}

    @property
    def latest(self) -> tuple[DecisionEvent, ...]:
        """The newest decision of each load."""
        return tuple(self._latest.values())

    def recall(self, block_id: int | None) -> None:
        """The newest decided block, after a restart."""
        self._latest = {e.load: e for e in self._recorded(block_id) if e.load in self._powers_w}

    def take(self, events: Sequence[DecisionEvent]) -> None:
        """Decisions that are in force now; those of their block that were before, stay."""
        if not events:
            return
        block_id = events[-1].block_id
        if block_id != self._block:
            known = [event for event in self.latest if event.block_id == block_id]
            self._orders = {event.load: self._order(event) for event in known}
            self._block = block_id
        for event in events:
            self._orders[event.load] = self._order(event)
            if event.load in self._powers_w:
                self._latest[event.load] = event

    def commands(self, loads: Iterable[str], step_s: int) -> list[Outgoing]:
        """The orders of some loads as leases."""
        return [self._leases.command(self._orders[load], step_s) for load in loads]

    def renewed(self, tick: Tick, ticked: int | None) -> list[Outgoing]:
        """The recorded decisions of the tick's block, as leases.

        Also those of an older block, for a household that was killed and goes through it again;
        a wall clock that was set back is no reason to go back.

        Args:
            tick: the instant.
            ticked: the newest block that was decided.
        """
        block_id = block_at(tick.now_ms)
        if tick.by_wall:
            block_id = max(block_id, ticked or 0, self._block or 0)
        orders = self._orders
        if block_id != self._block:
            orders = {event.load: self._order(event) for event in self._recorded(block_id)}
            if block_id == ticked:
                self._orders, self._block = orders, block_id
        return [self._leases.command(order, tick.step_s) for order in orders.values()]

    def stops(self, loads: Iterable[str] | None = None) -> list[Outgoing]:
        """Commands that switch loads off, all without; for when a decision cannot wait."""
        wanted = list(self._powers_w) if loads is None else loads
        orders = (Order(load=load, decision="safe", level=OFF, power_w=0) for load in wanted)
        return [self._leases.command(order, 0) for order in orders]

    def _recorded(self, block_id: int | None) -> tuple[DecisionEvent, ...]:
        if block_id is None:
            return ()
        records = self._journal.of_kind("decision", (block_id, block_id))
        return tuple(from_body(record.body) for record in records)

    def _order(self, event: DecisionEvent) -> Order:
        """What a decision means; a load that the owner has taken away is told to be off."""
        powers_w = self._powers_w.get(event.load)
        level = OFF if powers_w is None else acted_level(event)
        power_w = 0 if powers_w is None else powers_w.get(level, 0)
        return Order(load=event.load, decision=event.id, level=level, power_w=power_w)
