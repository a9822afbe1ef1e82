"""What acted before its record, and the core that has to record it for its predecessor."""

from pathlib import Path

import pytest

from bitgrid_appliance.between_ticks import BetweenTicks
from bitgrid_appliance.clock import Tick
from bitgrid_appliance.foreseen import Foreseen
from bitgrid_appliance.runtime import Runtime
from bitgrid_appliance.unrecorded import TraceFile, found_gap
from bitgrid_core.block import at_text
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import SafetyMeasured
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.runtimes import BLOCK_MS, START_MS, Bench, live
from support.wires import KeptTrace, SlowJournal, Wire

NOW_MS = START_MS + BLOCK_MS
HOT = SafetyMeasured(
    load="load-1", signal="load_temp_c", value=86_000, at_ms=NOW_MS + 1, block_id=NOW_MS // BLOCK_MS
)


def running() -> tuple[Bench, Runtime]:
    """A load that runs since its first block."""
    bench = Bench(journal=SlowJournal(), trace=KeptTrace())
    runtime = bench.boot()
    live(runtime, range(1))
    return bench, runtime


def foreseen(runtime: Runtime) -> Foreseen:
    """The stop of a hot load."""
    found = runtime.foresee(HOT)
    assert found.events
    return found


def test_act_of_a_predecessor_is_recorded_by_the_next_core_before_anything_else() -> None:
    """A gap record says whose it was; the state is the one in which the load really is."""
    bench, runtime = running()
    found = foreseen(runtime)
    runtime.trace(found, NOW_MS + 200)
    runtime.act(found)
    known = len(bench.kinds())
    successor = bench.boot()
    assert successor.state.memories["load-1"].level == "off"
    assert bench.kinds()[known:] == []
    (command,) = successor.on_tick(Tick(now_ms=NOW_MS, n=1, step_s=600, sent=0))
    assert command.payload["level"] == "off"
    assert bench.kinds()[known:] == ["boot", "gap", "safety", "decision", "recorded_late"]
    assert bench.of_kind("gap") == [{"boot": 1, "acts": 1}]
    late = {"seq": known + 3, "acted_at": at_text(NOW_MS + 200)}
    assert bench.of_kind("recorded_late") == [late]
    assert bench.trace.kept() is None
    assert restore(bench.journal) == successor.state == runtime.state
    assert replay(bench.journal.records(), whole=True).same
    assert bench.boot().boot == 3


def test_core_that_died_again_leaves_the_act_to_the_one_after_it() -> None:
    """Until it is recorded the trace stays."""
    bench, runtime = running()
    runtime.trace(foreseen(runtime), NOW_MS + 200)
    bench.boot()
    bench.boot().on_tick(Tick(now_ms=NOW_MS, n=1, step_s=600, sent=0))
    assert bench.kinds().count("gap") == bench.kinds().count("safety") == 1


def test_record_that_was_there_in_the_end_only_gets_the_word_that_it_came_late() -> None:
    """The process died between the record and that word: no gap, nothing twice."""
    bench, runtime = running()
    found = foreseen(runtime)
    runtime.trace(found, NOW_MS + 200)
    seq = runtime.record(found, NOW_MS)
    bench.boot().on_tick(Tick(now_ms=NOW_MS, n=1, step_s=600, sent=0))
    assert bench.kinds()[seq - 1 :] == ["safety", "decision", "boot", "recorded_late"]
    assert bench.of_kind("recorded_late")[0]["seq"] == seq
    assert replay(bench.journal.records(), whole=True).same


async def test_core_that_died_with_its_journal_lost_tells_that_afterwards() -> None:
    """All acts in their order: the stop by safety, and that nothing could be recorded."""
    bench, runtime = running()
    assert isinstance(bench.journal, SlowJournal)
    bench.journal.gone = True
    between, wire = BetweenTicks(runtime, by_wall=False), Wire()
    hot = {"value": 86, "unit": "°C", "at": at_text(NOW_MS + 1000), "source": "test"}
    sample = runtime.take_measurement(("load-1", "load_temp_c"), hot)
    assert sample is not None
    await between.measured(wire.session, sample)
    bench.journal.gone = False
    known = len(bench.kinds())
    bench.boot().on_tick(Tick(now_ms=NOW_MS, n=1, step_s=600, sent=0))
    assert bench.kinds()[known:] == [
        *("boot", "gap", "safety", "decision", "recorded_late"),
        *("journal_lost", "recorded_late"),
    ]
    assert bench.of_kind("gap") == [{"boot": 1, "acts": 2}]
    assert replay(bench.journal.records(), whole=True).same


@pytest.mark.parametrize("document", [None, [], {}, {"v": 2}])
def test_other_traces_are_none(document: Json) -> None:
    """Nothing, or what another version left."""
    assert found_gap(KeptTrace(document), Bench().journal) is None


@pytest.mark.parametrize("acts", [None, [1], [{"kind": "safety", "body": {}, "acted_at": "x"}]])
def test_trace_that_cannot_be_read_is_not_passed_over(acts: Json) -> None:
    """Something acted without a record, and a person has to look."""
    document: Json = {"v": 1, "boot": 1, "after_seq": 0, "acts": acts}
    with pytest.raises(BadInput):
        found_gap(KeptTrace(document), Bench().journal)


def test_trace_file_outlives_its_writer(tmp_path: Path) -> None:
    """Kept, read by another, cleared; a file that is none is no trace."""
    path = tmp_path / "run" / "unrecorded.json"
    TraceFile(path).keep({"v": 1})
    assert TraceFile(path).kept() == {"v": 1}
    TraceFile(path).clear()
    TraceFile(path).clear()
    assert TraceFile(path).kept() is None
    path.write_bytes(b"{")
    assert TraceFile(path).kept() is None


def test_trace_that_cannot_be_kept_delays_no_stop(tmp_path: Path) -> None:
    """It is logged, no more."""
    (tmp_path / "run").write_text("no folder")
    TraceFile(tmp_path / "run" / "unrecorded.json").keep({"v": 1})
