"""The live picture as a document."""

from dataclasses import replace
from typing import Any

from bitgrid_appliance.api.health import Instants
from bitgrid_appliance.api.live import level_in_force, state_now
from bitgrid_appliance.api.picture import Picture
from bitgrid_appliance.api.shapes import StateNow
from bitgrid_appliance.api.texts import CoreWords
from bitgrid_core.block import BLOCK_MS, at_text
from bitgrid_core.deciding import Frame, lease_event
from bitgrid_core.events import to_body
from bitgrid_core.model import Memory
from bitgrid_core.policy import Policy
from support.web import FIRST_BLOCK, POLICY, messages, seeded_day

DAY = seeded_day(60)
NOW_MS = DAY[-1].block_id * BLOCK_MS + 200_000


def _picture(extra: list[tuple[str, dict[str, Any]]] | None = None) -> Picture:
    picture = Picture()
    for topic, message in [*messages(DAY[-1]), *(extra or [])]:
        kind, _, name = topic.partition("/")
        picture.accept(kind, name, message, 1.0)
    return picture


def _state(picture: Picture, policy: Policy | None = POLICY) -> StateNow:
    return state_now(
        picture, Instants(now_ms=NOW_MS, mono_s=1.0), "site", CoreWords(), lambda _digest: policy
    )


def test_each_load_says_what_it_does_why_and_what_would_change_it() -> None:
    """The four answers that an owner wants are there, in both languages."""
    load = _state(_picture()).loads[0]
    assert (load.id, load.level, load.power_w) == ("load-1", "super", 1674)
    assert load.short.en.startswith("Keeps running")
    assert load.short.de.startswith("Läuft weiter")
    assert load.change is not None
    assert [level.power_w for level in load.levels] == [800, 1300, 1674]


def test_stop_is_unconfirmed_until_the_load_shows_it() -> None:
    """Also when its adapter is dead and says nothing any more."""
    stopped = lease_ended()
    on = {"observed": "on", "level": "super", "power_w": 1674, "reason": ""}
    off = {"observed": "off", "level": "off", "power_w": 0, "reason": "LEASE_EXPIRED"}
    shown = [
        _state(_picture([("decision/load-1", stopped), ("status/load-1", status)])).loads[0]
        for status in (on, off)
    ]
    assert [load.observed_reason for load in shown] == ["STOP_UNCONFIRMED", "LEASE_EXPIRED"]


def lease_ended() -> dict[str, Any]:
    """A stop of the load that runs."""
    event = DAY[-1].events[0]
    frame = Frame(policy=POLICY, digest=event.policy, autonomy=event.autonomy)
    return to_body(lease_event(frame, "load-1", event.block_id, Memory(level="super")))


def test_the_next_block_begins_at_the_next_boundary() -> None:
    """The countdown counts to the boundary after now, not after the last decision."""
    state = _state(_picture())
    assert state.block_id == DAY[-1].block_id
    assert state.next_block_at == at_text((DAY[-1].block_id + 1) * BLOCK_MS)
    assert state.fresh


def test_without_anything_heard_the_picture_is_empty_and_says_unknown() -> None:
    """Nothing is invented before the first message."""
    state = _state(Picture())
    assert (state.mode, state.block_id, state.state, state.loads) == ("unknown", None, None, [])
    assert not state.fresh


def test_without_its_policy_a_load_still_shows_its_reason() -> None:
    """The sentence comes from the event alone; only levels and the change need the policy."""
    load = _state(_picture(), policy=None).loads[0]
    assert load.short.en
    assert (load.change, load.levels, load.kind) == (None, [], None)


def test_core_published_words_are_used_only_for_this_event() -> None:
    """An explanation of another decision is never shown beside this one."""
    event = DAY[-1].events[0]
    words = {"short": {"de": "Weil A.", "en": "Because A."}, "change": {"de": "B", "en": "B"}}
    mine = _state(_picture([("explain/load-1", words | {"id": event.id})])).loads[0]
    other = _state(_picture([("explain/load-1", words | {"id": "1/load-1/tick/0"})])).loads[0]
    assert mine.short.en == "Because A."
    assert other.short.en.startswith("Keeps running")


def test_state_is_shown_in_peoples_units() -> None:
    """‰ inside is % at the edge."""
    state = _state(_picture())
    assert state.state is not None
    soc_permille = DAY[-1].events[0].state.battery_soc_permille
    assert soc_permille is not None
    assert state.state["battery_soc_pct"] == soc_permille / 10


def test_a_meter_that_counts_the_loads_is_shown_without_them() -> None:
    """The house in the picture is the house alone."""
    policy = replace(POLICY, house_meter_includes_loads=True)
    at = at_text(NOW_MS + 1)
    house = {"value": 2000, "unit": "W", "at": at, "source": "meter", "quality": "ok"}
    picture = _picture([("measurement/meter/house_load_w", house)])
    assert _state(picture, policy).live["house_load_w"].value == 2000 - 1674
    assert _state(picture).live["house_load_w"].value == 2000


def test_a_value_of_bad_quality_is_not_shown_as_a_number() -> None:
    """A stale value is named stale and has no number."""
    at = at_text(NOW_MS + 1)
    stale = {"value": 5, "unit": "W", "at": at, "source": "meter", "quality": "stale"}
    reading = _state(_picture([("measurement/meter/pv_power_w", stale)])).live["pv_power_w"]
    assert (reading.value, reading.quality) == (None, "stale")


def test_a_proposal_leaves_the_level_as_it_was() -> None:
    """What did not act is not shown as done."""
    body = to_body(DAY[-1].events[0]) | {"effect": "proposed", "memory": {"level": "eco"}}
    assert level_in_force(body) == "eco"


def test_safety_makes_the_mode_safe_and_a_missing_signal_degraded() -> None:
    """The mode follows from the votes."""
    body = to_body(DAY[-1].events[0])
    silent = {"rule": "R4", "reason": "SIGNAL_MISSING", "signals": ["pv_forecast_kw"]}
    degraded = body | {"votes": [silent]}
    safe = body | {"action": "STOP", "rule": "R3", "reason": "OVERTEMP"}
    assert _state(_picture()).mode == "normal"
    assert _state(_picture([("decision/load-1", degraded)])).mode == "degraded"
    assert _state(_picture([("decision/load-1", safe)])).mode == "safe"


def test_an_event_of_a_newer_format_is_shown_without_an_explanation() -> None:
    """An old page does not break on a new core."""
    newer = to_body(DAY[-1].events[0]) | {"v": 2}
    load = _state(_picture([("decision/load-1", newer)])).loads[0]
    assert "newer version" in load.short.en
    assert load.change is None


def test_the_first_block_of_the_seed_is_the_one_after_midnight() -> None:
    """The seed's day begins where the tests think it does."""
    assert DAY[0].block_id == FIRST_BLOCK + 1
