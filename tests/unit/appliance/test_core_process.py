"""The retained picture: every kind of event is told, in both languages."""

from bitgrid_appliance.core_process import picture
from bitgrid_appliance.policies import demo_policy
from bitgrid_appliance.topics import Kind
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import LeaseEnded, PolicyChanged
from bitgrid_core.model import Memory
from support.runtimes import Bench, live


def test_picture_of_a_tick_has_state_decision_and_explanation() -> None:
    """State once, then each load's decision with its texts, about the same event."""
    runtime = Bench().boot()
    live(runtime, range(1))
    state, decision, explained = picture(runtime.latest, runtime.policy)
    assert (state.kind, decision.kind, explained.kind) == (
        Kind.STATE,
        Kind.DECISION,
        Kind.EXPLAIN,
    )
    assert state.payload["pv_power_w"] == 4000
    assert explained.payload["id"] == decision.payload["id"]
    for part in ("short", "change"):
        texts = explained.payload[part]
        assert isinstance(texts, dict)
        assert set(texts) == {"de", "en"}
        assert all(texts.values())
    chance = explained.payload["chance"]
    assert isinstance(chance, dict)
    assert chance["at"] == "2024-06-01T00:40:00.000Z"  # three blocks of least run time
    assert {"de", "en"} < set(chance)


def test_picture_of_an_ended_lease_is_explained_too() -> None:
    """An event without votes has its sentence."""
    state, _ = step(EngineState(), PolicyChanged(policy=demo_policy()))
    state.memories["load-1"] = Memory(level="eco", blocks_since_switch=3, blocks_since_level=3)
    _, events = step(state, LeaseEnded(load="load-1", block_id=2_862_000))
    *_, explained = picture(events, demo_policy())
    assert explained.payload["short"]


def test_no_event_is_no_picture() -> None:
    """Before the first decision nothing is told."""
    assert picture((), demo_policy()) == []
