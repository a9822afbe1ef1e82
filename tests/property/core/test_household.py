"""What the household must keep for any inputs, commands and settings."""

from hypothesis import given
from hypothesis import strategies as st

from bitgrid_core import codec
from bitgrid_core.household import (
    BatteryConfig,
    Command,
    House,
    LoadConfig,
    Plant,
    PlantConfig,
    PlantInputs,
    PlantReading,
    Series,
)

LEVELS = ("off", "eco", "standard", "super", "turbo")
START_MS = 2_840_112 * 600_000

watts = st.none() | st.integers(0, 20_000)
permille = st.integers(0, 1000)
batteries = st.none() | st.builds(
    lambda limits, charge, discharge, yields: BatteryConfig(
        soc_min_permille=limits[0],
        soc_start_permille=limits[1],
        soc_max_permille=limits[2],
        charge_permille=charge,
        discharge_permille=discharge,
        yields=yields,
    ),
    st.tuples(permille, permille, permille).map(sorted),
    st.integers(1, 1000),
    st.integers(1, 1000),
    st.booleans(),
)
configs = st.builds(
    PlantConfig,
    pv_scale_permille=st.integers(0, 3000),
    battery=batteries,
    loads=st.sampled_from(((), (LoadConfig(),), (LoadConfig(), LoadConfig(id="load-2")))),
    noise_permille=permille,
    seed=st.integers(0, 2**64 - 1),
)
inputs = st.builds(
    PlantInputs, pv_w=watts, house_w=watts, cooling_permille=permille, silent=st.booleans()
)
commands = st.builds(
    Command,
    load=st.sampled_from(("load-1", "load-2", "load-3")),
    command_id=st.just("c"),
    boot=st.integers(0, 3),
    seq=st.integers(0, 9),
    level=st.sampled_from(LEVELS),
    lease_s=st.integers(0, 1000),
)
steps = st.lists(
    st.tuples(inputs, st.lists(commands, max_size=3), st.sampled_from((1, 7, 60, 300, 600))),
    min_size=1,
    max_size=12,
)
Steps = list[tuple[PlantInputs, list[Command], int]]


def run(config: PlantConfig, script: Steps) -> list[tuple[Plant, Plant, PlantReading]]:
    """Every step with the plant before and after it."""
    plant, trail = Plant.begin(config, START_MS), []
    for what, orders, dt_s in script:
        after, reading = plant.step(what, orders, dt_s)
        trail.append((plant, after, reading))
        plant = after
    return trail


@given(configs, steps)
def test_every_watt_is_accounted_for_in_every_step(config: PlantConfig, script: Steps) -> None:
    """PV + import + discharge = house + loads + export + charge, each in its own direction."""
    for _, after, reading in run(config, script):
        flows = reading.flows
        assert flows.imbalance == 0
        assert after.totals.imbalance == 0
        assert min(flows.grid_import, flows.grid_export, flows.loads) >= 0
        assert flows.grid_import == 0 or flows.grid_export == 0
        assert flows.battery_charge == 0 or flows.battery_discharge == 0


@given(configs, steps)
def test_battery_books_its_losses_and_stays_within_its_limits(
    config: PlantConfig, script: Steps
) -> None:
    """Charged minus discharged is what is stored more plus what was lost, to the watt-second."""
    for before, after, reading in run(config, script):
        dt_s = (reading.to_ms - reading.from_ms) // 1000
        moved = (reading.flows.battery_charge - reading.flows.battery_discharge) * dt_s
        lost = after.lost_ws - before.lost_ws
        assert lost >= 0
        assert moved == after.stored_ws - before.stored_ws + lost
        if config.battery is None:
            assert (after.stored_ws, reading.soc_permille) == (0, None)
        else:
            low = config.battery.at_ws(config.battery.soc_min_permille)
            high = config.battery.at_ws(config.battery.soc_max_permille)
            assert low <= after.stored_ws <= high


@given(configs, steps)
def test_no_load_draws_power_outside_a_lease(config: PlantConfig, script: Steps) -> None:
    """A load that is on has a lease that has not ended; with none it draws nothing."""
    for before, after, reading in run(config, script):
        for one, state in zip(reading.loads, after.loads, strict=True):
            assert state.level == "off" or state.lease_end_ms >= after.now_ms
            told = [ack for ack in reading.acks if ack.load == one.load and ack.result == "done"]
            was = next(
                s for c, s in zip(config.loads, before.loads, strict=True) if c.id == one.load
            )
            if was.level == "off" and not told:
                assert one.power_w == 0


@given(configs, steps)
def test_lease_only_grows_by_a_newer_command(config: PlantConfig, script: Steps) -> None:
    """Boot and number never go back, and without an accepted command no lease gets longer."""
    for before, after, reading in run(config, script):
        done = {ack.load for ack in reading.acks if ack.result == "done"}
        for one, old, new in zip(config.loads, before.loads, after.loads, strict=True):
            assert (new.boot, new.seq) >= (old.boot, old.seq)
            if one.id not in done:
                assert new.lease_end_ms <= old.lease_end_ms
                assert (new.boot, new.seq) == (old.boot, old.seq)


@given(configs, steps)
def test_same_seed_and_inputs_give_the_same_plant(config: PlantConfig, script: Steps) -> None:
    """Nothing but the arguments decides."""
    assert run(config, script) == run(config, script)


def home(values: list[tuple[int | None, int | None, int | None]]) -> Series:
    """A household of half hours: load, PV, forecast."""
    return Series(
        source="test",
        start_ms=START_MS,
        step_s=1800,
        load_w=tuple(load for load, _, _ in values),
        pv_w=tuple(pv for _, pv, _ in values),
        pv_forecast_w=tuple(forecast for _, _, forecast in values),
    )


rows = st.lists(st.tuples(watts, watts, watts), min_size=2, max_size=4)
orders = st.lists(st.lists(commands, max_size=2), min_size=6, max_size=6)


def published(house: House, script: list[list[Command]]) -> list[bytes]:
    """Everything that blocks with these commands publish, as bytes."""
    said = []
    for batch in script:
        house, step = house.step(batch, 600)
        said += [
            message.topic.encode() + codec.encode(message.payload) for message in step.messages
        ]
    return said


@given(rows, configs, orders)
def test_same_seed_gives_the_same_bytes(
    values: list[tuple[int | None, int | None, int | None]],
    config: PlantConfig,
    script: list[list[Command]],
) -> None:
    """Two households from equal files and settings publish equal bytes."""
    first, second = (House.begin(home(list(values)), config) for _ in range(2))
    assert published(first, script) == published(second, script)


@given(rows, configs, orders, st.integers(0, 5))
def test_household_killed_anywhere_goes_on_as_if_it_had_not_been(
    values: list[tuple[int | None, int | None, int | None]],
    config: PlantConfig,
    script: list[list[Command]],
    killed: int,
) -> None:
    """Snapshot, bytes, restore: the identity, and the same bytes after it."""
    house = House.begin(home(values), config)
    for batch in script[:killed]:
        house, _ = house.step(batch, 600)
    again = House.restore(home(values), config, codec.decode(codec.encode(house.snapshot())))
    assert again == house
    assert published(again, script[killed:]) == published(house, script[killed:])
