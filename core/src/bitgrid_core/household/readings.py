"""What the household says: one step of the plant as messages for the topics.

Pure. Topics here are the part behind ``bitgrid/v1/{site}/``. A measurement is stamped with the
last millisecond of its step, so that it lies in the block that the step ends and is fresh at
the boundary. An unknown value is published as ``null`` with quality ``missing``: a gap stays one.
Numbers are integers or decimal text. ``house_load_w`` excludes flexible loads unless the plant's
meter includes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bitgrid_core import signals
from bitgrid_core.block import BLOCK_S, at_text
from bitgrid_core.codec import Json
from bitgrid_core.household.load import Ack, LoadReading
from bitgrid_core.household.plant import PlantReading
from bitgrid_core.household.series import Column
from bitgrid_core.model import OFF
from bitgrid_core.signals import Quality, Signal
from bitgrid_core.units import to_people

SITE_DEVICE: Final = "site"
_OK: Final = Quality.OK.value
_MISSING: Final = Quality.MISSING.value
_SOURCE: Final = "household"
_ASLEEP: Final = "asleep"


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


def measurements(reading: PlantReading, *, meter_includes_loads: bool = False) -> list[Message]:
    """Every measurement of a step, site first, then each load."""
    at = at_text(reading.to_ms - 1)
    flows = reading.flows
    balanced = reading.pv_known and reading.house_known
    house_w = flows.house + flows.loads if meter_includes_loads else flows.house
    pv_source = _ASLEEP if reading.asleep else _SOURCE
    messages = [
        _site(signals.PV_POWER, flows.pv if reading.pv_known else None, at, pv_source),
        _site(signals.HOUSE_LOAD, house_w if reading.house_known else None, at),
        _site(signals.GRID_IMPORT, flows.grid_import if balanced else None, at),
        _site(signals.GRID_EXPORT, flows.grid_export if balanced else None, at),
    ]
    if reading.soc_permille is not None:
        soc = to_people(reading.soc_permille, "permille", "%")
        messages.append(_site(signals.BATTERY_SOC, soc, at))
        messages.append(_site(signals.BATTERY_CHARGE, flows.battery_charge, at))
    for one in reading.loads:
        messages.extend(_load(one, at))
    return messages


def forecast(blocks_w: Column, from_ms: int, at_ms: int) -> Message:
    """The PV forecast for the blocks from ``from_ms`` on, as it was logged; gaps are ``null``."""
    values: list[Json] = [None if w is None else to_people(w, "w", "kW") for w in blocks_w]
    known = any(w is not None for w in blocks_w)
    message = _site(signals.PV_FORECAST, values if known else None, at_text(at_ms))
    message.payload["from"] = at_text(from_ms)
    message.payload["step_s"] = BLOCK_S
    return message


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


def _load(one: LoadReading, at: str) -> Iterator[Message]:
    yield _measurement(one.load, signals.LOAD_POWER, (one.power_w, _SOURCE), at)
    if one.temp_mdegc is not None:
        temp = to_people(one.temp_mdegc, "mdegc", "°C")
        yield _measurement(one.load, signals.LOAD_TEMP, (temp, _SOURCE), at)
    if one.heartbeat:
        yield _measurement(one.load, signals.HEARTBEAT, (1, _SOURCE), at)


def _site(signal: Signal, value: Json, at: str, source: str = _SOURCE) -> Message:
    return _measurement(SITE_DEVICE, signal, (value, source), at)


def _measurement(device: str, signal: Signal, said: tuple[Json, str], at: str) -> Message:
    value, source = said
    return Message(
        topic=f"measurement/{device}/{signal.name}",
        payload={
            "value": value,
            "unit": signal.unit,
            "at": at,
            "source": source,
            "quality": _MISSING if value is None else _OK,
        },
    )
