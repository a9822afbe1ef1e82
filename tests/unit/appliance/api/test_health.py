"""The verdict whether the picture can be believed."""

from typing import Any

from bitgrid_appliance.api.health import Instants, judge
from bitgrid_appliance.api.picture import Picture
from bitgrid_core.block import BLOCK_MS
from bitgrid_core.events import to_body
from support.web import FIRST_BLOCK, seeded_day

DAY = seeded_day(2)
NOW_MS = (FIRST_BLOCK + 1) * BLOCK_MS + 100_000
JOURNAL = (True, 3)


def _picture(**health: dict[str, Any]) -> Picture:
    picture = Picture()
    picture.broker_connected = True
    picture.accept("decision", "load-1", to_body(DAY[0].events[0]), 10.0)
    for name, said in health.items():
        picture.accept("health", name, said, 10.0)
    return picture


def _now(mono_s: float = 11.0, now_ms: int = NOW_MS) -> Instants:
    return Instants(now_ms=now_ms, mono_s=mono_s)


def test_all_well_is_ok_with_the_age_of_the_last_message() -> None:
    """Only a fresh decision, a broker and well components are ok."""
    health = judge(_picture(core={"status": "ok"}), _now(), JOURNAL)
    assert (health.status, health.reason, health.age_s) == ("ok", "OK", 1.0)
    assert health.journal_seq == 3


def test_no_broker_is_an_error_whatever_was_heard_before() -> None:
    """A picture that nobody updates is not live."""
    picture = _picture(core={"status": "ok"})
    picture.broker_connected = False
    assert judge(picture, _now(), JOURNAL).reason == "BROKER_AWAY"


def test_before_the_first_decision_is_a_warning() -> None:
    """A house that has not decided yet says so."""
    picture = Picture()
    picture.broker_connected = True
    health = judge(picture, _now(), (True, None))
    assert (health.status, health.reason) == ("warn", "NO_DECISION_YET")
    assert health.age_s is None
    assert not health.decided


def test_a_decision_that_is_overdue_is_an_error() -> None:
    """More than a minute after the boundary the old decision is not the present one."""
    late_ms = (FIRST_BLOCK + 2) * BLOCK_MS + 60_000
    assert judge(_picture(), _now(now_ms=late_ms), JOURNAL).reason == "DECISION_LATE"
    assert judge(_picture(), _now(now_ms=late_ms - 1), JOURNAL).status == "ok"


def test_silence_of_everything_is_an_error() -> None:
    """Nothing heard for longer than a meter's age limit is said."""
    assert judge(_picture(), _now(mono_s=101.0), JOURNAL).reason == "SILENT"


def test_the_worst_component_names_the_reason() -> None:
    """An error wins over a warning, and says whose it is."""
    picture = _picture(
        core={"status": "error", "reason": "GONE"}, household={"status": "warn", "reason": "x"}
    )
    health = judge(picture, _now(), JOURNAL)
    assert (health.status, health.reason) == ("error", "core: GONE")


def test_an_unknown_status_is_a_warning() -> None:
    """What is not understood is not taken for well."""
    health = judge(_picture(core={"status": "fine"}), _now(), JOURNAL)
    assert health.components["core"].status == "warn"


def test_an_unreadable_journal_is_a_warning() -> None:
    """The live picture stands without the past, but it is said."""
    assert judge(_picture(), _now(), (False, None)).reason == "JOURNAL_UNREADABLE"


def test_a_rushing_clock_is_no_late_decision_until_seconds_have_passed() -> None:
    """At 600 times real time a minute is a tenth of a second."""
    picture = _picture()
    late_ms = (FIRST_BLOCK + 2) * BLOCK_MS + 60_000
    picture.accept("clock", "", {"now_ms": late_ms}, 12.0)
    assert judge(picture, _now(12.0, late_ms), JOURNAL).status == "ok"
    assert judge(picture, _now(16.0, late_ms), JOURNAL).reason == "DECISION_LATE"
