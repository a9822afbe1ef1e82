"""The core's process without asyncio's outside: the real one, driven message by message.

Boots, listens, ticks, is killed and boots again on the same disk. What it publishes goes to the
simulated bus; what it makes durable is counted where the disk is.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import aiomqtt

from bitgrid_appliance import topics
from bitgrid_appliance.anchoring import AnchorFile, local_day
from bitgrid_appliance.by_wall import SETTLE_S
from bitgrid_appliance.core_process import CoreProcess
from bitgrid_appliance.intact import require_intact
from bitgrid_appliance.keys import core_key
from bitgrid_appliance.mqtt import Incoming, Link, Outgoing, Session
from bitgrid_appliance.ports import LocalDay
from bitgrid_appliance.runtime import Ports, Runtime
from bitgrid_appliance.settings import Layout
from bitgrid_appliance.topics import Kind
from bitgrid_appliance.unrecorded import TraceFile
from bitgrid_core.block import BLOCK_MS, block_at
from bitgrid_core.context import Measurement, parse_measurement
from bitgrid_core.engine import EngineState
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Message
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.model import OFF
from bitgrid_core.policy import Policy
from support.edge.bus import Bus, Order
from support.edge.clock import Machine
from support.edge.perils import Perils, WatchedAnchors, WatchedJournal, WatchedOutbox
from support.edge.trace import Heat, Sent

SITE = "site"
_LINK = Link(component="core", site=SITE, port=1)
_NEAR_MS = 30_000


@dataclass(slots=True)
class Wire:
    """A session with the simulated broker.

    Attributes:
        bus: where commands go.
        perils: each message is a point at which the core may be killed.
        away: the broker is.
        batch: what arrives now.
        sent: commands that were published.
        answers: states of answered requests.
        dropped: messages that the core refused.
    """

    bus: Bus
    perils: Perils
    core: "Core"
    away: bool = False
    batch: Iterable[Message] = ()
    sent: list[Sent] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    dropped: int = 0

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """See ``Session``."""
        for message in messages:
            self.perils.reach()
            if self.away:
                raise aiomqtt.MqttError("The broker is away.")
            if message.kind is Kind.COMMAND:
                self._command(message.names[0], message.payload)
            elif message.kind is Kind.RESPONSE:
                self.answers.append(str(message.payload["status"]))

    async def messages(self) -> AsyncIterator[Incoming]:
        """See ``Session``."""
        for message in self.batch:
            try:
                topic = _topic(message.topic)
            except BadInput:
                self.dropped += 1
                continue
            incoming = Incoming(
                topic=topic, payload=cast("dict[str, Any]", message.payload), retained=False
            )
            load = self.core.heated(incoming)
            yield incoming
            if load is not None:
                self.core.heats.append(Heat(load=load, level=self.core.level(load)))

    def drop(self, incoming: Incoming, error: BadInput) -> None:
        """See ``Session``."""
        del incoming, error
        self.dropped += 1

    def _command(self, load: str, payload: dict[str, Any]) -> None:
        decision = str(payload["command_id"]).rsplit("/", 2)[0]
        self.sent.append(
            Sent(
                load=load,
                level=str(payload["level"]),
                decision=decision,
                head_seq=self.perils.head_seq,
            )
        )
        self.bus.down.append(Order(load=load, payload=dict(payload)))


@dataclass(slots=True, kw_only=True)
class Core:
    """One core as often as it lives.

    Attributes:
        layout: its data directory.
        machine: what its clocks say.
        perils: what its machine suffers.
        policy: the owner's.
        day_of: the site's date.
        up_ms: true time from which it may boot.
        heats: believable measurements above their limit.
        lived: what it knew when it ended between two steps.
    """

    layout: Layout
    machine: Machine
    perils: Perils
    policy: Policy
    day_of: LocalDay
    draw: random.Random
    wire: Wire = field(init=False)
    process: CoreProcess | None = None
    journal: WatchedJournal | None = None
    connected: bool = False
    up_ms: int = 0
    heats: list[Heat] = field(default_factory=list)
    lived: EngineState | None = None
    heard_at: dict[str, int] = field(default_factory=dict)

    @classmethod
    def installed(
        cls, folder: Path, machine: Machine, policy: Policy, draw: random.Random
    ) -> "Core":
        """A core that has not been booted yet."""
        return cls(
            layout=Layout(folder),
            machine=machine,
            perils=Perils(),
            policy=policy,
            day_of=_no_day,
            draw=draw,
        )

    @property
    def runtime(self) -> Runtime | None:
        """The running one."""
        return None if self.process is None else self.process.runtime

    def boot(self) -> bool | None:
        """Start; whether it goes on where it was, or ``None`` where nobody can say."""
        journal = self.journal = WatchedJournal(self.layout.journal, self.perils)
        key = core_key(self.layout.core_key, self.layout.core_pub)
        if self.draw.random() < 0.3:
            require_intact(journal, read_anchors(self.layout.anchors), key.public)
        ports = Ports(
            journal=journal,
            slices=WatchedOutbox(self.layout.outbox, self.perils),
            anchors=WatchedAnchors(AnchorFile(self.layout.anchors, key.sign), self.perils),
            local_day=self.day_of,
            trace=TraceFile(self.layout.unrecorded),
        )
        runtime = Runtime(ports, self.policy)
        self.process = CoreProcess(
            runtime=runtime,
            link=_LINK,
            run_dir=self.layout.run,
            household_clock=False,
            clocks=self.machine.clocks(),
        )
        self.connected = False
        lived, self.lived = self.lived, None
        return None if lived is None else lived == runtime.state

    async def hear(self, batch: Iterable[Message]) -> None:
        """Handle what arrived, one after the other, then what people ask for."""
        assert self.process is not None
        session, asked = cast("Session", self.wire), asyncio.Queue[Incoming]()
        self.wire.batch = batch
        await self.process._listen(session, asked)
        while not asked.empty():
            incoming = asked.get_nowait()
            try:
                await self.process._between.requested(
                    session, incoming.topic.names[0], incoming.payload
                )
            except BadInput as error:
                session.drop(incoming, error)

    async def beat(self, step_s: int) -> None:
        """What its clocks make it do; the first time of a session it listens for a while."""
        assert self.process is not None
        wall = self.process._wall
        if not self.connected:
            self.connected = True
            wall._settled_s = self.machine.steady_ms / 1000 + SETTLE_S
        wall.step_s = step_s
        await wall.step(cast("Session", self.wire))

    async def rest(self, step_s: int) -> None:
        """Let a slow disk come to an end with what it has."""
        if len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(step_s)

    async def end(self, up_ms: int, *, between_steps: bool = False) -> None:
        """The process is gone, whatever it was doing; its disk stays."""
        if self.process is not None and between_steps:
            self.lived = self.process.runtime.state
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.journal is not None:
            self.journal.close()
        self.process = self.journal = None
        self.connected = False
        self.perils.dead, self.perils.steps_left = False, None
        self.up_ms = up_ms

    def level(self, load: str) -> str:
        """Where it holds a load to be."""
        memories = {} if self.runtime is None else self.runtime.state.memories
        return memories[load].level if load in memories else OFF

    def heated(self, incoming: Incoming) -> str | None:
        """The load, if this is fresh news of a running one above its limit."""
        if incoming.topic.kind is not Kind.MEASUREMENT or incoming.topic.names[1] != "load_temp_c":
            return None
        load, wall_ms = incoming.topic.names[0], self.machine.wall_ms
        if self.level(load) == OFF:
            return None
        try:
            sample = parse_measurement(load, "load_temp_c", incoming.payload)
        except BadInput:
            return None
        block_ms = block_at(wall_ms - 1) * BLOCK_MS
        fresh = sample.at_ms >= block_ms and abs(sample.at_ms - wall_ms) <= _NEAR_MS
        if not isinstance(sample, Measurement) or sample.value is None or not fresh:
            return None
        newest_ms, self.heard_at[load] = self.heard_at.get(load, -1), sample.at_ms
        limits = {one.id: one.thresholds.max_temp_mdegc for one in self.policy.loads}
        return load if sample.at_ms > newest_ms and sample.value > limits.get(load, 10**9) else None


@lru_cache(maxsize=64)
def day_of(time_zone: str) -> LocalDay:
    """The site's date."""
    return local_day(time_zone)


@lru_cache(maxsize=256)
def _topic(text: str) -> topics.Topic:
    return topics.parse(SITE, f"{topics.ROOT}/{SITE}/{text}")


def _no_day(at_ms: int) -> int:
    raise AssertionError(at_ms)
