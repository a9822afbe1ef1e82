"""The closed loop: values straight to the collector are what the messages would have said."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.context import BlockCollector
from bitgrid_core.household import (
    FRENCH_HOME,
    BatteryConfig,
    Command,
    Fault,
    House,
    LoadConfig,
    PlantConfig,
    Series,
    read_csv,
)
from bitgrid_core.household.loop import closed_loop, utc_day
from bitgrid_core.inputs import BlockClosed, PolicyChanged
from bitgrid_core.policy import default_policy, parse_policy
from support.loop import over_messages
from support.shared import shared_data

T0 = 2_840_112 * BLOCK_MS
"""2024-01-01T00:00:00Z."""
WATTS = st.one_of(st.none(), st.integers(0, 4000), st.just(1_000_000))


@st.composite
def houses(draw: st.DrawFn) -> House:
    """A house with gaps, with or without a battery, with one load or two."""
    step_s = draw(st.sampled_from([60, 300, 600, 1800]))
    rows = draw(st.integers(1, 4)) * (1 if step_s >= 600 else 600 // step_s)
    columns = [tuple(draw(st.lists(WATTS, min_size=rows, max_size=rows))) for _ in range(3)]
    series = Series(
        source="drawn",
        start_ms=T0,
        step_s=step_s,
        load_w=columns[0],
        pv_w=columns[1],
        pv_forecast_w=columns[2],
    )
    count = draw(st.integers(1, 2))
    config = PlantConfig(
        pv_scale_permille=draw(st.sampled_from([1000, 1234])),
        battery=draw(st.sampled_from([None, BatteryConfig(soc_start_permille=703)])),
        loads=tuple(LoadConfig(id=f"load-{n}", telemetry_when_off=n == 2) for n in (1, 2)[:count]),
        noise_permille=draw(st.sampled_from([0, 20])),
        meter_includes_loads=draw(st.booleans()),
    )
    return House.begin(series, config)


@given(houses(), st.sampled_from(["off", "eco", "super"]), st.booleans())
def test_values_are_what_the_messages_say(house: House, level: str, silent: bool) -> None:
    """In every situation: gaps, values out of range, a silent load, noise, forecasts."""
    wish = Command(load="load-1", command_id="c", boot=1, seq=1, level=level, lease_s=900)
    fault = Fault(silent=silent, cooling_permille=100)
    loads: list[object] = [{"id": "load-1"}, {"id": "load-2", "priority": 2}]
    policy = parse_policy({"loads": loads})
    quick, slow = (BlockCollector(policy, house.now_ms) for _ in range(2))
    for commands in ([wish], [], []):
        if house.now_ms >= house.series.end_ms:
            break
        house, reading = house.move(commands, house.series.resolution_s, fault)
        house.tell(reading, quick)
        over_messages(house, reading, slow)
        block_id = -(-house.now_ms // BLOCK_MS)
        assert quick.close(block_id, 0) == slow.close(block_id, 0)


@given(houses())
@settings(max_examples=40)
def test_loop_is_that_over_messages(house: House) -> None:
    """The same inputs, decisions, states and readings, whichever way the values go."""
    loads: list[object] = [
        {"id": load.id, "priority": n} for n, load in enumerate(house.plant.config.loads, start=1)
    ]
    policy = parse_policy({"min_predicted_pv_kw": "0.5", "loads": loads})
    blocks = house.blocks_left
    quick = list(closed_loop(house, policy, blocks))
    assert quick == list(closed_loop(house, policy, blocks, over_messages))
    assert isinstance(quick[0].item, PolicyChanged)


def test_recorded_days_are_those_over_messages() -> None:
    """Four days of the French home in spring, with starts, stops and gaps."""
    series = read_csv(shared_data("home_fr_30min_2024-02_2025-02.csv"))
    policy = parse_policy({"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]})
    house = House.begin(series, FRENCH_HOME, 1_715_731_200_000)
    quick = list(closed_loop(house, policy, 4 * 144))
    assert quick == list(closed_loop(house, policy, 4 * 144, over_messages))
    assert sum(event.switches for done in quick for event in done.events) > 1


def test_blocks_follow_each_other() -> None:
    """One window for each block, in order, from the first on."""
    series = Series(
        source="flat",
        start_ms=T0,
        step_s=600,
        load_w=(300,) * 6,
        pv_w=(2500,) * 6,
        pv_forecast_w=(2500,) * 6,
    )
    done = list(closed_loop(House.begin(series, FRENCH_HOME), default_policy(), 6))
    ids = [one.item.window.block_id for one in done if isinstance(one.item, BlockClosed)]
    assert ids[0] == T0 // BLOCK_MS + 1
    assert all(later == earlier + 1 for earlier, later in pairwise(ids))


def test_day_changes_at_midnight_utc() -> None:
    """The last block of a year and the first of the next, over a leap day, too."""
    first = T0 // BLOCK_MS
    assert utc_day(first - 1) == 20231231
    assert utc_day(first) == 20240101
    assert utc_day(first + 59 * 144) == 20240229
