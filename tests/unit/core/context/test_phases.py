"""A meter by phases, as import or export of the whole house."""

import pytest

from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.context import Aggregate, BlockAggregates, BlockCollector, parse_measurement
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import BlockClosed, PolicyChanged
from bitgrid_core.policy import default_policy
from bitgrid_core.signals import Doubt, Quality

BLOCK = 2_861_280
END = block_start_ms(BLOCK)
Sample = tuple[str, str, int]


def collected(*samples: Sample) -> BlockCollector:
    """A collector with (signal, W, ms before the end)."""
    collector = BlockCollector(default_policy(), block_start_ms(BLOCK - 1))
    for signal, value, before_ms in samples:
        fields = {"value": value, "unit": "W", "at": at_text(END - before_ms), "source": "meter"}
        assert collector.add(parse_measurement("meter", signal, fields), END)
    return collector


def closed(*samples: Sample) -> BlockAggregates:
    """The window of these samples."""
    return collected(*samples).close(BLOCK, 20240601)


def phases(l1: str, l2: str, l3: str, before_ms: int = 1) -> tuple[Sample, ...]:
    """One message of each phase."""
    return tuple((f"grid_power_l{n}_w", w, before_ms) for n, w in enumerate((l1, l2, l3), 1))


@pytest.mark.parametrize(
    ("watts", "imported", "exported"),
    [
        (("1500", "-2000", "0"), 0, 500),
        (("1500", "-1000", "100"), 600, 0),
        (("-1", "0", "1"), 0, 0),
        (("10.2", "10.2", "10.2"), 33, 0),
        (("-10.2", "-10.2", "-10.2"), 0, 30),
    ],
)
def test_phases_are_netted_and_rounded_towards_import(
    watts: tuple[str, str, str], imported: int, exported: int
) -> None:
    """Never both at once; fractions of a watt make import larger and export smaller."""
    site = closed(*phases(*watts)).site
    assert site["grid_import_w"] == Aggregate(imported, imported, None, None, 1, 1)
    assert site["grid_export_w"] == Aggregate(exported, exported, None, None, 1, 1)


def test_mean_nets_over_the_window() -> None:
    """Five minutes of import and five of export of the same size are nothing."""
    site = closed(*phases("900", "0", "0", 400_000), *phases("0", "-900", "0")).site
    assert (site["grid_import_w"].mean, site["grid_export_w"].mean) == (0, 0)
    assert site["grid_export_w"].last == 900


def test_missing_phase_leaves_the_sum_missing() -> None:
    """Two of three say nothing about the house."""
    site = closed(*phases("900", "0", "0")[:2]).site
    assert site["grid_import_w"] == Aggregate(None, None, None, None, 0, None, Quality.MISSING)


def test_worst_phase_tells_age_and_quality() -> None:
    """One stale, one out of range: suspect, with the reason and the oldest age."""
    old, insane = phases("900", "0", "0", 90_001)[0], phases("0", "0", "2000000")[2]
    stale = closed(old, *phases("0", "5", "5")[1:]).site["grid_import_w"]
    assert (stale.quality, stale.age_ms) == (Quality.STALE, 90_001)
    found = closed(old, phases("0", "0", "0")[1], insane).site["grid_import_w"]
    assert (found.quality, found.doubt) == (Quality.SUSPECT, Doubt.RANGE)


def test_phases_win_over_a_sum_that_was_said_before() -> None:
    """So a restart, which gives back the net of the last window, changes nothing."""
    site = closed(("grid_import_w", "777", 500), *phases("1", "2", "3")).site
    assert site["grid_import_w"].mean == 6


def test_window_without_phases_is_left_alone() -> None:
    """Most meters sum themselves."""
    assert set(closed(("grid_import_w", "5", 1)).site) == {"grid_import_w"}


def test_record_of_a_window_with_phases_is_read_back() -> None:
    """Phases and net, with the format as it is."""
    window = closed(*phases("1500", "-2000", "0"))
    assert BlockAggregates.from_body(window.to_body()) == window


def test_rules_see_the_net_import() -> None:
    """A load of a three-phase house is judged by what the house draws, not by one phase."""
    collector = collected(
        ("pv_power_w", "5000", 1), ("house_load_w", "300", 1), *phases("900", "-1700", "0")
    )
    soc = {"value": "90", "unit": "%", "at": at_text(END - 1), "source": "test"}
    collector.add(parse_measurement("meter", "battery_soc_pct", soc), END)
    state, _ = step(EngineState(), PolicyChanged(policy=default_policy()))
    _, (event,) = step(state, BlockClosed(window=collector.close(BLOCK, 20240601)))
    assert (event.state.grid_import_w, event.state.grid_export_w) == (0, 800)
    assert event.decision.level != "off"
