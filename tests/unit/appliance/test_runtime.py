"""The core's loop by hand: what is recorded, in which order, and what is published when."""

import pytest

from bitgrid_appliance.clock import Tick
from bitgrid_core.block import at_text
from bitgrid_core.errors import BadInput, StorageError
from support.runtimes import BLOCK_MS, START_MS, Bench, live, measure

FIRST = START_MS // BLOCK_MS


def test_first_block_records_boot_policy_window_and_decision_in_one_order() -> None:
    """An input stands before what was decided on it."""
    bench = Bench()
    live(bench.boot(), range(1))
    assert bench.kinds() == ["boot", "forecast", "policy", "block", "decision"]


def test_sunny_block_is_commanded_as_a_lease_of_its_decision() -> None:
    """The command names decision, boot and number, and lasts as long as the step."""
    (published,) = live(Bench().boot(), range(1))
    (command,) = published
    assert command.names == ("load-1",)
    assert command.payload == {
        "command_id": f"{FIRST + 1}/load-1/tick/0/1/1",
        "boot": 1,
        "seq": 1,
        "action": "START",
        "level": "super",
        "power_w": 1674,
        "lease_s": 600,
    }


def test_same_tick_again_decides_nothing_and_commands_again() -> None:
    """A repeated tick renews the lease with a newer number."""
    bench = Bench()
    runtime = bench.boot()
    live(runtime, range(1))
    records = bench.kinds()
    (again,) = runtime.on_tick(Tick(now_ms=START_MS + BLOCK_MS, n=1, step_s=600, sent=7))
    assert bench.kinds() == records
    assert again.payload["seq"] == 2
    assert again.payload["level"] == "super"


def test_tick_with_a_hole_in_its_window_is_not_full() -> None:
    """A core that missed measurements asks for them before it decides."""
    runtime = Bench().boot()
    sent = measure(runtime, START_MS + BLOCK_MS)
    runtime.on_tick(Tick(now_ms=START_MS + BLOCK_MS, n=1, step_s=600, sent=sent))
    late = Tick(now_ms=START_MS + 2 * BLOCK_MS, n=2, step_s=600, sent=sent)
    assert not runtime.has_full_window(late)
    measure(runtime, late.now_ms)
    assert runtime.has_full_window(late)


def test_measurement_sent_again_counts_once() -> None:
    """Two deliveries of one window are one window."""
    bench = Bench()
    runtime = bench.boot()
    now_ms = START_MS + BLOCK_MS
    measure(runtime, now_ms)
    sent = measure(runtime, now_ms)
    runtime.on_tick(Tick(now_ms=now_ms, n=1, step_s=600, sent=sent))
    (block,) = bench.of_kind("block")
    assert block["site"]["pv_power_w"] == [4000, 4000, 4000, 4000, 1, 1]


def test_jump_over_blocks_records_them_as_missed_once() -> None:
    """Missed blocks are one record, and the present block is decided."""
    bench = Bench()
    runtime = bench.boot()
    live(runtime, range(2))
    live(runtime, range(5, 6))
    (missed,) = bench.of_kind("missed")
    assert missed == {"first_block": FIRST + 3, "last_block": FIRST + 5}
    assert bench.of_kind("block")[-1]["block_id"] == FIRST + 6


def test_clock_that_jumps_back_decides_nothing_and_repeats_the_old_commands() -> None:
    """A household that goes through old blocks again gets what was recorded for them."""
    bench = Bench()
    runtime = bench.boot()
    first, *_ = live(runtime, range(3))
    live(runtime, range(3, 4), pv_power_w=0, grid_import_w=2500)
    records = bench.kinds()
    (again,) = runtime.on_tick(Tick(now_ms=START_MS + BLOCK_MS, n=1, step_s=600, sent=7))
    assert bench.kinds() == records
    assert (again.payload["level"], again.payload["seq"]) == (first[0].payload["level"], 5)


def test_restart_goes_on_as_if_nothing_had_been() -> None:
    """The same inputs give the same records, whoever was restarted in between."""
    whole, broken = Bench(), Bench()
    live(whole.boot(), range(6))
    live(broken.boot(), range(3))
    live(broken.boot(), range(3, 6))
    for kind in ("policy", "block", "decision"):
        assert broken.of_kind(kind) == whole.of_kind(kind)
    assert [boot["boot"] for boot in broken.of_kind("boot")] == [1, 2]


