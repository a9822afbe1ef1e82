"""Which hosts are ours."""

import pytest

from bitgrid_appliance.api.guard import is_our_host


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "192.168.1.7:8080",
        "[::1]",
        "[::1]:8080",
        "bitgrid.local",
        "bitgrid.local.:80",
    ],
)
def test_our_names_and_addresses_are_ours(host: str) -> None:
    """Loopback names, any address, and the name in the local network."""
    assert is_our_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8080",
        "bitgrid.local.evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:port",
        "localhost:8080@evil.example",
        "[::1",
        "[::1]x",
        "[localhost]",
        "2130706433",
    ],
)
def test_foreign_names_are_not(host: str) -> None:
    """A name that somebody else could point at this machine is refused."""
    assert not is_our_host(host)
