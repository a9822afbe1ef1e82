"""Defects planted into the real code are found by the simulated edge: it is no decoration."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bitgrid_appliance.runtime import Runtime
from bitgrid_core import rules
from bitgrid_core.household import load as actuator
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.rules import r3_safety
from bitgrid_core.rules.r5_stability import _CONTENT as NOTHING_TO_HOLD
from support.edge import faults
from support.edge.faults import Kind
from support.edge.life import live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MOST_LIVES = 40
Plant = Callable[[pytest.MonkeyPatch], None]


def no_stability(patch: pytest.MonkeyPatch) -> None:
    """R5 never holds anything back."""
    patch.setattr(rules.r5_stability, "vote", lambda _now, _wish: NOTHING_TO_HOLD)


def no_mandatory_signals(patch: pytest.MonkeyPatch) -> None:
    """Nothing is missed; to see it sooner, nothing but the import's meter fails."""
    patch.setattr(faults, "_OFTEN", (Kind.SENSOR_MISSING,))
    patch.setattr(faults, "SITE_SIGNALS", ("grid_import_w",))
    patch.setattr(faults, "LOAD_SIGNALS", ())
    patch.setattr(r3_safety, "missing_mandatory_signals", lambda _now: ())


def no_lockout(patch: pytest.MonkeyPatch) -> None:
    """A load that safety stopped is free at once."""
    patch.setattr(r3_safety, "locked_out", lambda _now: False)


def no_lease(patch: pytest.MonkeyPatch) -> None:
    """An actuator runs on whatever happens to the core."""
    real = actuator.act

    def act(config: Any, state: Any, command: Any, now_ms: int) -> Any:
        after, ack = real(config, state, command, now_ms)
        return replace(after, lease_end_ms=2**60), ack

    patch.setattr(actuator, "act", act)


def no_alarm(patch: pytest.MonkeyPatch) -> None:
    """Heat waits for its block; to see it sooner, loads are often hot."""
    patch.setattr(faults, "_OFTEN", (Kind.LOAD_HOT,))
    patch.setattr(Runtime, "alarm", lambda _self, _sample, _wall_ms: None)


def act_before_append(patch: pytest.MonkeyPatch) -> None:
    """What a tick decides is recorded one tick later."""
    real, waiting = Runtime.record_plan, list[Any]()

    def record_plan(self: Runtime, planned: Any) -> int:
        waiting.append(planned)
        return real(self, waiting.pop(0)) if len(waiting) > 1 else 0

    patch.setattr(Runtime, "record_plan", record_plan)


def change_a_record(patch: pytest.MonkeyPatch) -> None:
    """A record is not the one whose hash was chained."""
    real = SqliteJournal._insert

    def insert(self: SqliteJournal, rows: list[tuple[object, ...]]) -> None:
        at = "2001-01-01T00:00:00.000Z"
        found = [(row[0], at, *row[2:]) if row[0] == 100 else row for row in rows]
        real(self, found)

    patch.setattr(SqliteJournal, "_insert", insert)


@pytest.mark.parametrize(
    ("plant", "checkers"),
    [
        (no_stability, {"no_switch_by_r1_within_its_counters"}),
        (no_mandatory_signals, {"no_start_without_a_mandatory_signal"}),
        (no_lockout, {"no_restart_under_lockout"}),
        (no_lease, {"no_load_outlives_its_lease"}),
        (no_alarm, {"no_heat_goes_unheard"}),
        (act_before_append, {"no_command_without_a_record"}),
        (change_a_record, {"journal_verifies"}),
    ],
    ids=lambda one: getattr(one, "__name__", "found"),
)
def test_planted_defect_is_found(
    plant: Plant, checkers: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within some lives, and by the checker whose promise it breaks."""
    plant(monkeypatch)
    for seed in range(1, MOST_LIVES):
        if checkers & live(seed, 1).violations.keys():
            return
    pytest.fail(f"{plant.__name__} was not found in {MOST_LIVES} lives")
