"""The message bus between adapter and core, with everything that networks do to messages.

A message is lost, late, doubled, overtaken or spoiled by a seed. What an adapter says about its
load is kept while there is no way to the core and told afterwards, as retained messages are.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from bitgrid_core.block import at_text
from bitgrid_core.household import Message
from support.edge.faults import Kind
from support.edge.rubbish import rubbish, spoiled

_Item = TypeVar("_Item")
_Waiting: TypeAlias = list[tuple[int, _Item]]
_OFTEN = 0.3
_LATEST_MS = {"up": 90_000, "down": 20_000}
_AWAY = frozenset({Kind.BROKER_AWAY, Kind.PARTITION})
_HARMS = frozenset({Kind.LOST, Kind.LATE, Kind.DUPLICATED, Kind.REORDERED, Kind.INSANE}) | _AWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A published command on its way."""

    load: str
    payload: dict[str, object]


@dataclass(slots=True)
class Bus:
    """What is on its way."""

    draw: random.Random
    kept: dict[str, Message] = field(default_factory=dict)
    late_up: list[tuple[int, Message]] = field(default_factory=list)
    late_down: list[tuple[int, Order]] = field(default_factory=list)
    down: list[Order] = field(default_factory=list)

    def up(
        self, messages: tuple[Message, ...], active: frozenset[Kind], now_ms: int
    ) -> Iterable[Message]:
        """What of an adapter's messages arrives at the core now, with what was late."""
        if not (active & _HARMS or self.late_up or self.kept):
            return messages
        if active & _AWAY:
            self.kept |= {m.topic: m for m in messages if m.topic.startswith("status/")}
            return ()
        arriving = [*self.kept.values(), *messages]
        self.kept = {}
        due = [message for at_ms, message in self.late_up if at_ms <= now_ms]
        self.late_up = [one for one in self.late_up if one[0] > now_ms]
        arriving = self._harmed(arriving, active, (now_ms, self.late_up, "up")) + due
        if Kind.INSANE in active:
            arriving = [
                spoiled(self.draw, m)
                if m.topic.startswith("measurement/") and self.draw.random() < 0.2
                else m
                for m in arriving
            ]
            arriving.insert(0, rubbish(self.draw, at_text(now_ms)))
        if Kind.REORDERED in active:
            self.draw.shuffle(arriving)
        return arriving

    def commands(self, active: frozenset[Kind], now_ms: int) -> list[Order]:
        """What of the core's commands arrives at the adapter now."""
        orders, self.down = self.down, []
        if not (active & _HARMS or self.late_down):
            return orders
        if active & _AWAY:
            self.late_down = []
            return []
        due = [order for at_ms, order in self.late_down if at_ms <= now_ms]
        self.late_down = [one for one in self.late_down if one[0] > now_ms]
        orders = self._harmed(orders, active, (now_ms, self.late_down, "down")) + due
        if Kind.REORDERED in active:
            self.draw.shuffle(orders)
        return orders

    def _harmed(
        self, items: list[_Item], active: frozenset[Kind], later: tuple[int, _Waiting[_Item], str]
    ) -> list[_Item]:
        """Without what is lost or late, doubled what is doubled."""
        now_ms, waiting, way = later
        found: list[_Item] = []
        for item in items:
            if Kind.LOST in active and self.draw.random() < _OFTEN:
                continue
            if Kind.DUPLICATED in active and self.draw.random() < _OFTEN:
                waiting.append((now_ms + self.draw.randrange(_LATEST_MS[way]), item))
            if Kind.LATE in active and self.draw.random() < _OFTEN:
                waiting.append((now_ms + self.draw.randrange(_LATEST_MS[way]), item))
                continue
            found.append(item)
        return found
