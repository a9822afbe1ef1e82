"""What a window's record says of where its values come from: nothing, where that is the usual."""

from dataclasses import replace

import pytest

from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.codec import Json
from bitgrid_core.context import BlockAggregates, BlockCollector, parse_measurement
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import BlockClosed, from_record, to_record
from bitgrid_core.policy import default_policy
from bitgrid_core.signals import PV_POWER, Source

BLOCK = 2_861_280
END = block_start_ms(BLOCK)
Said = tuple[str, int, int, str]


def closed(*said: Said) -> BlockAggregates:
    """The window of (signal, W, ms before its end, source)."""
    collector = BlockCollector(default_policy(), block_start_ms(BLOCK - 1))
    for signal, watts, before_ms, source in said:
        at = at_text(END - before_ms)
        fields = {"value": watts, "unit": "W", "at": at, "source": source}
        collector.add(parse_measurement("meter", signal, fields), END)
    return collector.close(BLOCK, 20240527)


def test_measured_values_are_not_named() -> None:
    """Whatever a publisher calls itself; the body has the keys that it always had."""
    window = closed(("pv_power_w", 5, 1, "household"), ("house_load_w", 5, 1, "derived"))
    assert window.sources == {}
    assert set(window.to_body()) == {
        "block_id",
        "loads",
        "local_day",
        "prices_ct_per_mwh",
        "pv_forecast_w",
        "site",
    }


@pytest.mark.parametrize(
    ("said", "asleep"),
    [
        ([(0, 2, "asleep")], True),
        ([(0, 2, "asleep"), (7, 1, "inverter")], False),
        ([(7, 2, "inverter"), (0, 1, "asleep")], True),
        ([(0, 1, "asleep"), (7, 2, "inverter")], True),  # the older one came later
    ],
)
def test_sleeping_inverter_is_named_while_its_last_value_is_that(
    said: list[tuple[int, int, str]], asleep: bool
) -> None:
    """Over messages as without them."""
    window = closed(*(("pv_power_w", watts, before_ms, who) for watts, before_ms, who in said))
    assert window.sources == ({"pv_power_w": Source.ASLEEP} if asleep else {})
    quick = BlockCollector(default_policy(), block_start_ms(BLOCK - 1))
    for watts, before_ms, who in said:
        quick.hear("meter", PV_POWER, watts, END - before_ms, asleep=who == "asleep")
    assert quick.close(BLOCK, 20240527) == window


def test_net_of_phases_is_named_as_derived() -> None:
    """Import and export of such a meter are sums."""
    window = closed(*((f"grid_power_l{n}_w", 100, 1, "meter") for n in (1, 2, 3)))
    assert window.sources == dict.fromkeys(("grid_import_w", "grid_export_w"), Source.DERIVED)


@pytest.mark.parametrize(
    "sources", [{}, {"pv_power_w": Source.ASLEEP, "pv_forecast_kw": Source.LOCAL}]
)
def test_record_of_a_window_is_read_as_it_was_written(sources: dict[str, Source]) -> None:
    """With and without sources."""
    item = BlockClosed(window=replace(closed(("pv_power_w", 5, 1, "x")), sources=sources))
    kind, body = to_record(item)
    assert from_record(kind, body) == item
    assert ("sources" in body) == bool(sources)


@pytest.mark.parametrize("sources", [{"pv_power_w": "guessed"}, ["pv_power_w"], "asleep", 7])
def test_source_that_nobody_knows_is_refused(sources: Json) -> None:
    """A newer record is not half understood."""
    _kind, body = to_record(BlockClosed(window=closed(("pv_power_w", 5, 1, "x"))))
    with pytest.raises(BadInput):
        from_record("block", {**body, "sources": sources})
