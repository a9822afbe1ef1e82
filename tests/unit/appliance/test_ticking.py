"""A tick by the wall clock on a disk that is slow, hangs or is gone."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

from bitgrid_appliance.between_ticks import RECORD_WITHIN_S, BetweenTicks
from bitgrid_appliance.clock import Clocks, Tick
from bitgrid_appliance.ticking import Ticking
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import at_text
from bitgrid_core.context import Measurement
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.runtimes import BLOCK_MS, START_MS, Bench, live, measure
from support.wires import SlowJournal, Wire

NOW_MS = START_MS + 2 * BLOCK_MS
TICK = Tick(now_ms=NOW_MS)
BOX_S = 0.6


def now_ms() -> int:
    """The wall clock, a moment into the block."""
    return NOW_MS + 500


@dataclass
class Home:
    """A load that runs since the block before; its site says what changed since."""

    clocks: Clocks = field(default_factory=lambda: Clocks(wall_ms=now_ms))
    bench: Bench = field(default_factory=lambda: Bench(journal=SlowJournal()))
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        """Boot, let the sun shine for a block, and measure the next one."""
        self.runtime = self.bench.boot()
        live(self.runtime, range(1))
        measure(self.runtime, NOW_MS)
        self.tell("load_temp_c", 50, NOW_MS - 2000)
        self.tell("heartbeat", 1, NOW_MS - 2000)
        self.between = BetweenTicks(self.runtime, by_wall=True, clocks=self.clocks)
        self.ticking = Ticking(self.runtime, self.between, self.clocks, BOX_S)

    @property
    def journal(self) -> SlowJournal:
        """Its journal."""
        return cast("SlowJournal", self.bench.journal)

    def tell(self, signal: str, value: int, at_ms: int) -> Measurement | None:
        """The load says something of itself."""
        unit = "°C" if signal == "load_temp_c" else ""
        payload = {"value": value, "unit": unit, "at": at_text(at_ms), "source": "test"}
        return self.runtime.take_measurement(("load-1", signal), payload)

    async def tick(self) -> int | None:
        """The next block begins."""
        return await self.ticking.decide(self.wire.session, TICK)

    def levels(self) -> list[object]:
        """Levels of all commands in order."""
        return [one.payload["level"] for one in self.wire.sent if one.kind is Kind.COMMAND]

    def codes(self) -> list[object]:
        """Codes of the recorded decisions, without the first block's."""
        return [body["decision_code"] for body in self.bench.of_kind("decision")[1:]]

    def check(self) -> None:
        """The journal replays, and a restart goes on from the same state."""
        assert replay(self.journal.records(), whole=True).same
        assert restore(self.journal) == self.runtime.state


async def test_tick_in_time_is_recorded_then_commanded() -> None:
    """Nothing is sent before, nothing is said of health."""
    home = Home()
    assert await home.tick() == 1
    assert home.levels() == ["super"]
    assert all(one.kind is Kind.COMMAND for one in home.wire.sent)
    home.check()


async def test_slow_decision_is_reported_and_is_no_record() -> None:
    """Over 300 ms health warns; the next one in time says that all is well."""
    home = Home()
    home.journal.wait_s = 0.4
    await home.tick()
    assert home.wire.answer()["status"] == "warn"
    assert str(home.wire.answer()["reason"]).startswith("DECISION_SLOW 4")
    assert home.levels() == ["super"]
    home.journal.wait_s = 0
    measure(home.runtime, NOW_MS + BLOCK_MS)
    home.tell("load_temp_c", 50, NOW_MS + BLOCK_MS - 1)
    home.tell("heartbeat", 1, NOW_MS + BLOCK_MS - 1)
    await home.ticking.decide(home.wire.session, Tick(now_ms=NOW_MS + BLOCK_MS))
    assert (Kind.HEALTH, "ok") in [(one.kind, one.payload.get("status")) for one in home.wire.sent]
    assert "time_box" not in home.bench.kinds()
    home.check()


async def test_record_over_the_time_box_sends_every_load_to_safe_in_time() -> None:
    """Off at the end of the box; the decision is recorded, and behind it what became of it."""
    home = Home()
    home.journal.wait_s = 1.5 * BOX_S
    begun_s = time.monotonic()
    await home.tick()
    assert home.levels() == ["off", "off"]
    assert BOX_S <= home.wire.at_s[0] - begun_s < BOX_S + 0.2
    assert home.bench.kinds()[-5:] == ["block", "decision", "time_box", "decision", "recorded_late"]
    assert home.codes() == ["START_R1_SURPLUS_OK", "STOP_SYS_TIMEOUT_SAFE"]
    home.check()


async def test_computation_over_the_time_box_is_the_blocks_decision() -> None:
    """What came out too late is dropped; the window is recorded behind it for the figures."""
    readings = iter([0.0, BOX_S + 1])
    home = Home(clocks=Clocks(wall_ms=now_ms, mono_s=lambda: next(readings, BOX_S + 1)))
    await home.tick()
    assert home.levels() == ["off", "off"]
    assert home.bench.kinds()[-3:] == ["time_box", "decision", "block"]
    assert home.codes() == ["STOP_SYS_TIMEOUT_SAFE"]
    assert home.bench.of_kind("decision")[-1]["trigger"] == "tick"
    assert not home.runtime.is_due(TICK)
    home.check()


async def test_stop_by_safety_waits_200_ms_for_a_slow_tick() -> None:
    """R3's stop of the block is on the wire before its record, which then says so."""
    home = Home()
    home.tell("load_temp_c", 86, NOW_MS - 1000)
    home.journal.wait_s = 2 * RECORD_WITHIN_S
    begun_s = time.monotonic()
    await home.tick()
    assert RECORD_WITHIN_S <= home.wire.at_s[0] - begun_s < 1.8 * RECORD_WITHIN_S
    assert home.levels() == ["off", "off"]
    assert home.bench.kinds()[-3:] == ["block", "decision", "recorded_late"]
    assert home.bench.of_kind("recorded_late")[-1]["seq"] == len(home.bench.kinds()) - 2
    home.check()


async def test_heat_while_a_tick_hangs_stops_within_a_second_and_is_recorded_behind_it() -> None:
    """The tick's own start of the hot load is not sent any more."""
    home = Home()
    home.journal.wait_s = 0.5
    ticking = asyncio.create_task(home.tick())
    await asyncio.sleep(0.05)
    sample = home.tell("load_temp_c", 86, NOW_MS + 1)
    assert sample is not None
    begun_s = time.monotonic()
    await home.between.measured(home.wire.session, sample)
    assert not ticking.done()
    assert home.wire.at_s[0] - begun_s < 1
    home.journal.wait_s = 0
    await ticking
    assert home.levels() == ["off", "off"]
    assert home.codes() == ["START_R1_SURPLUS_OK", "STOP_R3_OVERTEMP"]
    assert home.bench.kinds()[-1] == "recorded_late"
    home.check()


async def test_tick_that_cannot_be_recorded_decides_nothing_and_stops_everything() -> None:
    """The block is decided from the same window once the journal is back, and starts by itself."""
    home = Home()
    home.journal.gone = True
    assert await home.tick() is None
    assert await home.tick() is None
    assert set(home.levels()) == {"off"}
    home.journal.gone = False
    assert await home.tick() == 1
    assert home.bench.of_kind("block")[-1]["site"]["pv_power_w"][0] == 4000
    assert home.codes() == ["STOP_SYS_JOURNAL_LOST", "NOOP_R5_MIN_PAUSE_NOT_REACHED"]
    assert home.bench.kinds().count("journal_lost") == 1
    home.check()
