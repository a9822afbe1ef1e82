"""The household: virtual clock, messages, snapshot."""

import pytest

from bitgrid_core import codec
from bitgrid_core.block import BLOCK_MS
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Command, Fault, House, LoadConfig, PlantConfig, Series
from bitgrid_core.household.house import HouseStep
from bitgrid_core.household.series import Column
from bitgrid_core.signals import SIGNALS

T0 = 2_840_112 * BLOCK_MS
"""2024-01-01T00:00:00Z."""
CONFIG = PlantConfig(pv_scale_permille=2000, loads=(LoadConfig(boot_s=0),))


def series(rows: int = 12, **columns: Column) -> Series:
    """Blocks of 400 W consumption and 1000 W PV; the inverter sleeps in the second."""
    return Series(
        source="test",
        start_ms=T0,
        step_s=600,
        load_w=(400,) * rows,
        pv_w=columns.get("pv_w", (1000,) * rows),
        pv_forecast_w=columns.get("pv_forecast_w", (1250,) * rows),
        asleep=frozenset({1}),
    )


def start(seq: int = 1, level: str = "eco", lease_s: int = 600) -> Command:
    """A command with a number of its own."""
    return Command(
        load="load-1", command_id=f"c-{seq}", boot=1, seq=seq, level=level, lease_s=lease_s
    )


def payloads(step: HouseStep) -> dict[str, dict[str, Json]]:
    """Payload by topic."""
    return {message.topic: message.payload for message in step.messages}


def test_step_of_a_block_says_everything_once() -> None:
    """Acks and status come first, then measurements, then the forecast."""
    _, step = House.begin(series(), CONFIG).step((start(),), 600)
    assert [message.topic for message in step.messages] == [
        "ack/load-1",
        "status/load-1",
        "measurement/site/pv_power_w",
        "measurement/site/house_load_w",
        "measurement/site/grid_import_w",
        "measurement/site/grid_export_w",
        "measurement/site/battery_soc_pct",
        "measurement/site/battery_charge_w",
        "measurement/load-1/load_power_w",
        "measurement/load-1/load_temp_c",
        "measurement/load-1/heartbeat",
        "measurement/site/pv_forecast_kw",
    ]


def test_measurement_lies_in_the_block_that_its_step_ends() -> None:
    """Stamped a millisecond before the boundary it is in the window and fresh."""
    house, step = House.begin(series(), CONFIG).step((), 600)
    said = payloads(step)["measurement/site/pv_power_w"]
    assert said == {
        "value": 2000,
        "unit": "W",
        "at": "2024-01-01T00:09:59.999Z",
        "source": "household",
        "quality": "ok",
    }
    assert house.clock().payload == {"now_ms": T0 + BLOCK_MS, "n": 1}


def test_every_measurement_has_a_known_signal_and_its_unit() -> None:
    """What is published is what the core knows."""
    _, step = House.begin(series(), CONFIG).step((start(),), 600)
    for message in step.messages:
        kind, _, rest = message.topic.partition("/")
        if kind == "measurement":
            assert SIGNALS[rest.partition("/")[2]].unit == message.payload["unit"]
            codec.check(message.payload)


def test_house_load_excludes_flexible_loads_unless_the_meter_includes_them() -> None:
    """The context has to subtract only in the second case."""
    for includes, expected in ((False, 400), (True, 1200)):
        config = PlantConfig(loads=(LoadConfig(boot_s=0),), meter_includes_loads=includes)
        _, step = House.begin(series(), config).step((start(),), 600)
        assert payloads(step)["measurement/site/house_load_w"]["value"] == expected


def test_gap_is_published_as_missing_and_takes_the_grid_with_it() -> None:
    """Nothing that would have to be estimated gets a value."""
    gap = series(pv_w=(None,) * 12, pv_forecast_w=(None,) * 12)
    _, step = House.begin(gap, CONFIG).step((), 600)
    said = payloads(step)
    for name in ("pv_power_w", "grid_import_w", "grid_export_w", "pv_forecast_kw"):
        payload = said[f"measurement/site/{name}"]
        assert (payload["value"], payload["quality"]) == (None, "missing")
    assert said["measurement/site/house_load_w"]["value"] == 400
    assert said["measurement/site/battery_soc_pct"]["value"] == "50"