def test_restart_renews_the_recorded_decision_of_a_block_that_still_runs() -> None:
    """After boot the lease goes on under the new boot number."""
    bench = Bench()
    live(bench.boot(), range(1))
    tick = Tick(now_ms=START_MS + BLOCK_MS + 60_000, n=2, step_s=60, sent=0)
    (command,) = bench.boot().on_tick(tick)
    assert (command.payload["boot"], command.payload["level"]) == (2, "super")
    assert bench.kinds().count("decision") == 1


def test_lease_that_ended_is_an_input_and_a_switch() -> None:
    """LEASE_EXPIRED becomes a record and an event, and the load's next command is off."""
    bench = Bench()
    runtime = bench.boot()
    live(runtime, range(1))
    since = at_text(START_MS + BLOCK_MS + 61_000)
    status = {"observed": "off", "level": "off", "since": since, "reason": "LEASE_EXPIRED"}
    runtime.take_status("load-1", status)
    tick = Tick(now_ms=START_MS + BLOCK_MS + 120_000, n=3, step_s=60, sent=0)
    (command,) = runtime.on_tick(tick)
    assert bench.kinds()[-2:] == ["lease_end", "decision"]
    assert bench.of_kind("decision")[-1]["decision_code"] == "STOP_SYS_LEASE_EXPIRED"
    assert command.payload["action"] == "STOP"
    runtime.take_status("load-1", status)
    runtime.on_tick(tick)
    assert bench.kinds().count("lease_end") == 1


def test_old_status_after_a_restart_is_no_news() -> None:
    """A retained LEASE_EXPIRED from before the running decision changes nothing."""
    bench = Bench()
    live(bench.boot(), range(2))
    runtime = bench.boot()
    runtime.take_status("load-1", {"since": at_text(START_MS), "reason": "LEASE_EXPIRED"})
    runtime.on_tick(Tick(now_ms=START_MS + 2 * BLOCK_MS, n=2, step_s=600, sent=0))
    assert "lease_end" not in bench.kinds()


def test_hours_close_slices_and_days_make_anchors_across_a_restart() -> None:
    """Six blocks are a slice and 144 an anchor, and a restart moves neither."""
    whole, broken = Bench(), Bench()
    live(whole.boot(), range(150))
    live(broken.boot(), range(3))
    live(broken.boot(), range(3, 145))
    live(broken.boot(), range(145, 150))
    assert [at_ms for at_ms, _ in broken.slices.closed] == [
        at_ms for at_ms, _ in whole.slices.closed
    ]
    assert broken.anchors.made == whole.anchors.made == [START_MS + 144 * BLOCK_MS]


def test_clean_end_anchors_the_head_and_hands_over_the_rest() -> None:
    """After a close nothing is left that was not handed over."""
    bench = Bench()
    runtime = bench.boot()
    live(runtime, range(1))
    runtime.close()
    assert bench.kinds()[-1] == "anchor"
    assert bench.slices.last_seq == len(bench.kinds())


def test_core_that_never_ticked_leaves_no_trace() -> None:
    """A boot without a tick writes nothing, and takes no boot number."""
    bench = Bench()
    bench.boot().close()
    assert bench.kinds() == []


def test_measurement_that_is_none_is_refused() -> None:
    """An unknown signal changes nothing and is named."""
    with pytest.raises(BadInput, match="unknown"):
        Bench().boot().take_measurement(("meter", "noise_db"), {"value": 1})


def test_journal_that_takes_nothing_decides_nothing() -> None:
    """When the append fails there is no command, no new picture, and the block is still due."""
    bench = Bench()
    runtime = bench.boot()
    live(runtime, range(1))
    before = runtime.latest
    bench.journal.close()
    sent = measure(runtime, START_MS + 2 * BLOCK_MS)
    tick = Tick(now_ms=START_MS + 2 * BLOCK_MS, n=2, step_s=600, sent=sent)
    with pytest.raises(StorageError):
        runtime.on_tick(tick)
    assert runtime.latest == before
    assert runtime.is_due(tick)


def test_stops_switch_every_load_off() -> None:
    """When nothing can be recorded, every load gets a STOP."""
    (stop,) = Bench().boot().stops()
    assert (stop.payload["action"], stop.payload["level"]) == ("STOP", "off")
