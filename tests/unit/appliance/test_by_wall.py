"""The wall clock: settled, late, set forward and set back."""

from typing import Any

import pytest

from bitgrid_appliance.between_ticks import BetweenTicks
from bitgrid_appliance.by_wall import HELD_S, SETTLE_S, WallClock
from bitgrid_appliance.clock import Drift
from bitgrid_appliance.ticking import Ticking
from bitgrid_core.block import at_text
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.runtimes import BLOCK_MS, START_MS, Bench, live, measure
from support.wires import HandClocks, Wire

FIRST = START_MS // BLOCK_MS + 1


@pytest.mark.parametrize(
    ("step_ms", "told"), [(30_000, None), (30_001, 30_001), (-30_001, -30_001)]
)
def test_clock_is_set_from_over_30_s_on(step_ms: int, told: int | None) -> None:
    """The monotonic clock says what should be; small steps add up, one that is told counts once."""
    drift = Drift(1_000_000, 5.0)
    assert drift.jumped_ms(1_060_000, 65.0) is None
    assert drift.jumped_ms(1_060_000 + step_ms, 65.0) == told
    if told is None:
        assert drift.jumped_ms(1_060_000 + step_ms + 1, 65.0) == step_ms + 1
    else:
        assert drift.jumped_ms(1_061_000 + step_ms, 66.0) is None


class Home:
    """A core by the wall whose load runs since its first block, a second ago."""

    def __init__(self) -> None:
        """Boot and let the sun shine for a block."""
        self.bench, self.wire = Bench(), Wire()
        runtime = self.bench.boot()
        live(runtime, range(1))
        self.hand = HandClocks(wall=START_MS + BLOCK_MS + 1000)
        self.start()

    def start(self) -> None:
        """A core starts now, and hears that the load runs."""
        self.runtime = self.bench.boot()
        self.runtime.take_status("load-1", {"observed": "on", "reason": ""})
        between = BetweenTicks(self.runtime, by_wall=True, clocks=self.hand.clocks)
        ticking = Ticking(self.runtime, between, self.hand.clocks)
        self.wall = WallClock(self.runtime, between, ticking, self.hand.clocks)

    async def go(self, seconds: int, **changed: object) -> None:
        """Let seconds pass, with a measurement of everything in each."""
        for _ in range(seconds):
            self.hand.go(1)
            measure(self.runtime, self.hand.wall, **changed)
            at = at_text(self.hand.wall - 1)
            temp = {"value": 50, "unit": "°C", "at": at, "source": "test"}
            self.runtime.take_measurement(("load-1", "load_temp_c"), temp)
            beat = {"value": 1, "unit": "", "at": at, "source": "test"}
            self.runtime.take_measurement(("load-1", "heartbeat"), beat)
            await self.wall.step(self.wire.session)

    def codes(self) -> list[Any]:
        """Codes of the recorded decisions behind the first block's."""
        return [body["decision_code"] for body in self.bench.of_kind("decision")[1:]]

    def check(self) -> None:
        """The journal replays, no block is ticked twice, a restart goes on from the same state."""
        assert replay(self.bench.journal.records(), whole=True).same
        assert restore(self.bench.journal) == self.runtime.state
        ticks = [b["id"] for b in self.bench.of_kind("decision") if b["trigger"] == "tick"]
        assert len(ticks) == len(set(ticks))


async def test_lease_is_renewed_every_20_s_and_the_next_block_is_decided_at_its_boundary() -> None:
    """The contract's rhythm."""
    home = Home()
    await home.go(41)
    assert [one.payload["level"] for one in home.wire.sent] == ["super"] * 3
    assert {one.payload["lease_s"] for one in home.wire.sent} == {60}
    await home.go(600 - 42)
    assert home.codes() == ["START_R1_SURPLUS_OK"]
    home.check()


@pytest.mark.parametrize("drift_s", [31, 3600])
async def test_clock_set_forward_holds_one_block(drift_s: int) -> None:
    """Missed blocks are missed; what runs goes on in a night that would stop it."""
    home = Home()
    await home.go(5)
    home.hand.wall += drift_s * 1000
    dark = {"pv_power_w": 0, "grid_import_w": 2500, "grid_export_w": 0}
    await home.go(600, **dark)
    assert home.codes()[0] == "NOOP_SYS_CLOCK_HOLD"
    (jump,) = home.bench.of_kind("clock_jump")
    assert jump == {"drift_ms": drift_s * 1000}
    await home.go(600, **dark)
    assert home.codes()[1] == "STOP_R2_GRID_IMPORT_EXCEEDED"
    home.check()


