"""Where the sun stands and what it would give without clouds, coarsely.

Answers whether an inverter that says nothing is asleep or missing, and carries the local forecast.
Low-precision formulas of the Astronomical Almanac (good to about 0.01° until 2050, without
refraction). Floats are allowed here because no value of this module enters a record or a
decision: a forecast made with them becomes integers and is recorded as received. Must not know
series or plants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_J2000_MS: Final = 946_728_000_000
_DAY_MS: Final = 86_400_000
ASLEEP_BELOW_DEG: Final = -1.0
"""An inverter without an answer is asleep while the sun is below this elevation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A coarse position; a tenth of a degree is more than enough.

    Attributes:
        lat_deg: north positive.
        lon_deg: east positive.
    """

    lat_deg: float
    lon_deg: float


FRANCE: Final = Site(lat_deg=46.0, lon_deg=2.0)
"""Middle of France: where the recorded home stands, as far as is known."""


def elevation_deg(at_ms: int, site: Site) -> float:
    """Elevation of the sun's centre above the horizon in degrees, without refraction."""
    days = (at_ms - _J2000_MS) / _DAY_MS
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = math.radians(357.528 + 0.9856003 * days)
    ecliptic = math.radians(
        mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)
    )
    obliquity = math.radians(23.439 - 0.0000004 * days)
    ascension = math.atan2(math.cos(obliquity) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(obliquity) * math.sin(ecliptic))
    sidereal_h = 18.697374558 + 24.06570982441908 * days
    hour_angle = math.radians(sidereal_h * 15 + site.lon_deg) - ascension
    latitude = math.radians(site.lat_deg)
    sine = math.sin(latitude) * math.sin(declination)
    sine += math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def clear_sky_w_m2(at_ms: int, site: Site) -> float:
    """Global irradiance on level ground under a cloudless sky; 0 while the sun is down.

    Haurwitz' model, Journal of Meteorology 3, 1946, with the numbers of pvlib:
    ``1098 sin(h) exp(-0.059 / sin(h))``. Of the models that need only the sun's elevation h the
    best in Reno, Hansen and Stein, SAND2012-2389, 2012.
    """
    sine = math.sin(math.radians(elevation_deg(at_ms, site)))
    return 1098.0 * sine * math.exp(-0.059 / sine) if sine > 0 else 0.0


def is_night(at_ms: int, site: Site) -> bool:
    """Whether the sun is so low that a silent inverter is asleep, not missing."""
    return elevation_deg(at_ms, site) < ASLEEP_BELOW_DEG
