"""Where the values of a recorded decision came from, told from the records around it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bitgrid_core.block import at_text, block_start_ms, parse_at
from bitgrid_core.chain import Draft, Record, from_json
from bitgrid_core.codec import Json, decode
from bitgrid_core.context import Aggregate, BlockAggregates
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body
from bitgrid_core.inputs import (
    BlockClosed,
    Input,
    PolicyChanged,
    SafetyMeasured,
    to_record,
)
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.origins import Origin, origins_of, policy_of
from bitgrid_core.policy import Policy, default_policy
from bitgrid_core.signals import Doubt, Quality, Source
from support.tree import TESTS

BLOCK = 2_862_000
BEGIN = block_start_ms(BLOCK)
WINDOW = BlockAggregates(
    block_id=BLOCK,
    local_day=20240601,
    site={
        "pv_power_w": Aggregate(5000, 5000, 5000, 5000, 10, 1000),
        "house_load_w": Aggregate(400, 400, 400, 400, 10, 2000),
        "grid_import_w": Aggregate(0, 0, 0, 0, 10, 3000),
        "battery_soc_pct": Aggregate(800, 800, 800, 800, 10, 4000),
    },
    loads={"load-1": {"load_temp_c": Aggregate(50_000, 50_000, 50_000, 50_000, 10, 5000)}},
    pv_forecast_w=(3000,) * 6,
)


def lived(
    *items: Input | Draft, policy: Policy | None = None
) -> tuple[MemoryJournal, list[Record]]:
    """A journal of these inputs, behind a policy, with what was decided on them."""
    journal, state = MemoryJournal(), EngineState()
    first: Sequence[Input | Draft] = [PolicyChanged(policy=policy or default_policy())]
    for item in (*first, *items):
        if isinstance(item, Draft):
            journal.append([item], BEGIN)
            continue
        kind, body = to_record(item)
        state, events = step(state, item)
        decided = [Draft(kind="decision", body=to_body(event)) for event in events]
        journal.append([Draft(kind=kind, body=body), *decided], BEGIN)
    return journal, [record for record in journal.records() if record.kind == "decision"]


def told(*items: Input | Draft, policy: Policy | None = None) -> dict[str, Origin]:
    """Of the newest decision."""
    journal, decisions = lived(*items, policy=policy)
    return origins_of(journal, decisions[-1], policy_of(journal, decisions[-1]))


def tick(**changed: object) -> BlockClosed:
    """The window, changed."""
    return BlockClosed(window=replace(WINDOW, **changed))  # type: ignore[arg-type]  # fields of it


def made(kind: str, minutes: int) -> Draft:
    """A series received so long before the block."""
    body: dict[str, Json] = {"at": at_text(BEGIN - minutes * 60_000), "values": []}
    return Draft(kind=kind, body=body)


def test_measured_values_are_told_with_their_ages() -> None:
    """The usual source is told though no record names it."""
    found = told(tick())
    ages = {name: origin.age_ms for name, origin in found.items() if origin.quality is Quality.OK}
    assert ages == {
        "pv_power_w": 1000,
        "house_load_w": 2000,
        "grid_import_w": 3000,
        "battery_soc_pct": 4000,
        "load_temp_c": 5000,
        "pv_forecast_kw": None,
    }
    sources = {origin.source for name, origin in found.items() if name != "pv_forecast_kw"}
    assert sources == {Source.MEASURED}
    assert found["battery_charge_w"].quality is Quality.MISSING


def test_unusual_sources_are_told_as_recorded() -> None:
    """Asleep, derived and forecast by the appliance itself."""
    named = {
        "pv_power_w": Source.ASLEEP,
        "house_load_w": Source.DERIVED,
        "pv_forecast_kw": Source.LOCAL,
    }
    found = told(tick(sources=named))
    assert {name: found[name].source for name in named} == named
    assert found["pv_forecast_kw"].age_ms == 0
    assert found["pv_power_w"].age_ms == 1000


def test_received_series_is_as_old_as_its_record_says() -> None:
    """The newest one before the block, of its own kind."""
    items = (made("forecast", 90), made("forecast", 30), made("prices", 600))
    found = told(*items, tick(prices_ct_per_mwh=(20_000,) * 6), made("forecast", 1))
    assert found["pv_forecast_kw"] == Origin(source=Source.RECEIVED, age_ms=30 * 60_000)
    assert found["energy_price_ct_kwh"] == Origin(source=Source.RECEIVED, age_ms=600 * 60_000)


def test_forecast_that_is_not_there_is_missing() -> None:
    """And one that the policy does not ask for is not told at all."""
    assert told(tick(pv_forecast_w=()))["pv_forecast_kw"].quality is Quality.MISSING
    policy = replace(default_policy(), has_forecast=False)
    assert "pv_forecast_kw" not in told(tick(), policy=policy)


def test_suspect_value_is_told_with_its_reason() -> None:
    """Why it was not used."""
    site = {
        **WINDOW.site,
        "pv_power_w": Aggregate(None, 5, None, None, 0, 9, Quality.SUSPECT, Doubt.JUMP),
    }
    found = told(tick(site=site))["pv_power_w"].to_body()
    assert found == {"source": "measured", "age_ms": 9, "quality": "suspect", "doubt": "jump"}


def test_house_load_less_the_loads_is_derived() -> None:
    """What the rules see is not what the meter says."""
    policy = replace(default_policy(), house_meter_includes_loads=True)
    assert told(tick(), policy=policy)["house_load_w"] == Origin(source=Source.DERIVED, age_ms=2000)


@pytest.mark.parametrize(
    ("signal", "value", "origin"),
    [
        ("load_temp_c", 99_000, Origin(source=Source.MEASURED, age_ms=0)),
        ("heartbeat", 70_000, Origin(source=Source.MEASURED, age_ms=70_000)),
    ],
)
def test_value_that_stopped_a_load_at_once_is_told_as_it_arrived(
    signal: str, value: int, origin: Origin
) -> None:
    """Not as old as the window before it."""
    safety = SafetyMeasured(
        load="load-1", signal=signal, value=value, at_ms=BEGIN + 1000, block_id=BLOCK
    )
    found = told(tick(), safety)
    assert found[signal] == origin
    assert found["pv_power_w"].age_ms == 1000


def test_decision_before_any_window_has_seen_nothing() -> None:
    """A lease that ended before the first block."""
    ended = Draft(
        kind="decision", body={"id": "1/load-1/lease/0", "load": "load-1", "trigger": "lease"}
    )
    assert told(ended) == {}


def test_journal_of_an_earlier_version_is_told_as_measured() -> None:
    """It names no source, so all are the usual ones."""
    lines = (TESTS / "vectors" / "journals" / "policy_format_1.jsonl").read_bytes().splitlines()
    records = [from_json(decode(line)) for line in lines]
    journal = MemoryJournal()
    for record in records:
        draft = Draft(kind=record.kind, body=record.body)
        journal.append([draft], parse_at(record.at))
    decisions = [record for record in journal.records() if record.kind == "decision"]
    sources = set()
    for decision in decisions:
        found = origins_of(journal, decision, policy_of(journal, decision))
        sources |= {origin.source for origin in found.values()}
    assert sources == {Source.MEASURED, Source.RECEIVED}
