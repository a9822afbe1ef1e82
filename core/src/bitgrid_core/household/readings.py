"""What the household says: one step of the plant as messages for the topics.

Pure. Topics here are the part behind ``bitgrid/v1/{site}/``. A measurement is stamped with the
last millisecond of its step, so that it lies in the block that the step ends and is fresh at
the boundary. An unknown value is published as ``null`` with quality ``missing``: a gap stays one.
Numbers are integers or decimal text. ``house_load_w`` excludes flexible loads unless the plant's
meter includes them, and is not there without a house meter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from bitgrid_core import signals
from bitgrid_core.block import BLOCK_S, at_text
from bitgrid_core.codec import Json
from bitgrid_core.context.measurement import Forecast
from bitgrid_core.household.load import Ack
from bitgrid_core.household.plant import PlantConfig, PlantReading
from bitgrid_core.household.series import Column
from bitgrid_core.model import OFF
from bitgrid_core.signals import Quality, Signal, Source
from bitgrid_core.units import to_people

SITE_DEVICE: Final = "site"
_PLANT: Final = PlantConfig()
_OK: Final = Quality.OK.value
_MISSING: Final = Quality.MISSING.value
_SOURCE: Final = "household"
ASLEEP: Final = Source.ASLEEP.value
_WHOLE: Final = frozenset({"w", "count"})
"""Inside units that are people's units, too."""

Said: TypeAlias = tuple[str, Signal, int | None, str]
"""Device, signal, value inside (``None``: unknown), source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to publish.

    Attributes:
        topic: behind the site's prefix.
        payload: the document; new for each message, so a publisher may keep it.
        retained: whether the broker keeps it.
    """

    topic: str
    payload: dict[str, Json]
    retained: bool = False


def measurements(reading: PlantReading, config: PlantConfig = _PLANT) -> list[Message]:
    """Every measurement of a step as a message, site first, then each load."""
    at = at_text(reading.to_ms - 1)
    found = said(reading, config)
    return [_measurement(one, at) for one in found]


def said(reading: PlantReading, config: PlantConfig) -> list[Said]:
    """Device, signal, value inside, source: site first, then each load."""
    flows = reading.flows
    balanced = reading.pv_known and reading.house_known
    house_w = flows.house + flows.loads if config.meter_includes_loads else flows.house
    pv_source = ASLEEP if reading.asleep else _SOURCE
    found: list[Said] = [
        (SITE_DEVICE, signals.PV_POWER, flows.pv if reading.pv_known else None, pv_source),
        (SITE_DEVICE, signals.GRID_IMPORT, flows.grid_import if balanced else None, _SOURCE),
        (SITE_DEVICE, signals.GRID_EXPORT, flows.grid_export if balanced else None, _SOURCE),
    ]
    if config.house_meter:
        known_w = house_w if reading.house_known else None
        found.insert(1, (SITE_DEVICE, signals.HOUSE_LOAD, known_w, _SOURCE))
    elif reading.soc_permille is not None:
        found.append((SITE_DEVICE, signals.BATTERY_DISCHARGE, flows.battery_discharge, _SOURCE))
    if reading.soc_permille is not None:
        found.append((SITE_DEVICE, signals.BATTERY_SOC, reading.soc_permille, _SOURCE))
        found.append((SITE_DEVICE, signals.BATTERY_CHARGE, flows.battery_charge, _SOURCE))
    for one in reading.loads:
        found.append((one.load, signals.LOAD_POWER, one.power_w, _SOURCE))
        if one.temp_mdegc is not None:
            found.append((one.load, signals.LOAD_TEMP, one.temp_mdegc, _SOURCE))
        if one.heartbeat:
            found.append((one.load, signals.HEARTBEAT, 1, _SOURCE))
    return found


def forecast(blocks_w: Column, from_ms: int, at_ms: int) -> Message:
    """The PV forecast for the blocks from ``from_ms`` on, as it was logged; gaps are ``null``."""
    values: list[Json] = [None if w is None else to_people(w, "w", "kW") for w in blocks_w]
    known = any(w is not None for w in blocks_w)
    message = _message(SITE_DEVICE, signals.PV_FORECAST, (values if known else None, _SOURCE))
    message.payload["at"] = at_text(at_ms)
    message.payload["from"] = at_text(from_ms)
    message.payload["step_s"] = BLOCK_S
    return message


def forecast_value(blocks_w: Column, from_ms: int, at_ms: int) -> Forecast | None:
    """The same as ``parse_measurement`` reads it; ``None`` where no value is known."""
    if blocks_w.count(None) == len(blocks_w):
        return None
    signal = signals.PV_FORECAST
    low, high = signal.low, signal.high
    known = tuple([None if w is None or not low <= w <= high else w for w in blocks_w])
    return Forecast(
        signal=signal, at_ms=at_ms, from_ms=from_ms, step_ms=BLOCK_S * 1000, values=known
    )


def statuses(reading: PlantReading, *, unchanged: bool = False) -> list[Message]:
    """The status of each load that changed in the step, or of all."""
    return [
        Message(
            topic=f"status/{one.load}",
            payload={
                "observed": OFF if one.level == OFF else "on",
                "level": one.level,
                "power_w": one.power_w,
                "since": at_text(one.since_ms),
                "reason": one.reason,
            },
            retained=True,
        )
        for one in reading.loads
        if one.changed or unchanged
    ]


def acks(reading: PlantReading) -> list[Message]:
    """The answers to the commands that the step began with."""
    return [_ack(one) for one in reading.acks]


def _ack(one: Ack) -> Message:
    return Message(
        topic=f"ack/{one.load}",
        payload={"command_id": one.command_id, "result": one.result, "observed": one.observed},
    )


def _measurement(one: Said, at: str) -> Message:
    device, signal, value, source = one
    people: Json = value
    if value is not None and signal.inside not in _WHOLE:
        people = to_people(value, signal.inside, signal.unit)
    message = _message(device, signal, (people, source))
    message.payload["at"] = at
    return message


def _message(device: str, signal: Signal, content: tuple[Json, str]) -> Message:
    """A measurement without its time."""
    value, source = content
    return Message(
        topic=f"measurement/{device}/{signal.name}",
        payload={
            "value": value,
            "unit": signal.unit,
            "source": source,
            "quality": _MISSING if value is None else _OK,
        },
    )