def test_sleeping_inverter_reports_zero_with_its_source() -> None:
    """Quality ok, source asleep."""
    house = House.begin(series(pv_w=(0,) * 12), CONFIG)
    house, _ = house.step((), 600)
    _, step = house.step((), 600)
    said = payloads(step)["measurement/site/pv_power_w"]
    assert (said["value"], said["source"], said["quality"]) == (0, "asleep", "ok")


def test_forecast_is_scaled_with_the_roof_and_keeps_its_gaps() -> None:
    """Two hours of blocks from the coming one on, in kW as decimal text."""
    holes = series(pv_forecast_w=(1, 1250, None, *(7,) * 9))
    _, step = House.begin(holes, CONFIG).step((), 600)
    said = payloads(step)["measurement/site/pv_forecast_kw"]
    assert said["value"] == ["2.5", None, *["0.014"] * 9, None]
    assert said["step_s"] == 600


def test_forecast_comes_once_per_block_and_status_only_on_change() -> None:
    """Shorter steps do not repeat what did not change."""
    house, topics = House.begin(series(), CONFIG), []
    for _ in range(20):
        house, step = house.step((), 60)
        topics += [message.topic for message in step.messages]
    assert topics.count("measurement/site/pv_forecast_kw") == 2
    assert topics.count("status/load-1") == 1


def test_expired_lease_is_reported_with_its_instant() -> None:
    """The core hears of the switch that it did not make."""
    house, _ = House.begin(series(), CONFIG).step((start(lease_s=60),), 60)
    _, step = house.step((), 60)
    message = next(one for one in step.messages if one.topic == "status/load-1")
    assert message.retained
    assert message.payload["observed"] == "off"
    assert message.payload["reason"] == "LEASE_EXPIRED"


def test_broken_fan_and_silence_reach_the_loads() -> None:
    """Faults are inputs of a step, not states of the house."""
    house, step = House.begin(series(), CONFIG).step((start(lease_s=7200),), 600)
    _, step = house.step((), 600, Fault(silent=True))
    assert "measurement/load-1/heartbeat" not in payloads(step)
    _, step = house.step((), 600, Fault(cooling_permille=100))
    assert step.reading.loads[0].temp_mdegc is not None
    assert step.reading.loads[0].temp_mdegc > 95_000


def test_step_that_would_skip_values_or_pass_the_end_is_refused() -> None:
    """The clock never leaves what was recorded."""
    house = House.begin(series(2), CONFIG)
    for wrong in (0, -60, 1200, 7):
        with pytest.raises(BadInput, match="does not fit"):
            house.step((), wrong)
    for _ in range(2):
        house, _ = house.step((), 600)
    assert house.blocks_left == 0
    with pytest.raises(BadInput, match="ends at"):
        house.step((), 600)


@pytest.mark.parametrize("start_ms", [T0 + 1, T0 - BLOCK_MS, T0 + 12 * BLOCK_MS])
def test_start_outside_the_series_or_between_blocks_is_refused(start_ms: int) -> None:
    """Only a whole block can be the first."""
    with pytest.raises(BadInput):
        House.begin(series(), CONFIG, start_ms)


def test_killed_household_goes_on_exactly() -> None:
    """Restored from its snapshot's bytes it says the same bytes as one that was not killed."""
    house, _ = House.begin(series(), CONFIG).step((start(),), 600)
    document = codec.decode(codec.encode(house.snapshot()))
    again = House.restore(series(), CONFIG, document)
    assert again == house
    assert again.step((start(2),), 600) == house.step((start(2),), 600)


def test_snapshot_of_another_household_is_refused() -> None:
    """Neither another series nor another plant may go on with it."""
    document = House.begin(series(), CONFIG).snapshot()
    with pytest.raises(BadInput, match="another series or plant"):
        House.restore(series(11), CONFIG, document)
    with pytest.raises(BadInput, match="another series or plant"):
        House.restore(series(), PlantConfig(), document)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {"v": 2},
        {"n": -1},
        {"plant": None},
        {"plant": {}},
        {"plant": {"loads": []}},
        {"plant": {"loads": [{"level": 1}]}},
    ],
)
def test_broken_snapshot_is_refused_with_a_remedy(broken: dict[str, Json] | None) -> None:
    """A damaged file is named; nothing is guessed."""
    document = House.begin(series(), CONFIG).snapshot()
    with pytest.raises(BadInput) as caught:
        House.restore(series(), CONFIG, None if broken is None else document | broken)
    assert caught.value.hint
