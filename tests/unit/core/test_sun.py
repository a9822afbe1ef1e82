"""The sun's elevation against known values."""

import pytest

from bitgrid_core.block import parse_at
from bitgrid_core.sun import FRANCE, Site, clear_sky_w_m2, elevation_deg, is_night


@pytest.mark.parametrize(
    ("at", "site", "expected"),
    [
        # NREL's SPA example (Reda & Andreas 2004, table A5.1): zenith 50.11°, refraction 0.02°.
        ("2003-10-17T19:30:30Z", Site(lat_deg=39.742476, lon_deg=-105.1786), 39.87),
        # Noon at the equator on an equinox, and the pole at midsummer: the tilt of the axis.
        ("2024-03-20T12:07:00Z", Site(lat_deg=0.0, lon_deg=0.0), 90.0),
        ("2024-06-20T20:51:00Z", Site(lat_deg=90.0, lon_deg=0.0), 23.44),
    ],
)
def test_elevation_agrees_with_published_values(at: str, site: Site, expected: float) -> None:
    """A tenth of a degree is much better than the question needs."""
    assert elevation_deg(parse_at(at), site) == pytest.approx(expected, abs=0.3)


def test_night_is_when_the_sun_is_below_minus_one_degree() -> None:
    """Around a sunset the answer turns exactly once."""
    start = parse_at("2024-03-10T16:00:00Z")
    answers = [is_night(start + n * 60_000, FRANCE) for n in range(240)]
    assert answers == sorted(answers)
    turn = start + answers.index(True) * 60_000
    assert elevation_deg(turn, FRANCE) == pytest.approx(-1.0, abs=0.2)


def test_no_sun_gives_no_light() -> None:
    """Midnight, and the polar night."""
    assert clear_sky_w_m2(parse_at("2024-06-01T00:00:00Z"), FRANCE) == 0.0
    north = Site(lat_deg=80.0, lon_deg=0.0)
    assert clear_sky_w_m2(parse_at("2024-12-21T12:00:00Z"), north) == 0.0
