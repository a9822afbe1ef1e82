"""Commands as leases: never longer than the contract's, except for steps that are."""

import pytest

from bitgrid_appliance.leases import LEASE_S, Leases, Order
from bitgrid_core.errors import BadInput

ORDER = Order(load="load-1", decision="1/load-1/tick/0", level="eco", power_w=800)


@pytest.mark.parametrize(("lease_s", "step_s", "lasts_s"), [(60, 20, 60), (5, 1, 5), (5, 600, 600)])
def test_lease_lasts_as_configured_or_as_long_as_a_step(
    lease_s: int, step_s: int, lasts_s: int
) -> None:
    """A virtual clock that takes longer steps needs longer leases."""
    assert Leases(1, lease_s).command(ORDER, step_s).payload["lease_s"] == lasts_s


@pytest.mark.parametrize("lease_s", [0, -1, LEASE_S + 1])
def test_lease_can_be_made_shorter_only(lease_s: int) -> None:
    """Nobody loosens what switches a load off without the core."""
    with pytest.raises(BadInput, match="lease"):
        Leases(1, lease_s)
