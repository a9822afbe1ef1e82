"""The household whose time goes on by itself: a second a second, whether the core answers or not.

As an actuator on a real device it counts its leases by its own monotonic clock and switches off
without a word from anybody. Invariants: the plant's time waits for no session; the first act
after a start, for want of a lease, is OFF; a stop that is not yet seen at the load is told as
``STOP_UNCONFIRMED``.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bitgrid_appliance.clock import Tick, to_payload
from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.ending import run_together
from bitgrid_appliance.health import say_ready
from bitgrid_appliance.mqtt import Incoming, Link, Outgoing, Session, keep_connected
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import at_text
from bitgrid_core.codec import Json, encode
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Command, House, Message, parse_command
from bitgrid_core.household.readings import statuses
from bitgrid_core.model import OFF

STEP_S: Final = 1
UNCONFIRMED: Final = "STOP_UNCONFIRMED"
_WAITING: Final = 1000
"""Messages that wait for a slow broker; what does not fit is lost, as on any wire."""
_log: Final = logging.getLogger("bitgrid.household")


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """Where and how long a household lives.

    Attributes:
        end_ms: instant to stop at.
        state_file: where it is kept, each step.
        link: where the broker is.
    """

    end_ms: int
    state_file: Path
    link: Link


class LiveHousehold:
    """One household on one bus, in real time."""

    def __init__(self, house: House, living: Living, commands: tuple[Command, ...] = ()) -> None:
        """Go on with a household; one whose actuators begin anew is ``House.without_leases``.

        Args:
            house: as it is.
            living: where and how long.
            commands: received and not yet taken.
        """
        self._house = house
        self._living = living
        self._commands = list(commands)
        self._news: asyncio.Queue[Message] | None = None
        plant = house.plant
        pairs = zip(plant.config.loads, plant.loads, strict=True)
        self._levels = {config.id: state.level for config, state in pairs}
        off = [load for load, level in self._levels.items() if level == OFF]
        self._status = [self._unconfirmed(load) for load in off]

    async def run(self) -> None:
        """Live until the end."""
        connected = asyncio.create_task(keep_connected(self._living.link, self._use))
        try:
            await self._live()
        finally:
            connected.cancel()
            await asyncio.gather(connected, return_exceptions=True)

    async def _use(self, session: Session) -> None:
        say_ready(self._living.state_file.parent / "run", self._living.link.component)
        self._news = asyncio.Queue(_WAITING)
        for status in self._status:
            self._say(status)
        try:
            await run_together([self._listen(session), self._send(session, self._news)])
        finally:
            self._news = None

    async def _listen(self, session: Session) -> None:
        async for incoming in session.messages():
            try:
                self._take(incoming)
            except BadInput as error:
                session.drop(incoming, error)

    async def _send(self, session: Session, news: asyncio.Queue[Message]) -> None:
        while True:
            message = await news.get()
            kind, *names = message.topic.split("/")
            outgoing = Outgoing(kind=Kind(kind), names=tuple(names), payload=message.payload)
            await session.publish([outgoing])

    def _take(self, incoming: Incoming) -> None:
        if incoming.topic.kind is not Kind.COMMAND:
            return
        command = parse_command(incoming.topic.names[0], incoming.payload)
        self._commands.append(command)
        if command.level == OFF and self._levels.get(command.load, OFF) != OFF:
            self._say(self._unconfirmed(command.load))

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        begun_s, steps = loop.time(), 0
        while self._house.now_ms + STEP_S * 1000 <= self._living.end_ms:
            steps += 1
            await asyncio.sleep(max(0.0, begun_s + steps * STEP_S - loop.time()))
            self._step()

    def _step(self) -> None:
        """A second passed: what the loads did in it, and what it has to say."""
        commands, self._commands = self._commands, []
        self._house, happened = self._house.step(commands, STEP_S)
        self._status = statuses(happened.reading, unchanged=True)
        for load in happened.reading.loads:
            if load.level != self._levels[load.load]:
                _log.info("%s: %s %s", load.load, load.level, load.reason)
        self._levels = {load.load: load.level for load in happened.reading.loads}
        document: Json = {"house": self._house.snapshot(), "commands": []}
        replace_file(self._living.state_file, encode(document), sync=False)
        told = [one for one in happened.messages if not one.topic.startswith(Kind.STATUS)]
        for message in [*self._status, *told]:
            self._say(message)
        tick = Tick(now_ms=self._house.now_ms, n=self._house.n, step_s=STEP_S)
        self._say(Message(topic=Kind.CLOCK, payload=to_payload(tick)))

    def _say(self, message: Message) -> None:
        if self._news is not None and not self._news.full():
            self._news.put_nowait(message)

    def _unconfirmed(self, load: str) -> Message:
        payload: dict[str, Json] = {
            "observed": "unknown",
            "level": OFF,
            "power_w": None,
            "since": at_text(self._house.now_ms),
            "reason": UNCONFIRMED,
        }
        return Message(topic=f"status/{load}", payload=payload, retained=True)
