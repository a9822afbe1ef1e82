"""The plant: where each watt goes."""

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.household import (
    BatteryConfig,
    Command,
    LoadConfig,
    Plant,
    PlantConfig,
    PlantInputs,
)

START = Command(load="load-1", command_id="1", boot=1, seq=1, level="standard", lease_s=600)
INSTANT = LoadConfig(boot_s=0)


def plant(**settings: object) -> Plant:
    """A plant whose load does not boot, with settings of its own."""
    config = PlantConfig(**({"loads": (INSTANT,)} | settings))  # type: ignore[arg-type]  # by name
    return Plant.begin(config, 0)


def test_surplus_charges_the_battery_and_the_rest_is_exported() -> None:
    """5 kW of charging power is the limit; PV is scaled first."""
    _, reading = plant(pv_scale_permille=2000).step(PlantInputs(pv_w=4000, house_w=500), (), 60)
    assert reading.flows.pv == 8000
    assert (reading.flows.battery_charge, reading.flows.grid_export) == (5000, 2500)
    assert reading.flows.grid_import == 0


def test_deficit_comes_from_the_battery_first() -> None:
    """The grid gives only what the battery cannot."""
    _, reading = plant().step(PlantInputs(pv_w=0, house_w=7000), (), 60)
    assert (reading.flows.battery_discharge, reading.flows.grid_import) == (5000, 2000)


def test_running_load_is_served_before_the_battery_where_the_battery_yields() -> None:
    """The battery gets what is left."""
    inputs = PlantInputs(pv_w=3000, house_w=500)
    _, reading = plant().step(inputs, (START,), 60)
    assert (reading.flows.loads, reading.flows.battery_charge) == (1300, 1200)
    assert reading.flows.grid_import == 0


def test_battery_that_charges_first_leaves_the_load_to_the_grid() -> None:
    """An inverter that does not yield imports for the load while it charges."""
    inputs = PlantInputs(pv_w=3000, house_w=500)
    _, reading = plant(battery=BatteryConfig(yields=False)).step(inputs, (START,), 60)
    assert (reading.flows.battery_charge, reading.flows.grid_import) == (2500, 1300)


def test_house_without_battery_has_no_state_of_charge() -> None:
    """Everything goes to or comes from the grid."""
    _, reading = plant(battery=None).step(PlantInputs(pv_w=1000, house_w=400), (), 60)
    assert reading.soc_permille is None
    assert reading.flows.grid_export == 600


@pytest.mark.parametrize(
    "gap", [PlantInputs(pv_w=None, house_w=400), PlantInputs(pv_w=9, house_w=None)]
)
def test_battery_rests_while_a_flow_is_unknown(gap: PlantInputs) -> None:
    """A gap moves no energy that nobody measured; the balance holds all the same."""
    before = plant()
    after, reading = before.step(gap, (), 600)
    assert after.stored_ws == before.stored_ws
    assert reading.flows.imbalance == 0
    assert (reading.pv_known, reading.house_known) == (
        gap.pv_w is not None,
        gap.house_w is not None,
    )


def test_noise_moves_values_but_keeps_gaps_and_zero() -> None:
    """A sleeping inverter stays at 0 W and a gap a gap."""
    noisy = plant(noise_permille=100, seed=7)
    after, reading = noisy.step(PlantInputs(pv_w=0, house_w=1000), (), 60)
    assert reading.flows.pv == 0
    assert 900 <= reading.flows.house <= 1100
    assert after.noise != noisy.noise
    assert not after.step(PlantInputs(pv_w=None, house_w=1), (), 60)[1].pv_known


def test_command_for_another_load_changes_nothing() -> None:
    """What is not ours is not answered."""
    other = Command(load="load-9", command_id="1", boot=1, seq=1, level="eco", lease_s=600)
    _, reading = plant().step(PlantInputs(pv_w=0, house_w=0), (other,), 60)
    assert reading.acks == ()
    assert reading.flows.loads == 0


def test_several_loads_draw_together() -> None:
    """Each answers its own command."""
    two = plant(loads=(INSTANT, LoadConfig(id="load-2", boot_s=0)))
    second = Command(load="load-2", command_id="2", boot=1, seq=2, level="eco", lease_s=600)
    _, reading = two.step(PlantInputs(pv_w=0, house_w=0), (START, second), 60)
    assert reading.flows.loads == 2100
    assert [(ack.load, ack.command_id) for ack in reading.acks] == [
        ("load-1", "1"),
        ("load-2", "2"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pv_scale_permille": -1},
        {"noise_permille": 1001},
        {"seed": -1},
        {"loads": (INSTANT, INSTANT)},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    """A plant that cannot exist is named before anything runs."""
    with pytest.raises(BadInput):
        plant(**wrong)
