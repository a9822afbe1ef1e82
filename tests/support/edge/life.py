"""A house's life on the virtual edge, by one seed: quiet stretches, and episodes full of faults.

One thread, one order of things. A step: the adapter takes what was commanded and lets time pass,
what it measured travels, the core hears it, ticks, and is looked at by every checker.
"""

import gc
import logging
import random
import tempfile
import time
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import aiomqtt

from bitgrid_appliance.clock import MAX_DRIFT_MS
from bitgrid_appliance.core_process import picture
from bitgrid_core.block import BLOCK_MS, BLOCK_S, BLOCKS_PER_DAY, block_at
from bitgrid_core.errors import BitgridError, MissingDependency, StorageError
from bitgrid_core.household import Message
from bitgrid_mirror_agent.status import Status
from support.edge import ending, mirror
from support.edge.adapter import Adapter
from support.edge.bus import Bus
from support.edge.checkers import complaints
from support.edge.clock import Machine, VirtualLoop
from support.edge.core import Core, Wire, day_of
from support.edge.faults import Episode, Fault, Kind
from support.edge.faults import day_of as episodes_of
from support.edge.homes import any_home
from support.edge.people import request
from support.edge.perils import Killed
from support.edge.policies import other_policy
from support.edge.report import Report
from support.edge.trace import Ledger, Moment, Move, starts

_DAY_MS = BLOCKS_PER_DAY * BLOCK_MS
_RENEWED_S = 20
_SETTLED = 2
"""Quiet steps after an episode, within which a core may still come up and listen."""
_EXPLAINED = 0.002
_ASKED_QUIETLY = 0.01
_REPLAYED_TWICE = 4
"""Of so many mirrored copies one is replayed as well; the others are compared with the journal."""
_MEMORY = Path("/dev/shm")


def live(seed: int, days: int) -> Report:
    """Live one life, and prove its journal and its mirrored copy at the end."""
    base = _MEMORY if _MEMORY.is_dir() else None
    begun_s = time.process_time()
    with tempfile.TemporaryDirectory(prefix="edge-", dir=base) as folder:
        report = live_in(Path(folder), seed, days)
    report.cpu_ms = round((time.process_time() - begun_s) * 1000)
    return report


def live_in(folder: Path, seed: int, days: int) -> Report:
    """The same in a folder that stays: journal, outbox, archive and workspace lie there."""
    life = Life(seed, days, folder)
    with _quietly(), _rarely_collected():
        _loop().run_until_complete(life.run())
    return life.report


