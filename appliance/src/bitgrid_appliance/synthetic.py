"""A synthetic household where no recorded one is at hand: a German home in a test reference year.

Consumption is the BDEW standard profile of households (H25), weather the test reference year that
DWD published in 2010 for Mannheim, both from ``demandlib``; PV of one roof is computed by
``pvlib``. (Not its older H0: that class turns every warning of pandas into an error.)
Needs the extra ``synthetic``. Floats stay in here: each value becomes an integer, rounded to the
cautious side, before it leaves. Invariant: the same request gives the same series.
"""

from __future__ import annotations

import math
import warnings
from calendar import isleap
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bitgrid_core.errors import BadInput, MissingDependency
from bitgrid_core.household import Series
from bitgrid_core.household.noise import jitter_permille
from bitgrid_core.household.series import Column

_STEP_S: Final = 900
_PER_HOUR: Final = 4
_PER_DAY: Final = 96
_ZONE: Final = "Etc/GMT-1"
"""Middle European Time without summer time: the clock of test reference year and profile."""
_LAT_DEG: Final = 49.52
_LON_DEG: Final = 8.55
_WEATHER: Final = "TRY2010_12_Jahr.dat"
_ALBEDO: Final = 0.2
_LOW_SUN: Final = math.sin(math.radians(3))
"""Below 3° the beam on a horizontal plane says too little to be turned to the roof."""
_PER_DEGREE: Final = -0.004
"""Loss of module power per degree of cell temperature above 25 °C."""
_SYSTEM: Final = 0.86
"""What arrives behind cables, soiling and mismatch (PVWatts' 14 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticHome:
    """What is to be made up.

    Attributes:
        year: calendar of the weekdays; the weather is a typical year's.
        annual_kwh: consumption of the home without flexible loads.
        peak_w: roof at standard test conditions.
        tilt_deg: of the roof.
        azimuth_deg: of the roof, 180 is south.
        load_jitter_permille: seeded spread of each quarter of an hour around the profile.
        forecast_jitter_permille: seeded error of a whole day's forecast.
        seed: of both.
    """

    year: int = 2023
    annual_kwh: int = 4_000
    peak_w: int = 10_000
    tilt_deg: int = 35
    azimuth_deg: int = 180
    load_jitter_permille: int = 300
    forecast_jitter_permille: int = 250
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1990 <= self.year <= 2100:  # noqa: PLR2004 - where weekdays and sun are right
            raise BadInput(f"Year {self.year} is out of range.", "Give 1990 to 2100.")
        if not (0 < self.annual_kwh <= 100_000 and 0 < self.peak_w <= 1_000_000):  # noqa: PLR2004 - a home
            raise BadInput(
                f"A home of {self.annual_kwh} kWh and {self.peak_w} W peak.",
                "Give a home's numbers.",
            )
        if not (
            0 <= self.load_jitter_permille <= 1000  # noqa: PLR2004 - all of it
            and 0 <= self.forecast_jitter_permille <= 1000  # noqa: PLR2004 - all of it
        ):
            raise BadInput("A jitter is out of range.", "Give 0 to 1000 ‰.")


def synthetic_series(home: SyntheticHome | None = None) -> Series:
    """A year of a synthetic home in steps of 900 s, with a forecast that errs by whole days.

    Raises:
        MissingDependency: the extra ``synthetic`` is not installed.
    """
    home = home or SyntheticHome()
    pandas, bdew, vdi = _need("pandas"), _need("demandlib.bdew"), _need("demandlib.vdi")
    days = 366 if isleap(home.year) else 365
    index = pandas.date_range(f"{home.year}-01-01", periods=days * _PER_DAY, freq="15min")
    with warnings.catch_warnings():  # demandlib lags behind pandas; its users cannot act on that
        warnings.simplefilter("ignore", DeprecationWarning)
        profile_kw = bdew.H25(index)
    index = index.tz_localize(_ZONE)
    weather = Path(vdi.__file__).parent / "resources_weather" / _WEATHER
    pv_w = _pv_w(home, index, _irradiance(weather, len(index)))
    start: datetime = index[0].to_pydatetime()
    return Series(
        source=f"synthetic home {home.year}, seed {home.seed}",
        start_ms=int(start.timestamp()) * 1000,
        step_s=_STEP_S,
        load_w=_load_w(home, [float(value) for value in profile_kw]),
        pv_w=pv_w,
        pv_forecast_w=_forecast_w(home, pv_w),
    )


def _need(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingDependency(
            f"A synthetic household needs {name.partition('.')[0]}, which is not installed.",
            'Run pip install "bitgrid-appliance[synthetic]" or give --household FILE.',
        ) from error


def _irradiance(weather: Path, count: int) -> dict[str, list[float]]:
    """Air temperature, beam and diffuse irradiance on the horizontal plane for each quarter hour.

    A leap year repeats the last day, because a test reference year has none.
    """
    lines = weather.read_text(encoding="latin-1").splitlines()
    marker = next(at for at, line in enumerate(lines) if line.startswith("***"))
    names = lines[marker - 1].split()
    rows = [line.split() for line in lines[marker + 1 :] if line.strip()]
    hours = {
        name: [float(row[names.index(column)]) for row in rows]
        for name, column in (("temp_c", "t"), ("beam", "B"), ("diffuse", "D"))
    }
    quarters: dict[str, list[float]] = {}
    for name, values in hours.items():
        spread = [value for value in values for _ in range(_PER_HOUR)]
        quarters[name] = (spread + spread[-_PER_DAY:])[:count]
    return quarters


def _pv_w(home: SyntheticHome, index: Any, weather: dict[str, list[float]]) -> Column:
    """AC power of the roof: PVWatts with the inverter as large as the roof."""
    pandas, pvlib = _need("pandas"), _need("pvlib")
    middle = index + pandas.Timedelta(seconds=_STEP_S // 2)
    sun = pvlib.solarposition.get_solarposition(middle, _LAT_DEG, _LON_DEG)
    height = [max(_LOW_SUN, math.sin(math.radians(float(value)))) for value in sun["elevation"]]
    beam, diffuse = weather["beam"], weather["diffuse"]
    plane = pvlib.irradiance.get_total_irradiance(
        surface_tilt=home.tilt_deg,
        surface_azimuth=home.azimuth_deg,
        solar_zenith=sun["apparent_zenith"],
        solar_azimuth=sun["azimuth"],
        dni=pandas.Series([b / h for b, h in zip(beam, height, strict=True)], index=middle),
        ghi=pandas.Series([b + d for b, d in zip(beam, diffuse, strict=True)], index=middle),
        dhi=pandas.Series(diffuse, index=middle),
        albedo=_ALBEDO,
    )["poa_global"].fillna(0.0)
    cell = pvlib.temperature.pvsyst_cell(plane, pandas.Series(weather["temp_c"], index=middle))
    dc = pvlib.pvsystem.pvwatts_dc(plane, cell, home.peak_w, _PER_DEGREE) * _SYSTEM
    ac = pvlib.inverter.pvwatts(dc, home.peak_w)
    return tuple(max(0, math.floor(float(value))) for value in ac)


def _load_w(home: SyntheticHome, profile_kw: list[float]) -> Column:
    """The profile with a seeded spread, because no single home runs like the mean of many.

    The profile is in kW for a million kWh a year, so 1 kW of it is 1 mW for each kWh.
    """
    state = home.seed
    values: list[int] = []
    for value in profile_kw:
        state, permille = jitter_permille(state, home.load_jitter_permille)
        values.append(math.ceil(value * home.annual_kwh * permille / 1_000_000))
    return tuple(values)


def _forecast_w(home: SyntheticHome, pv_w: Column) -> Column:
    """The hourly means of the coming PV, each day wrong by its own seeded factor."""
    state = home.seed + 1
    permille = 1000
    values: list[int] = []
    for at in range(0, len(pv_w), _PER_HOUR):
        if at % _PER_DAY == 0:
            state, permille = jitter_permille(state, home.forecast_jitter_permille)
        hour = [value or 0 for value in pv_w[at : at + _PER_HOUR]]
        values += [sum(hour) * permille // (1000 * len(hour))] * len(hour)
    return tuple(values)
