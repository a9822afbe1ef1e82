"""The signals that the core knows: name, unit, range, age limit, cautious side, habits.

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


class Doubt(StrEnum):
    """Why a value is suspect."""

    RANGE = "range"
    STUCK = "stuck"
    JUMP = "jump"
    SAID = "said"


class Source(StrEnum):
    """Where a value of a window comes from. A record names only what is not the usual.

    A signal is usually measured, a forecast usually received.
    """

    MEASURED = "measured"
    ASLEEP = "asleep"
    DERIVED = "derived"
    RECEIVED = "received"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a signal can do and what it cannot; ``None`` is not judged.

    Attributes:
        stuck_ms: the same value for longer than this is stuck. Far above an hour, so that two
            equal values of hourly data are none.
        rests_at_zero: 0 may repeat for ever: the sun is down, nothing flows.
        clips: repeats at the highest value seen are a limit that was reached; they are given
            four times as long.
        rise: biggest rise at once, inside unit.
        fall: biggest fall at once, inside unit.
        rise_at_first: the same as ``rise`` until a hundred values have shown what is usual.
        per_min: what either may be larger for every minute since the last believed value.
        beyond_top: a rise is only judged above everything believed before, and may then also
            be a quarter of that: clouds and switches do anything below.
    """

    stuck_ms: int | None = None
    rests_at_zero: bool = False
    clips: bool = False
    rise: int | None = None
    fall: int | None = None
    rise_at_first: int | None = None
    per_min: int = 0
    beyond_top: bool = False


FREE: Final = Habits()
"""Of a signal that may do anything within its range."""


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
        habits: how its values move.
    """

    name: str
    unit: str
    inside: str
    caution: Caution
    low: int
    high: int
    max_age_ms: int
    of_load: bool = False
    habits: Habits = FREE


_METER_AGE_MS: Final = 90_000
_HOUR_MS: Final = 3_600_000
_SITE_MAX_W: Final = 1_000_000
_FUSE_W: Final = 43_000
"""What a house's connection of 3 × 63 A carries: nothing behind it rises by more at once."""
_PV_HABITS: Final = Habits(
    stuck_ms=2 * _HOUR_MS,
    rests_at_zero=True,
    clips=True,
    rise=3000,
    rise_at_first=_FUSE_W,
    beyond_top=True,
)
# A small home may draw the same coarse watts for a night; a meter that does so for a day is dead.
_HOUSE_HABITS: Final = Habits(stuck_ms=24 * _HOUR_MS, rise=_FUSE_W, beyond_top=True)
_GRID_HABITS: Final = Habits(
    stuck_ms=24 * _HOUR_MS, rests_at_zero=True, rise=_FUSE_W, beyond_top=True
)
_STEADY_HABITS: Final = Habits(rise=_FUSE_W, beyond_top=True)
"""Of powers that are regulated: a battery at its limit, a load at its level."""
_SOC_HABITS: Final = Habits(rise=150, fall=150, per_min=30)
"""A charge rests for days and is corrected by some percent; it never doubles in a minute."""
_TEMP_HABITS: Final = Habits(fall=20_000, per_min=10_000)
"""Only a fall is doubted, as of a sensor that fell off: a rise must reach R3."""


def _power(name: str, caution: Caution, habits: Habits) -> Signal:
    return Signal(
        name=name,
        unit="W",
        inside="w",
        caution=caution,
        low=0,
        high=_SITE_MAX_W,
        max_age_ms=_METER_AGE_MS,
        of_load=name == "load_power_w",
        habits=habits,
    )


PV_POWER = _power("pv_power_w", Caution.DOWN, _PV_HABITS)
HOUSE_LOAD = _power("house_load_w", Caution.UP, _HOUSE_HABITS)
GRID_IMPORT = _power("grid_import_w", Caution.UP, _GRID_HABITS)
GRID_EXPORT = _power("grid_export_w", Caution.DOWN, _GRID_HABITS)
GRID_PHASES: Final = tuple(
    Signal(
        name=f"grid_power_l{phase}_w",
        unit="W",
        inside="w",
        caution=Caution.UP,
        low=-_SITE_MAX_W,
        high=_SITE_MAX_W,
        max_age_ms=_METER_AGE_MS,
        habits=_GRID_HABITS,
    )
    for phase in (1, 2, 3)
)
"""The one signed power: import positive, as such meters say it; ``context.phases`` nets them."""
BATTERY_CHARGE = _power("battery_charge_w", Caution.UP, _STEADY_HABITS)
BATTERY_DISCHARGE = _power("battery_discharge_w", Caution.UP, _STEADY_HABITS)
LOAD_POWER = _power("load_power_w", Caution.UP, _STEADY_HABITS)
BATTERY_SOC = Signal(
    name="battery_soc_pct",
    unit="%",
    inside="permille",
    caution=Caution.DOWN,
    low=0,
    high=1000,
    max_age_ms=5 * _METER_AGE_MS,
    habits=_SOC_HABITS,
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
    habits=_TEMP_HABITS,
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
        *GRID_PHASES,
        BATTERY_CHARGE,
        BATTERY_DISCHARGE,
        BATTERY_SOC,
        PRICE,
        PV_FORECAST,
        LOAD_POWER,
        LOAD_TEMP,
        HEARTBEAT,
    )
}
"""Every signal that may be measured, by name."""
