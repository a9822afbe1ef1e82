"""The adapter's side: the real plant with its actuators, broken sensors, an own clock.

Keeps what a load's actuator did, as facts for the checkers. A restarted adapter has forgotten
every lease, so its loads are off; how warm they are they have not forgotten.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import cast

from bitgrid_core.block import BLOCK_MS, at_text, parse_at
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Fault as Broken
from bitgrid_core.household import House, HouseStep, LoadConfig, Message, parse_command
from bitgrid_core.household.load import LoadState, cold
from support.edge.bus import Order
from support.edge.faults import Fault, Kind
from support.edge.trace import Move


@dataclass(slots=True)
class Adapter:
    """One household's adapter.

    Attributes:
        house: the plant.
        draw: for what broken sensors say.
        prices: whether somebody publishes prices.
        stuck: the value at which a sensor is stuck, by topic.
    """

    house: House
    draw: random.Random
    prices: bool
    stuck: dict[str, Json] = field(default_factory=dict)

    def step(
        self, orders: Iterable[Order], step_s: int, active: dict[Kind, Fault]
    ) -> tuple[HouseStep, list[Move]]:
        """Take the commands, let the time pass: what happened, and what the commands did."""
        before = {one.id: state.level for one, state in self._loads()}
        commands = []
        leases: dict[str, int] = {}
        for order in orders:
            try:
                commands.append(parse_command(order.load, cast("Json", order.payload)))
            except BadInput:
                continue
            leases[commands[-1].command_id] = commands[-1].lease_s
        broken = Broken(
            cooling_permille=250 if Kind.LOAD_HOT in active else 1000,
            silent=Kind.LOAD_SILENT in active,
        )
        now_ms = self.house.now_ms
        self.house, happened = self.house.step(commands, step_s, broken)
        moves = []
        for ack in happened.reading.acks:
            if ack.result == "done":
                moves.append(
                    Move(
                        load=ack.load,
                        before=before[ack.load],
                        after=ack.observed,
                        command_id=ack.command_id,
                        at_ms=now_ms,
                        lease_s=leases[ack.command_id],
                    )
                )
                before[ack.load] = ack.observed
        return happened, moves

    def restart(self) -> None:
        """Begin again as a process: no lease is known, so every load is off."""
        plant = self.house.plant
        loads = tuple(
            replace(cold(config, plant.now_ms), warmth_udegc=state.warmth_udegc)
            for config, state in self._loads()
        )
        self.house = replace(self.house, plant=replace(plant, loads=loads))

    def levels(self) -> dict[str, str]:
        """Where each actuator is."""
        return {one.id: state.level for one, state in self._loads()}

    def says(
        self, happened: HouseStep, active: dict[Kind, Fault], ahead_ms: int
    ) -> tuple[Message, ...]:
        """What it publishes about a step, by its own clock and its own sensors."""
        messages = happened.messages
        now_ms = happened.reading.to_ms
        if self.prices and now_ms % BLOCK_MS == 0:
            messages += (self._price(now_ms),)
        for kind in (Kind.SENSOR_STUCK, Kind.SENSOR_JUMPS, Kind.SENSOR_MISSING, Kind.SENSOR_SILENT):
            if kind in active:
                messages = tuple(self._sensed(messages, active[kind]))
        if Kind.SENSOR_STUCK not in active:
            self.stuck.clear()
        if Kind.CLOCK_SKEWED in active:
            ahead_ms += active[Kind.CLOCK_SKEWED].size_ms
        return messages if ahead_ms == 0 else tuple(shifted(one, ahead_ms) for one in messages)

    def _sensed(self, messages: Iterable[Message], fault: Fault) -> Iterable[Message]:
        for message in messages:
            if not message.topic.endswith(f"/{fault.signal}"):
                yield message
                continue
            value: Json = message.payload["value"]
            match fault.kind:
                case Kind.SENSOR_STUCK:
                    value = self.stuck.setdefault(message.topic, value)
                case Kind.SENSOR_JUMPS if self.draw.random() < 0.3:
                    value = self.draw.choice((0, 3, 77, 9000, 60_000))
                case Kind.SENSOR_MISSING:
                    missing: dict[str, Json] = {"value": None, "quality": "missing"}
                    yield Message(topic=message.topic, payload=message.payload | missing)
                    continue
                case Kind.SENSOR_SILENT:
                    continue
                case _:
                    pass
            yield Message(topic=message.topic, payload=message.payload | {"value": value})

    def _price(self, now_ms: int) -> Message:
        payload: dict[str, Json] = {"unit": "ct/kWh", "source": "tariff", "quality": "ok"}
        hour = now_ms // 3_600_000 % 24
        now = self.draw.choice(("12.5", "19", "24.9", "31")) if 6 <= hour < 21 else "8"
        payload |= {"value": now, "at": at_text(now_ms - 1)}
        if self.draw.random() < 0.5:
            values: list[Json] = [self.draw.choice((9, "18.2", 26, 33)) for _ in range(6)]
            payload |= {"value": values, "from": at_text(now_ms), "step_s": 600}
        return Message(topic="measurement/site/energy_price_ct_kwh", payload=payload)

    def _loads(self) -> Iterable[tuple[LoadConfig, LoadState]]:
        return zip(self.house.plant.config.loads, self.house.plant.loads, strict=True)


def shifted(message: Message, ahead_ms: int) -> Message:
    """The same message by a clock that is ahead."""
    changed: dict[str, Json] = {
        name: at_text(parse_at(str(message.payload[name])) + ahead_ms)
        for name in ("at", "since", "from")
        if name in message.payload
    }
    return Message(
        topic=message.topic, payload=message.payload | changed, retained=message.retained
    )
