"""Settings: defaults, the environment, and one sentence for what cannot be."""

import pytest

from bitgrid_appliance.settings import Settings, from_environment
from bitgrid_core.errors import BadInput
from bitgrid_core.sun import Site


def test_without_environment_the_defaults_hold() -> None:
    """Nothing has to be set."""
    assert from_environment({}) == Settings()


def test_environment_is_read() -> None:
    """Every setting has its variable."""
    found = from_environment(
        {
            "BITGRID_SITE": "home-2",
            "BITGRID_TIME_ZONE": "Europe/Berlin",
            "BITGRID_BROKER_PORT": "1884",
            "BITGRID_WEB_PORT": "9000",
            "BITGRID_MOSQUITTO": "none",
            "BITGRID_JOURNAL_DAYS": "30",
            "BITGRID_PLACE": "48.137,-11.575",
            "BITGRID_PEAK_KW": "9.8",
        }
    )
    assert found == Settings(
        site="home-2",
        time_zone="Europe/Berlin",
        broker_port=1884,
        web_port=9000,
        mosquitto="none",
        journal_days=30,
        place=Site(lat_deg=48, lon_deg=-12),
        peak_w=9800,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE", "a/b"),
        ("PLACE", "48"),
        ("PLACE", "north,east"),
        ("PLACE", "91,0"),
        ("PLACE", "0,-180.6"),
        ("PEAK_KW", "0"),
        ("PEAK_KW", "1001"),
        ("PEAK_KW", "much"),
        ("SITE", ""),
        ("TIME_ZONE", "Mars/Base"),
        ("TIME_ZONE", "/etc/passwd"),
        ("BROKER_PORT", "-1"),
        ("WEB_PORT", "65536"),
        ("WEB_PORT", "http"),
        ("JOURNAL_DAYS", "-1"),
        ("JOURNAL_DAYS", "1000000"),
        ("JOURNAL_DAYS", "a year"),
    ],
)
def test_value_that_cannot_be_is_named(name: str, value: str) -> None:
    """Wrong settings stop the start with the value and the remedy."""
    with pytest.raises(BadInput) as caught:
        from_environment({f"BITGRID_{name}": value})
    assert value in str(caught.value)
    assert caught.value.hint
