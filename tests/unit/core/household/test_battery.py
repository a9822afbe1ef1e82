"""The battery: limits, losses, and settings that make no sense."""

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.household.battery import BatteryConfig, charge, discharge

BATTERY = BatteryConfig()


def test_charging_stores_what_the_efficiency_leaves() -> None:
    """1000 W for 600 s at 960 ‰ store 576 kWs and lose 24 kWs."""
    done = charge(BATTERY, 0, 1000, 600)
    assert (done.charge_w, done.stored_ws, done.lost_ws) == (1000, 576_000, 24_000)


def test_charging_ends_at_the_power_limit_and_when_full() -> None:
    """What does not fit is left to the grid."""
    full = BATTERY.at_ws(1000)
    assert charge(BATTERY, 0, 99_999, 1).charge_w == BATTERY.max_charge_w
    assert charge(BATTERY, full, 1000, 60).charge_w == 0
    nearly = charge(BATTERY, full - 10_000, 5000, 600)
    assert 0 < nearly.charge_w < 20
    assert nearly.stored_ws <= full


def test_discharging_takes_the_losses_from_the_store() -> None:
    """960 W at the terminals for 600 s cost 600 kWs."""
    done = discharge(BATTERY, BATTERY.at_ws(500), 960, 600)
    assert done.discharge_w == 960
    assert BATTERY.at_ws(500) - done.stored_ws == 600_000
    assert done.lost_ws == 24_000


def test_discharging_ends_at_the_minimum() -> None:
    """The reserve is never touched."""
    low = BATTERY.at_ws(BATTERY.soc_min_permille)
    assert discharge(BATTERY, low, 1000, 60).discharge_w == 0
    assert discharge(BATTERY, low + 1000, 1000, 600).stored_ws >= low


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity_wh": 0},
        {"max_charge_w": -1},
        {"charge_permille": 0},
        {"discharge_permille": 1001},
        {"soc_min_permille": 600},
        {"soc_max_permille": 1001},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    """A battery that cannot exist is named before anything runs."""
    with pytest.raises(BadInput) as caught:
        BatteryConfig(**wrong)  # type: ignore[arg-type]  # one wrong number at a time
    assert caught.value.hint
