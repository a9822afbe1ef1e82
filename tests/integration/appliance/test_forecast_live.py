"""The recorded French home's year through the appliance's own forecasting: as good as the check says."""

from typing import Any

from bitgrid_appliance.forecasting import Forecasting, Roof
from bitgrid_core.block import BLOCK_MS
from bitgrid_core.context import BlockCollector
from bitgrid_core.household import Series, read_csv
from bitgrid_core.policy import parse_policy
from bitgrid_core.signals import PV_POWER
from bitgrid_core.sun import FRANCE
from support.core_command import core
from support.runtimes import LookingJournal
from support.shared import shared_data

HOUR = 6
POLICY = parse_policy({"loads": [{"id": "load-1"}]})


def foreseen(series: Series) -> dict[int, tuple[int | None, ...]]:
    """What each block of the year was decided with, by the block's begin."""
    forecasting = Forecasting(LookingJournal(), POLICY, Roof(place=FRANCE))
    collector = BlockCollector(POLICY, series.first_block_ms)
    found = {}
    for begin_ms in range(series.first_block_ms, series.end_ms, BLOCK_MS):
        now_ms = begin_ms + BLOCK_MS
        collector.hear("site", PV_POWER, series.at(begin_ms).pv_w, now_ms - 1)
        window = forecasting.completed(collector.close(now_ms // BLOCK_MS, 0))
        found[now_ms] = window.pv_forecast_w
    return found


def error_w(series: Series) -> dict[str, int]:
    """Mean absolute error and bias for the next hour, over the hours that the logged one covers."""
    said, pairs = foreseen(series), []
    for begin_ms in range(series.first_block_ms, series.end_ms - HOUR * BLOCK_MS, 3 * BLOCK_MS):
        blocks = range(begin_ms, begin_ms + HOUR * BLOCK_MS, BLOCK_MS)
        came = [series.at(block_ms).pv_w for block_ms in blocks]
        logged = series.forecast_blocks(begin_ms, HOUR)
        ours = said.get(begin_ms, ())
        if None in came or None in logged or len(ours) < HOUR:
            continue
        means = [sum(value or 0 for value in column) // HOUR for column in (came, ours, logged)]
        if any(means):
            pairs.append((means[0], means[1]))
    return {
        "hours": len(pairs),
        "mae_w": round(sum(abs(our - real) for real, our in pairs) / len(pairs)),
        "bias_w": round(sum(our - real for real, our in pairs) / len(pairs)),
    }


def test_live_forecast_errs_as_much_as_the_check_says() -> None:
    """Over the year, the same mean absolute error and bias to a watt, against the logged 523 W."""
    file = shared_data("home_fr_30min_2024-02_2025-02.csv")
    live = error_w(read_csv(file))
    checked: dict[str, Any] = core("forecast", "check", file, "--site", "46,2", "--json").document
    ours = checked["local_where_logged"]
    print(live, ours)
    assert abs(live["hours"] - ours["hours"]) <= 20
    assert abs(live["mae_w"] - ours["mae_w"]) <= 1
    assert abs(live["bias_w"] - ours["bias_w"]) <= 1
    assert live["mae_w"] < checked["logged"]["mae_w"]
