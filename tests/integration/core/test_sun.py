"""Sun and clear sky beside pvlib, which the shipped code does not need."""

from typing import Any

import pandas as pd
import pvlib
import pytest

from bitgrid_core.block import parse_at
from bitgrid_core.sun import FRANCE, Site, clear_sky_w_m2, elevation_deg


def hours_of_a_year(site: Site) -> tuple[list[int], Any]:
    """An instant every 7 h 13 min of 2024, and what pvlib says of the sun there."""
    start_ms = parse_at("2024-01-01T00:00:00Z")
    instants = [start_ms + n * 433 * 60_000 for n in range(1216)]
    index = pd.DatetimeIndex(pd.to_datetime(instants, unit="ms", utc=True))
    return instants, pvlib.solarposition.get_solarposition(index, site.lat_deg, site.lon_deg)


@pytest.mark.parametrize(
    "site", [FRANCE, Site(lat_deg=-33.9, lon_deg=151.2), Site(lat_deg=69.6, lon_deg=18.9)]
)
def test_elevation_agrees_with_pvlib_to_a_fiftieth_of_a_degree(site: Site) -> None:
    """All hours and seasons, both hemispheres, beyond the polar circle."""
    instants, sun = hours_of_a_year(site)
    ours = [elevation_deg(at_ms, site) for at_ms in instants]
    assert ours == pytest.approx(list(sun["elevation"]), abs=0.02)


def test_clear_sky_agrees_with_pvlibs_haurwitz_to_half_a_watt() -> None:
    """One model in two programs; what is left is the difference in elevation."""
    instants, sun = hours_of_a_year(FRANCE)
    theirs = list(pvlib.clearsky.haurwitz(sun["zenith"])["ghi"])
    ours = [clear_sky_w_m2(at_ms, FRANCE) for at_ms in instants]
    assert ours == pytest.approx(theirs, abs=0.5)


def test_clear_sky_agrees_with_ineichen_to_a_tenth_of_its_peak() -> None:
    """A model that knows turbidity and altitude says nearly the same of an ordinary place."""
    instants, sun = hours_of_a_year(FRANCE)
    airmass = pvlib.atmosphere.get_relative_airmass(sun["apparent_zenith"])
    clear = pvlib.clearsky.ineichen(sun["apparent_zenith"], airmass, linke_turbidity=3.0)
    theirs = list(clear["ghi"].fillna(0.0))
    assert [clear_sky_w_m2(at_ms, FRANCE) for at_ms in instants] == pytest.approx(theirs, abs=90)
