"""What a restarted core knows of where its values came from."""

from dataclasses import replace

from bitgrid_appliance.remembering import collector_after
from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.context import BlockCollector, parse_measurement
from bitgrid_core.policy import default_policy
from bitgrid_core.signals import Source

BLOCK = 2_861_280
END = block_start_ms(BLOCK)
POLICY = replace(default_policy(), house_load_derived=True)


def hear(collector: BlockCollector, end_ms: int, *, source: str = "meter") -> None:
    """Every part of the house load, once."""
    parts = {
        ("meter", "pv_power_w"): 0,
        ("meter", "grid_import_w"): 700,
        ("meter", "grid_export_w"): 0,
        ("meter", "battery_charge_w"): 0,
        ("meter", "battery_discharge_w"): 0,
        ("load-1", "load_power_w"): 0,
    }
    for (device, signal), watts in parts.items():
        who = source if signal == "pv_power_w" else "meter"
        fields = {"value": watts, "unit": "W", "at": at_text(end_ms - 1), "source": who}
        collector.add(parse_measurement(device, signal, fields), end_ms)


def test_restart_knows_that_the_inverter_sleeps() -> None:
    """As long as nothing newer is heard."""
    collector = BlockCollector(POLICY, block_start_ms(BLOCK - 1))
    hear(collector, END, source="asleep")
    window = collector.close(BLOCK, 20240527)
    assert window.sources["pv_power_w"] is Source.ASLEEP
    again = collector_after(POLICY, window).close(BLOCK + 1, 20240527)
    assert again.sources == window.sources
    after = collector_after(POLICY, window)
    hear(after, END + 600_000)
    assert after.close(BLOCK + 1, 20240527).sources == {"house_load_w": Source.DERIVED}


def test_restart_takes_no_derived_value_for_a_measured_one() -> None:
    """It is the same as without: derived anew, stale with its parts."""
    collector = BlockCollector(POLICY, block_start_ms(BLOCK - 1))
    hear(collector, END)
    window = collector.close(BLOCK, 20240527)
    whole = collector.close(BLOCK + 1, 20240527)
    again = collector_after(POLICY, window).close(BLOCK + 1, 20240527)
    assert again.site["house_load_w"] == whole.site["house_load_w"]
    metered = replace(POLICY, house_load_derived=False)
    assert "house_load_w" not in collector_after(metered, window).close(BLOCK + 1, 20240527).site