@cache
def _loop() -> VirtualLoop:
    """One loop for all lives of a process."""
    return VirtualLoop()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the log of everything that is survived."""
    log = logging.getLogger("bitgrid")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """A life leaves few cycles behind and makes millions of values: look for garbage seldom."""
    threshold = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)


class Life:
    """One house from its first to its last day."""

    def __init__(self, seed: int, days: int, folder: Path) -> None:
        self.draw = random.Random(seed)
        home = any_home(self.draw, days)
        self.report = Report(seed=seed, days=days)
        self.ledger = Ledger()
        self.machine = Machine(home.house.now_ms, _loop())
        self.bus = Bus(draw=self.draw)
        self.adapter = Adapter(house=home.house, draw=self.draw, prices=home.policy.dynamic_price)
        self.core = Core.installed(folder, self.machine, home.policy, self.draw)
        self.core.day_of = day_of(home.time_zone)
        self.core.wire = Wire(bus=self.bus, perils=self.core.perils, core=self.core)
        mirror.install(
            self.core.layout, self.machine.wall_ms, self.draw.choice(("full", "research"))
        )
        self.active: dict[Kind, Fault] = {}
        self.asked = self.quiet = 0

    async def run(self) -> None:
        """All days, then the proof."""
        for _ in range(self.report.days):
            await self._day(self.machine.true_ms)
            self._mirror()
        await self._end()

    async def _day(self, start_ms: int) -> None:
        episodes = episodes_of(self.draw, start_ms)
        while self.machine.true_ms < start_ms + _DAY_MS:
            episode = next(
                (e for e in episodes if e.from_ms <= self.machine.true_ms < e.to_ms), None
            )
            if episode is None:
                following = any(
                    e.from_ms == self.machine.true_ms + BLOCK_S * 1000 for e in episodes
                )
                await self._step(BLOCK_S, _RENEWED_S if following else BLOCK_S)
                self.quiet += 1
            else:
                await self._fine_step(episode)

    async def _fine_step(self, episode: Episode) -> None:
        """A step of an episode; with its last one everything is mended."""
        self.quiet = 0
        end_ms = self.machine.true_ms + episode.step_s * 1000
        is_last = end_ms >= episode.to_ms
        now = [f for f in episode.faults if f.from_ms < end_ms and f.to_ms > self.machine.true_ms]
        for fault in [f for f in self.active.values() if f not in now]:
            await self._mend(fault)
        for fault in [f for f in now if f.kind not in self.active]:
            await self._begin(fault)
        await self._step(episode.step_s, BLOCK_S if is_last else max(_RENEWED_S, episode.step_s))
        if is_last:
            for fault in list(self.active.values()):
                await self._mend(fault)

    async def _begin(self, fault: Fault) -> None:
        self.active[fault.kind] = fault
        self.report.faults[fault.kind.value] += 1
        core = self.core
        match fault.kind:
            case Kind.DISK_LOST:
                core.perils.disk_lost = True
            case Kind.DISK_SLOW:
                _loop().disk_s = self.draw.choice((0.05, 0.15, 0.7, 3.0, 6.0))
            case Kind.BROKER_AWAY:
                core.wire.away = True
            case Kind.KILLED | Kind.KILLED_LONG | Kind.STOPPED | Kind.POLICY_CHANGED:
                await self._killed(fault)
            case Kind.KILLED_MIDWAY:
                core.perils.steps_left = self.draw.randrange(1, 12)
            case Kind.ADAPTER_RESTARTED:
                self.adapter.restart()
            case Kind.CLOCK_AHEAD:
                await self._set_clock(fault.size_ms)
            case Kind.CLOCK_BEHIND:
                await self._set_clock(-fault.size_ms)
            case _:
                pass

    async def _mend(self, fault: Fault) -> None:
        del self.active[fault.kind]
        core = self.core
        match fault.kind:
            case Kind.DISK_LOST:
                core.perils.disk_lost = False
            case Kind.DISK_SLOW:
                _loop().disk_s = 0.0
            case Kind.BROKER_AWAY:
                core.wire.away = core.connected = False
            case Kind.KILLED_MIDWAY:
                core.perils.steps_left = None
            case Kind.CLOCK_AHEAD if not fault.stays:
                await self._set_clock(-fault.size_ms)
            case Kind.CLOCK_BEHIND if not fault.stays:
                await self._set_clock(fault.size_ms)
            case _:
                pass

    async def _set_clock(self, by_ms: int) -> None:
        """The core looks at its clocks every second, so that it sees this before anything else."""
        self.machine.ahead_ms += by_ms
        if by_ms < -MAX_DRIFT_MS:
            self.core.heard_at.clear()
        if self._is_up():
            await self._survived(self.core.beat(_RENEWED_S))

    async def _killed(self, fault: Fault) -> None:
        core, up_ms = self.core, fault.to_ms
        if core.process is not None and fault.kind in (Kind.STOPPED, Kind.POLICY_CHANGED):
            up_ms = self.machine.true_ms + self.draw.randrange(1000, 30_000)
            try:
                core.process.runtime.close(self.machine.wall_ms)
            except Killed:
                self.report.counts["kills midway"] += 1
            except StorageError:
                self.report.counts["ends without a disk"] += 1
        if fault.kind is Kind.POLICY_CHANGED:
            core.policy = other_policy(self.draw, core.policy)
        await core.end(up_ms, between_steps=fault.kind in (Kind.KILLED, Kind.KILLED_LONG))

    async def _step(self, step_s: int, lease_step_s: int) -> None:
        """One step of the plant, and everything that follows from it."""
        active, before_ms = frozenset(self.active), self.machine.true_ms
        orders = self.bus.commands(active, before_ms)
        happened, moves = self.adapter.step(orders, step_s, self.active)
        self.machine.go(happened.reading.to_ms)
        said = self.adapter.says(happened, self.active, self.machine.ahead_ms)
        arriving = self.bus.up(said, active, self.machine.true_ms)
        if self._is_up():
            await self._survived(self.core.hear([*arriving, *self._asked()]))
        if self._is_up():
            await self._survived(self.core.beat(lease_step_s))
        await self._survived(self.core.rest(step_s))
        self._look(moves)
        self._explain()

    def _is_up(self) -> bool:
        """Whether the core runs and has a broker; one whose time has come is booted."""
        core = self.core
        if core.process is None and self.machine.true_ms >= core.up_ms:
            self._boot()
        return core.process is not None and not core.wire.away

    def _boot(self) -> None:
        core = self.core
        self.report.counts["boots"] += 1
        try:
            if core.boot() is False:
                self._complain("restart_goes_on_where_it_was", "the restored state differs")
        except BitgridError as error:
            self._complain("core_never_breaks", str(error))
            core.up_ms = self.machine.true_ms + BLOCK_MS
            if core.journal is not None:
                core.journal.close()

    async def _survived(self, work: Awaitable[None]) -> None:
        """What a supervisor makes of a core that ends: it is started again."""
        core, now_ms = self.core, self.machine.true_ms
        try:
            await work
        except Killed:
            core.perils.dead = True
        except StorageError:
            self.report.counts["ends without a disk"] += 1
            await core.end(now_ms + self.draw.choice((1000, 5000, 20_000)))
        except aiomqtt.MqttError:
            core.connected = False
        except Exception:  # noqa: BLE001 - whatever it is, the core would be gone
            self._complain("core_never_breaks", traceback.format_exc(limit=-4))
            await core.end(now_ms + 5000)
        if core.perils.dead:
            self.report.counts["kills midway"] += 1
            await core.end(now_ms + self.draw.choice((1000, 30_000, 90_000)))

    def _asked(self) -> Iterator[Message]:
        chance = 0.15 if Kind.PEOPLE in self.active else _ASKED_QUIETLY
        if self.draw.random() < chance and self.core.runtime is not None:
            self.asked += 1
            yield request(self.draw, self.core.runtime.state, self.asked)

    def _look(self, moves: list[Move]) -> None:
        """Let every checker look at what happened."""
        core, counts = self.core, self.report.counts
        moment = Moment(
            now_ms=self.machine.true_ms,
            records=tuple(core.perils.appended),
            sent=tuple(core.wire.sent),
            moves=tuple(moves),
            levels=self.adapter.levels(),
            heats=tuple(core.heats),
            due=block_at(self.machine.wall_ms) if self.quiet >= _SETTLED and core.connected else 0,
        )
        core.perils.appended.clear()
        core.wire.sent.clear()
        core.heats.clear()
        for checker, text in complaints(moment, self.ledger):
            self._complain(checker, text)
        counts["steps"] += 1
        counts["records"] += len(moment.records)
        counts["commands"] += len(moment.sent)
        counts["heats"] += len(moment.heats)
        for record in moment.records:
            if record.kind == "decision":
                counts["decisions"] += 1
                counts[f"trigger {record.body['trigger']}"] += 1
                counts["starts"] += starts(record.body)
                counts["lockouts"] += record.body["reason"] in ("OVERTEMP", "COMM_TIMEOUT")
            else:
                counts[f"record {record.kind}"] += 1

    def _explain(self) -> None:
        """Now and then the page is looked at: every event has its explanation."""
        runtime = self.core.runtime
        if runtime is None or self.draw.random() >= _EXPLAINED:
            return
        try:
            self.report.counts["explanations"] += len(picture(runtime.latest, runtime.policy))
        except Exception:  # noqa: BLE001 - whatever it is, people would see nothing
            self._complain("every_decision_is_explained", traceback.format_exc(limit=-4))

    def _mirror(self) -> Status | None:
        """The agent's turn of the day; ``None`` if it could not push."""
        try:
            return mirror.turn(self.core.layout, self.machine, self.draw)
        except MissingDependency:
            self.report.counts["agent waits for its clock"] += 1
        except BitgridError as error:
            self._complain("agent_never_breaks", str(error))
        return None

    async def _end(self) -> None:
        """Mend everything, end cleanly, prove."""
        for fault in list(self.active.values()):
            await self._mend(fault)
        core, counts = self.core, self.report.counts
        if core.process is None:
            self._boot()
        if core.process is not None:
            core.process.runtime.close(self.machine.wall_ms)
        await core.end(0)
        self._look([])
        self.machine.ahead_ms = max(self.machine.ahead_ms, 2 * _DAY_MS)  # nobody is before its log
        status = self._mirror()
        counts["answers"], counts["dropped"] = len(core.wire.answers), core.wire.dropped
        bodies = ending.bodies_of(core.layout)
        for checker, text in ending.faults_of_the_journal(core.layout, bodies, counts):
            self._complain(checker, text)
        whole = self.report.seed % _REPLAYED_TWICE == 0
        if status is None:
            self._complain("mirrored_copy_verifies", "the agent did not push")
            return
        for checker, text in mirror.faults_of_the_copy(core.layout, status, bodies, whole=whole):
            self._complain(checker, text)

    def _complain(self, checker: str, text: str) -> None:
        self.report.complain(checker, text, self.machine.true_ms)
