"""The signals that the core knows: name, unit, range, age limit, cautious side.

A signal's name ends in people's unit, as it stands in topics and files; ``inside`` names the
integer unit that the core computes in. Nothing here is about devices or protocols.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bitgrid_core.units import Caution


class Quality(StrEnum):
    """What is known of a value; a value is never estimated."""

    OK = "ok"
    STALE = "stale"
    MISSING = "missing"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One kind of measured value.

    Attributes:
        name: as in topics and files, people's unit last.
        unit: people's unit that the name promises.
        inside: unit of the integer inside.
        caution: rounding and averaging direction.
        low: smallest possible value inside (physical range).
        high: largest possible value inside.
        max_age_ms: a value older than this is stale.
        of_load: measured per flexible load instead of per site.
    """

    name: str
    unit: str
    inside: str
    caution: Caution
    low: int
    high: int
    max_age_ms: int
    of_load: bool = False


_METER_AGE_MS: Final = 90_000
_HOUR_MS: Final = 3_600_000
_SITE_MAX_W: Final = 1_000_000


def _power(name: str, caution: Caution) -> Signal:
    return Signal(
        name=name,
        unit="W",
        inside="w",
        caution=caution,
        low=0,
        high=_SITE_MAX_W,
        max_age_ms=_METER_AGE_MS,
        of_load=name == "load_power_w",
    )


PV_POWER = _power("pv_power_w", Caution.DOWN)
HOUSE_LOAD = _power("house_load_w", Caution.UP)
GRID_IMPORT = _power("grid_import_w", Caution.UP)
GRID_EXPORT = _power("grid_export_w", Caution.DOWN)
BATTERY_CHARGE = _power("battery_charge_w", Caution.UP)
LOAD_POWER = _power("load_power_w", Caution.UP)
BATTERY_SOC = Signal(
    name="battery_soc_pct",
    unit="%",
    inside="permille",
    caution=Caution.DOWN,
    low=0,
    high=1000,
    max_age_ms=5 * _METER_AGE_MS,
)
LOAD_TEMP = Signal(
    name="load_temp_c",
    unit="°C",
    inside="mdegc",
    caution=Caution.UP,
    low=-60_000,
    high=200_000,
    max_age_ms=_METER_AGE_MS,
    of_load=True,
)
HEARTBEAT = Signal(
    name="heartbeat",
    unit="",
    inside="count",
    caution=Caution.DOWN,
    low=0,
    high=2**53,
    max_age_ms=_HOUR_MS,
    of_load=True,
)
HEARTBEAT_AGE = Signal(
    name="heartbeat_age_s",
    unit="s",
    inside="ms",
    caution=Caution.UP,
    low=0,
    high=100 * 365 * 24 * _HOUR_MS,
    max_age_ms=_HOUR_MS,
    of_load=True,
)
PRICE = Signal(
    name="energy_price_ct_kwh",
    unit="ct/kWh",
    inside="ct_per_mwh",
    caution=Caution.UP,
    low=-1_000_000,
    high=1_000_000,
    max_age_ms=48 * _HOUR_MS,
)
PV_FORECAST = Signal(
    name="pv_forecast_kw",
    unit="kW",
    inside="w",
    caution=Caution.DOWN,
    low=0,
    high=_SITE_MAX_W,
    max_age_ms=12 * _HOUR_MS,
)

SIGNALS: Final = {
    signal.name: signal
    for signal in (
        PV_POWER,
        HOUSE_LOAD,
        GRID_IMPORT,
        GRID_EXPORT,
        BATTERY_CHARGE,
        BATTERY_SOC,
        PRICE,
        PV_FORECAST,
        LOAD_POWER,
        LOAD_TEMP,
        HEARTBEAT,
    )
}
"""Every signal that may be measured, by name."""
