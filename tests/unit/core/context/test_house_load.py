"""The house load of a site without a house meter, from what the other meters leave."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.context import Aggregate, BlockAggregates, BlockCollector, parse_measurement
from bitgrid_core.context.house_load import derived_house_load
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import BlockClosed, PolicyChanged
from bitgrid_core.policy import Policy, parse_policy
from bitgrid_core.signals import Doubt, Quality, Source

BLOCK = 2_861_280
END = block_start_ms(BLOCK)
POLICY = parse_policy(
    {
        "house_load_derived": True,
        "has_forecast": False,
        "loads": [{"id": "load-1"}, {"id": "load-2", "priority": 2}],
    }
)
PARTS = {
    ("site", "pv_power_w"): 5000,
    ("site", "grid_import_w"): 0,
    ("site", "grid_export_w"): 1900,
    ("site", "battery_charge_w"): 600,
    ("site", "battery_discharge_w"): 0,
    ("load-1", "load_power_w"): 1300,
    ("load-2", "load_power_w"): 200,
}
ONE = st.one_of(
    st.none(),
    st.builds(
        lambda value, samples, age, quality: Aggregate(
            value, value, value, value, samples, age, quality
        ),
        st.integers(0, 20_000),
        st.integers(1, 600),
        st.integers(0, 90_000),
        st.sampled_from([Quality.OK, Quality.OK, *Quality]),
    ),
)


def closed(policy: Policy = POLICY, **changed: int | None) -> BlockAggregates:
    """The window of the parts, each measured once; a changed one by its name, ``None`` not at all."""
    collector = BlockCollector(policy, block_start_ms(BLOCK - 1))
    for number, ((device, signal), value) in enumerate(PARTS.items(), 1):
        given_w = changed.get(signal, value)
        if given_w is not None:
            fields = {"value": given_w, "unit": "W", "at": at_text(END - number), "source": "meter"}
            collector.add(parse_measurement(device, signal, fields), END)
    soc = {"value": 80, "unit": "%", "at": at_text(END - 1), "source": "meter"}
    collector.add(parse_measurement("site", "battery_soc_pct", soc), END)
    return collector.close(BLOCK, 20240601)


def test_house_load_is_what_the_other_meters_leave() -> None:
    """5000 of PV less 1900 out, 600 into the battery and 1500 in the loads; the oldest part's age."""
    window = closed()
    assert window.site["house_load_w"] == Aggregate(1000, 1000, None, None, 1, 7, Quality.OK)
    assert window.sources["house_load_w"] is Source.DERIVED


def test_discharge_and_import_come_in() -> None:
    """A battery that feeds the house is no surplus and no less consumption."""
    found = closed(pv_power_w=0, grid_export_w=0, battery_charge_w=0, battery_discharge_w=1700)
    assert found.site["house_load_w"].mean == 200


def test_parts_that_do_not_fit_leave_zero() -> None:
    """Meters read a second apart must not make a negative house."""
    assert closed(grid_export_w=4990).site["house_load_w"].mean == 0


@pytest.mark.parametrize("signal", sorted({signal for _device, signal in PARTS}))
def test_missing_part_makes_it_missing_and_starts_nothing(signal: str) -> None:
    """No part is taken for 0: every load stops for want of telemetry."""
    window = closed(POLICY, **{signal: None})
    assert window.site["house_load_w"].quality is Quality.MISSING
    assert window.site["house_load_w"].mean is None
    state, _none = step(EngineState(), PolicyChanged(policy=POLICY))
    _state, events = step(state, BlockClosed(window=window))
    assert [event.decision.code for event in events] == ["STOP_R3_MISSING_TELEMETRY"] * 2


def test_suspect_part_makes_it_suspect_and_says_why() -> None:
    """2 MW of PV are out of range, and so is what they would leave."""
    found = closed(pv_power_w=2_000_000).site["house_load_w"]
    assert (found.quality, found.doubt) == (Quality.SUSPECT, Doubt.RANGE)


def test_site_without_a_battery_needs_none_of_its_powers() -> None:
    """What is not there is no missing part."""
    policy = replace(POLICY, has_battery=False)
    found = closed(policy, battery_charge_w=None, battery_discharge_w=None)
    assert found.site["house_load_w"].mean == 1600


def test_site_with_a_house_meter_believes_it() -> None:
    """Nothing is derived where nobody asked for it, not even when the meter is dead."""
    assert "house_load_w" not in closed(replace(POLICY, house_load_derived=False)).site


@given(st.fixed_dictionaries(dict.fromkeys(PARTS, ONE)))
def test_derived_is_never_better_than_its_parts(
    drawn: dict[tuple[str, str], Aggregate | None],
) -> None:
    """The balance holds to the watt; missing, age and quality are those of the worst part."""
    site = {name: one for (device, name), one in drawn.items() if one and device == "site"}
    loads = {
        load: {name: one for (device, name), one in drawn.items() if one and device == load}
        for load in ("load-1", "load-2")
    }
    found = derived_house_load(site, loads, POLICY)["house_load_w"]
    parts = list(drawn.values())
    known = [one for one in parts if one is not None]
    assert (found.mean is None) == (len(known) < len(parts))
    assert (found.age_ms is None) == (len(known) < len(parts))
    assert (found.quality is Quality.OK) == (
        len(known) == len(parts) and all(one.quality is Quality.OK for one in known)
    )
    if found.mean is not None:
        means = {key: one.mean or 0 for key, one in drawn.items() if one}
        left = means["site", "pv_power_w"] + means["site", "grid_import_w"]
        left += means["site", "battery_discharge_w"] - means["site", "grid_export_w"]
        left -= means["site", "battery_charge_w"] + means["load-1", "load_power_w"]
        assert found.mean == max(0, left - means["load-2", "load_power_w"])
        assert found.age_ms == max(one.age_ms or 0 for one in known)
        assert found.samples == min(one.samples for one in known)
