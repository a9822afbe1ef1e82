"""Where each value that a decision saw came from, and how old it was.

Told from the records around a decision, for whoever explains it: the event itself holds values alone, so
that its bytes outlive what is known about them. Reads only. Invariant: a record that names no source
means the usual one, so a journal of any version can be told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, cast

from bitgrid_core.block import block_start_ms, parse_at
from bitgrid_core.chain import Record
from bitgrid_core.codec import Json
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import PolicyChanged, from_record
from bitgrid_core.journal.protocol import JournalReader
from bitgrid_core.model import Trigger
from bitgrid_core.policy import Policy
from bitgrid_core.signals import PRICE, PV_FORECAST, Doubt, Quality, Source

_ALWAYS: Final = ("pv_power_w", "house_load_w", "grid_import_w")
_OF_BATTERY: Final = ("battery_soc_pct", "battery_charge_w")
_OF_LOAD: Final = ("load_power_w", "load_temp_c", "heartbeat")
_SERIES: Final = {PV_FORECAST.name: "forecast", PRICE.name: "prices"}
"""Kinds of the records that say when a series was made."""
_NEVER: Final = Aggregate(None, None, None, None, 0, None, Quality.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Of one value.

    Attributes:
        source: measured, asleep, derived, received or local.
        age_ms: how old it was when it was used; ``None`` if nobody knows.
        quality: ``ok`` if it was used.
        doubt: why a suspect one is suspect.
    """

    source: Source
    age_ms: int | None
    quality: Quality = Quality.OK
    doubt: Doubt | None = None

    def to_body(self) -> dict[str, Json]:
        """As a document; the doubt only where there is one."""
        body: dict[str, Json] = {
            "source": self.source.value,
            "age_ms": self.age_ms,
            "quality": self.quality.value,
        }
        return body if self.doubt is None else body | {"doubt": self.doubt.value}


def origins_of(journal: JournalReader, decision: Record, policy: Policy) -> dict[str, Origin]:
    """The origin of each value that a recorded decision saw, by signal name.

    Args:
        journal: it is in.
        decision: its record.
        policy: in force then.

    Returns:
        Nothing for a decision before any window.

    Raises:
        BadInput: a record cannot be read.
    """
    try:
        return _origins(journal, decision, policy)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise BadInput(
            f"What the decision of record {decision.seq} saw cannot be told: {error!r}.",
            "Verify the journal.",
        ) from error


def _origins(journal: JournalReader, decision: Record, policy: Policy) -> dict[str, Origin]:
    newest = journal.newest("block", before=decision.seq)
    if newest is None:
        return {}
    window = BlockAggregates.from_body(newest.body)
    load = str(decision.body["load"])
    found = _of_window(window, policy, load)
    for name, kind in _SERIES.items():
        origin = found.get(name)
        if origin and origin.source is Source.RECEIVED and origin.quality is Quality.OK:
            made = journal.newest(kind, before=newest.seq)
            at_ms = None if made is None else parse_at(str(made.body["at"]))
            age_ms = None if at_ms is None else max(0, block_start_ms(window.block_id) - at_ms)
            found[name] = replace(origin, age_ms=age_ms)
    if decision.body["trigger"] == Trigger.SAFETY:
        found |= _of_safety(journal.newest("safety", before=decision.seq), load)
    return found


def policy_of(journal: JournalReader, record: Record) -> Policy:
    """The policy in force when a record was written.

    Raises:
        BadInput: none is recorded.
    """
    policy = journal.newest("policy", before=record.seq)
    item = None if policy is None else from_record("policy", policy.body)
    if not isinstance(item, PolicyChanged):
        raise BadInput("No policy is recorded before this decision.", "Verify the journal.")
    return item.policy


def _of_window(window: BlockAggregates, policy: Policy, load: str) -> dict[str, Origin]:
    own = window.loads.get(load, {})
    expected = [*_ALWAYS, *(_OF_BATTERY if policy.has_battery else ())]
    said = [name for name in window.site if name not in expected]  # parts of a sum among them
    found = {
        name: _of(window.site.get(name, _NEVER), window.sources.get(name, Source.MEASURED))
        for name in (*expected, *said)
    }
    if policy.house_meter_includes_loads:
        meter = window.site.get("house_load_w", _NEVER)
        found["house_load_w"] = _of(meter, Source.DERIVED)
    found |= {name: _of(own[name], Source.MEASURED) for name in _OF_LOAD if name in own}
    if policy.has_forecast:
        found[PV_FORECAST.name] = _of_forecast(window)
    if window.prices_ct_per_mwh[:1] not in ((), (None,)):
        found[PRICE.name] = Origin(source=Source.RECEIVED, age_ms=None)
    return found


def _of(item: Aggregate, source: Source) -> Origin:
    return Origin(source=source, age_ms=item.age_ms, quality=item.quality, doubt=item.doubt)


def _of_forecast(window: BlockAggregates) -> Origin:
    source = window.sources.get(PV_FORECAST.name, Source.RECEIVED)
    if all(value is None for value in window.pv_forecast_w):
        return Origin(source=source, age_ms=None, quality=Quality.MISSING)
    return Origin(source=source, age_ms=0 if source is Source.LOCAL else None)


def _of_safety(record: Record | None, load: str) -> dict[str, Origin]:
    """The value that did not wait for the end of its block."""
    if record is None or record.body["load"] not in (None, load):
        return {}
    body = record.body
    quality = Quality(cast("str", body["quality"]))
    age_ms = body["value"] if body["signal"] == "heartbeat" else 0
    known = age_ms if isinstance(age_ms, int) else None
    return {str(body["signal"]): Origin(source=Source.MEASURED, age_ms=known, quality=quality)}
