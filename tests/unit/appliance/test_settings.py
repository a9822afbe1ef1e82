"""Settings: defaults, the environment, and one sentence for what cannot be."""

import pytest

from bitgrid_appliance.settings import Settings, from_environment
from bitgrid_core.errors import BadInput


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
        }
    )
    assert found == Settings(
        site="home-2",
        time_zone="Europe/Berlin",
        broker_port=1884,
        web_port=9000,
        mosquitto="none",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE", "a/b"),
        ("SITE", ""),
        ("TIME_ZONE", "Mars/Base"),
        ("TIME_ZONE", "/etc/passwd"),
        ("BROKER_PORT", "-1"),
        ("WEB_PORT", "65536"),
        ("WEB_PORT", "http"),
    ],
)
def test_value_that_cannot_be_is_named(name: str, value: str) -> None:
    """Wrong settings stop the start with the value and the remedy."""
    with pytest.raises(BadInput) as caught:
        from_environment({f"BITGRID_{name}": value})
    assert value in str(caught.value)
    assert caught.value.hint
