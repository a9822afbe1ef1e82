"""A recorded year under the strategy `soc_band`: it neither hangs nor flaps.

The recorded French home with twice its PV and a battery of 10 kWh, in the closed loop.
"""

from functools import cache

import pytest

from bitgrid_core.model import OFF
from support.years import BLOCKS, Note, lived, per_day, runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HELD = ("_R2_GRID_IMPORT", "_R3_", "_R4_", "_R5_")


@cache
def year() -> list[Note]:
    """The year, lived once."""
    return lived({"strategy": "soc_band"})


def allowed(note: Note) -> bool:
    """Whether the bands let a load start."""
    if note.soc is None or note.pv_w is None:
        return False
    return note.soc >= 800 or (note.soc >= 580 and note.pv_w >= 6000)


def test_every_block_is_decided_once() -> None:
    """Nothing is missing and nothing is twice."""
    blocks = [note.block for note in year()]
    assert len(blocks) == BLOCKS
    assert blocks == list(range(blocks[0], blocks[0] + BLOCKS))


def test_load_never_runs_below_the_reserve() -> None:
    """Not one block of the year."""
    assert [note for note in year() if (note.soc or 0) < 500 and note.after != OFF] == []


def test_load_starts_only_where_the_bands_allow_it() -> None:
    """By charge alone, or by charge and sun."""
    starts = [note for note in year() if note.starts]
    assert 200 <= len(starts) <= 400
    assert all(allowed(note) for note in starts)


def test_load_that_the_bands_allow_stays_off_only_for_a_rule_above() -> None:
    """It does not hang: whatever keeps it off is R3, R4 or R5 and says so."""
    off = [note for note in year() if allowed(note) and note.after == OFF]
    assert [note for note in off if not any(part in note.code for part in HELD)] == []
    pauses = [note for note in off if "MIN_PAUSE" in note.code]
    assert all(note.since == 1 for note in pauses)


def test_load_runs_in_every_month_of_the_sunny_half_year() -> None:
    """No state is a trap: April to September it runs on most days."""
    days = {note.block // 144 for note in year() if note.after != OFF}
    first = 19_814  # 2024-04-01
    for start in range(first, first + 180, 30):
        assert sum(day in days for day in range(start, start + 30)) >= 20


def test_load_switches_a_few_times_a_day_at_most() -> None:
    """It does not flap: on and off, and levels, are bounded on every day."""
    assert max(per_day([note for note in year() if note.switches]).values()) <= 6
    assert max(per_day([note for note in year() if note.before != note.after]).values()) <= 12


def test_run_is_shorter_than_its_minimum_only_where_safety_or_reserve_ends_it() -> None:
    """R1 ends no run early, and few runs are short."""
    ended = [run[-1] for run in runs(year()) if run[-1].after == OFF]
    short = [note for note in ended if note.since is not None and note.since < 3]
    assert all(note.code.startswith(("STOP_R2", "STOP_R3")) for note in short)
    assert len(short) <= 5


def test_level_rises_and_falls_at_the_bands_own_limits() -> None:
    """A rise is at 80 or 90 %, a fall below 75 or 85 %: never one right after the other."""
    changes = [note for note in year() if OFF not in (note.before, note.after)]
    for note in changes:
        if note.before == note.after:
            continue
        assert note.soc is not None
        limit = {"standard": 800, "super": 900}.get(note.after, 0)
        rises = (note.before, note.after) in (
            ("eco", "standard"),
            ("eco", "super"),
            ("standard", "super"),
        )
        assert note.soc >= limit if rises else note.soc < 850
