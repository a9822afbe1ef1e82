"""The household on the bus: the demo's plant, in lock-step with the core by the virtual clock.

A step is measured and published, then the clock; the core answers ``clock/done`` when everything
that follows is recorded and commanded. Without an answer, or when the core missed the beginning
of the window, all of it is sent again. Invariant: a step's commands are applied before the next
step, and what a killed household needs to go on exactly lies in a file, as of some block's start.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from bitgrid_appliance.clock import Tick, count_of, to_payload
from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.ending import run_together
from bitgrid_appliance.health import say_ready
from bitgrid_appliance.mqtt import Incoming, Link, Outgoing, Session, keep_connected
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import BLOCK_MS
from bitgrid_core.codec import Json, encode, loads
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Command, House, Message, parse_command

COMPONENT: Final = "household"
LISTENS: Final = (Kind.COMMAND, Kind.CLOCK_DONE)
ANSWER_S: Final = 1.0
_SAVE_S: Final = 0.5
"""Blocks that pass faster are gone through again after a kill: the core knows their commands."""
_log: Final = logging.getLogger("bitgrid.household")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How time passes.

    Attributes:
        step_s: virtual seconds of a step.
        speed: virtual seconds per real second; 0 is as fast as the core answers.
        end_ms: instant to stop at.
    """

    step_s: int
    speed: int
    end_ms: int


@dataclass(slots=True)
class Answer:
    """What came back for the tick that is being waited for."""

    n: int = -1
    commands: dict[tuple[int, int], Command] = field(default_factory=dict)
    expected: int | None = None
    again: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def complete(self) -> bool:
        """Whether the tick is done and all its commands are here."""
        return self.expected is not None and len(self.commands) >= self.expected


class HouseholdProcess:
    """One household on one bus."""

    def __init__(self, house: House, pace: Pace, state_file: Path, link: Link) -> None:
        self._house = house
        self._pace = pace
        self._file = state_file
        self._link = link
        self._commands: list[Command] = []
        self._window: list[Message] = []
        self._answer = Answer()
        self._settled = True
        self._saved_s = -_SAVE_S

    @classmethod
    def begin(cls, start: House, pace: Pace, state_file: Path, link: Link) -> HouseholdProcess:
        """A household from its start, or from where its file says that it was.

        Raises:
            BadInput: the file is of another household.
        """
        try:
            document = loads(state_file.read_bytes())
        except FileNotFoundError:
            return cls(start, pace, state_file, link)
        if not isinstance(document, dict) or not isinstance(document.get("commands"), list):
            raise BadInput(f"{state_file} is no household.", "Use another --data.")
        series, config = start.series, start.plant.config
        process = cls(House.restore(series, config, document.get("house")), pace, state_file, link)
        process._commands = [_command(one) for one in cast("list[Json]", document["commands"])]
        return process

    @property
    def end_ms(self) -> int:
        """Where it stops."""
        return self._pace.end_ms

    @property
    def commands(self) -> tuple[Command, ...]:
        """Received for the next step."""
        return tuple(self._commands)

    @property
    def house(self) -> House:
        """As it is now."""
        return self._house

    async def run(self) -> None:
        """Live through the days."""
        await keep_connected(self._link, self._use)

    async def _use(self, session: Session) -> None:
        say_ready(self._file.parent / "run", COMPONENT)
        await run_together([self._listen(session), self._live(session)])

    async def _listen(self, session: Session) -> None:
        async for incoming in session.messages():
            try:
                self._take(incoming)
            except BadInput as error:
                session.drop(incoming, error)

    def _take(self, incoming: Incoming) -> None:
        answer = self._answer
        if incoming.topic.kind is Kind.COMMAND:
            command = parse_command(incoming.topic.names[0], incoming.payload)
            answer.commands[(command.boot, command.seq)] = command
        elif count_of(incoming.payload, "n") == answer.n:
            answer.again = incoming.payload.get("again") is True
            if not answer.again:
                answer.expected = count_of(incoming.payload, "commands")
        if answer.complete or answer.again:
            answer.news.set()

    async def _live(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        if not self._settled:  # the broker was lost within a step
            await self._exchange(session, self._window)
        due_s = loop.time()
        while self._house.now_ms + self._pace.step_s * 1000 <= self._pace.end_ms:
            await self._exchange(session, self._step())
            if self._pace.speed:
                due_s = max(due_s + self._pace.step_s / self._pace.speed, loop.time() - 1)
                await asyncio.sleep(max(0.0, due_s - loop.time()))

    def _step(self) -> list[Message]:
        """Let a step pass: what it has to say."""
        if self._house.now_ms % BLOCK_MS == 0:
            self._window = []
        self._house, happened = self._house.step(self._commands, self._pace.step_s)
        self._window += happened.messages
        self._answer = Answer(n=self._house.n)
        self._settled = False
        return list(happened.messages)

    async def _exchange(self, session: Session, messages: list[Message]) -> None:
        """Publish and wait for the core; send the whole window again as often as it takes."""
        while True:
            await session.publish([_outgoing(one) for one in messages])
            await session.publish([self._clock()])
            if await self._answered():
                break
            _log.info("tick %d: no full answer, sent again", self._house.n)
            messages = self._window
        self._commands = [self._answer.commands[key] for key in sorted(self._answer.commands)]
        self._settled = True
        if self._house.now_ms % BLOCK_MS == 0 and time.monotonic() >= self._saved_s + _SAVE_S:
            self._save()

    async def _answered(self) -> bool:
        answer = self._answer
        with suppress(TimeoutError):
            await asyncio.wait_for(answer.news.wait(), ANSWER_S)
        answer.news.clear()
        answer.again = False
        return answer.complete

    def _clock(self) -> Outgoing:
        sent = sum(one.topic.startswith(Kind.MEASUREMENT) for one in self._window)
        tick = Tick(now_ms=self._house.now_ms, n=self._house.n, step_s=self._pace.step_s, sent=sent)
        return Outgoing(kind=Kind.CLOCK, payload=to_payload(tick))

    def _save(self) -> None:
        """Kept against a kill, not against a power cut: a demo's plant may be lost with both."""
        commands: list[Json] = [asdict(one) for one in self._commands]
        document: Json = {"house": self._house.snapshot(), "commands": commands}
        replace_file(self._file, encode(document), sync=False)
        self._saved_s = time.monotonic()


def _command(document: Json) -> Command:
    try:
        return Command(**cast("dict[str, Any]", document))
    except TypeError as error:
        raise BadInput(f"A kept command is none: {error}.", "Use another --data.") from error


def _outgoing(message: Message) -> Outgoing:
    kind, *names = message.topic.split("/")
    return Outgoing(kind=Kind(kind), names=tuple(names), payload=message.payload)