async def test_clock_set_back_decides_no_block_twice_and_keeps_the_order_that_runs() -> None:
    """Renewals go on with the newest decision, not with the old block's."""
    home = Home()
    await home.go(620, pv_power_w=0, grid_import_w=0)
    assert home.codes() == ["NOOP_R5_MIN_RUNTIME_NOT_REACHED"]
    newest = home.runtime.latest[0].id
    home.hand.wall -= 300_000
    sent = len(home.wire.sent)
    await home.go(600)
    assert home.codes() == ["NOOP_R5_MIN_RUNTIME_NOT_REACHED"]
    renewed = home.wire.sent[sent:]
    assert len(renewed) >= 29
    assert all(str(one.payload["command_id"]).startswith(newest) for one in renewed)
    await home.go(300)
    assert home.codes()[1:] == ["NOOP_SYS_CLOCK_HOLD"]
    home.check()


async def test_safety_goes_on_after_a_clock_was_set_back() -> None:
    """Measurements stamped by the new time are news, and heat stops at once."""
    home = Home()
    await home.go(5)
    home.hand.wall -= 3_600_000
    await home.go(2)
    hot = {"value": 86, "unit": "°C", "at": at_text(home.hand.wall + 1), "source": "test"}
    sample = home.runtime.take_measurement(("load-1", "load_temp_c"), hot)
    assert sample is not None
    await home.wall._between.measured(home.wire.session, sample)
    assert home.codes() == ["STOP_R3_OVERTEMP"]
    home.check()


async def test_silence_is_not_made_by_setting_the_clock() -> None:
    """A load that was heard a moment ago was heard a moment ago, whatever the clock says now."""
    home = Home()
    await home.go(500)
    await home.go(700)
    home.hand.wall += 3_600_000
    home.hand.go(1)
    await home.wall.step(home.wire.session)
    assert "STOP_R3_COMM_TIMEOUT" not in home.codes()


async def test_clock_set_back_for_long_lets_the_leases_end() -> None:
    """Two blocks without a decision: nothing is renewed any more, so that loads go off."""
    home = Home()
    await home.go(5)
    home.hand.wall -= 7_200_000
    await home.go(HELD_S + 30)
    sent = len(home.wire.sent)
    await home.go(120)
    assert len(home.wire.sent) == sent
    home.check()


async def test_clock_that_is_behind_the_journal_at_boot_was_set_back() -> None:
    """Also a jump that nobody saw holds the next block."""
    home = Home()
    home.hand.wall -= 3_600_000
    home.start()
    await home.go(3)
    (jump,) = home.bench.of_kind("clock_jump")
    assert jump["drift_ms"] == pytest.approx(-3_600_000, abs=5000)
    home.check()


async def test_core_that_starts_late_listens_first_and_records_what_it_missed() -> None:
    """Blocks without a decision are one record, the present one is decided once."""
    home = Home()
    home.hand.go(3 * 600)
    home.start()
    await home.go(int(SETTLE_S) - 1)
    assert home.codes() == []
    await home.go(30)
    assert home.bench.of_kind("missed") == [{"first_block": FIRST + 1, "last_block": FIRST + 2}]
    assert len(home.codes()) == 1
    home.check()


async def test_load_that_was_not_heard_after_a_start_is_not_told_to_go_on_at_once() -> None:
    """Its word that the lease ended may still be on its way."""
    home = Home()
    home.runtime = home.bench.boot()
    between = BetweenTicks(home.runtime, by_wall=True, clocks=home.hand.clocks)
    ticking = Ticking(home.runtime, between, home.hand.clocks)
    home.wall = WallClock(home.runtime, between, ticking, home.hand.clocks)
    await home.go(10)
    assert home.wire.sent == []
    await home.go(10)
    assert [one.payload["level"] for one in home.wire.sent] == ["super"]
