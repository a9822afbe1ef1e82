"""What happened by a clock that was ahead: found by the simulation of the whole edge."""

from bitgrid_appliance.clock import Tick
from bitgrid_core.inputs import OverrideSet
from bitgrid_core.model import Override
from support.runtimes import BLOCK_MS, START_MS, Bench, live, measure

BLOCK = START_MS // BLOCK_MS + 1
AHEAD = 6


def test_block_before_one_in_which_something_happened_is_not_tried_again_and_again() -> None:
    """The clock was an hour ahead when a person asked: until then nothing is due, nothing recorded."""
    bench = Bench()
    runtime = bench.boot()
    live(runtime, range(1))
    wish = Override(action="STOP", level=None, until_block=BLOCK + AHEAD)
    foreseen = runtime.foresee(OverrideSet(load="load-1", override=wish, block_id=BLOCK + AHEAD))
    runtime.record(foreseen, (BLOCK + AHEAD) * BLOCK_MS)
    runtime.act(foreseen)
    known = bench.kinds()
    for second in range(3):
        tick = Tick(now_ms=(BLOCK + 1) * BLOCK_MS + second * 1000)
        assert not runtime.is_due(tick)
        runtime.on_tick(tick)
    assert bench.kinds() == known
    now_ms = (BLOCK + AHEAD) * BLOCK_MS
    measure(runtime, now_ms)
    runtime.on_tick(Tick(now_ms=now_ms))
    assert bench.kinds()[-3:] == ["missed", "block", "decision"]
    assert bench.of_kind("decision")[-1]["block_id"] == BLOCK + AHEAD
