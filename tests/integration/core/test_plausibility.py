"""The detectors against data whose faults somebody labelled, and against data without any."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil, floor

from bitgrid_core.block import BLOCK_MS, at_text, block_start_ms
from bitgrid_core.context import BlockCollector, parse_measurement
from bitgrid_core.context.plausibility import Watch
from bitgrid_core.engine import EngineState, step
from bitgrid_core.household import read_csv
from bitgrid_core.inputs import BlockClosed, PolicyChanged
from bitgrid_core.model import DecisionEvent
from bitgrid_core.policy import parse_policy
from bitgrid_core.signals import HOUSE_LOAD, PV_POWER, Quality
from support.shared import shared_data

POLICY = parse_policy({"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]})
INVERTER_W = 10_000
"""What a normalised value of 1 stands for; the range and the smallest jump are in watts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One labelled value."""

    at_ms: int
    value_w: str
    wrong: bool


def labelled(name: str, column: str, label: str) -> Iterator[Point]:
    """The points of a labelled file that have a value."""
    with shared_data(f"pv/{name}").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row[column]:
                yield Point(
                    at_ms=_ms(row["timestamp"]),
                    value_w=format(float(row[column]) * INVERTER_W, ".3f"),
                    wrong=row[label].upper() == "TRUE",
                )


def precision_and_recall(points: Iterator[Point]) -> tuple[float, float]:
    """Of the points whose arrival, at the end of their block, made the signal suspect."""
    collector = BlockCollector(POLICY, 0)
    found: Counter[tuple[bool, bool]] = Counter()
    for point in points:
        end_ms = (point.at_ms // BLOCK_MS + 1) * BLOCK_MS - 1
        add(collector, "pv_power_w", point.value_w, end_ms)
        window = collector.close(point.at_ms // BLOCK_MS + 1, 20240601)
        found[window.site["pv_power_w"].quality is Quality.SUSPECT, point.wrong] += 1
    hits = found[True, True]
    return hits / (hits + found[True, False]), hits / (hits + found[False, True])


def test_stuck_inverter_values_are_found_without_a_false_alarm() -> None:
    """Precision 1.00, recall 0.79: the rest are hours in which nobody can know it yet."""
    points = labelled("ac_power_inv_2173_stale_data.csv", "value_normalized", "stale_data_mask")
    precision, recall = precision_and_recall(points)
    print(f"stuck: precision {precision:.2f}, recall {recall:.2f}")
    assert (precision, round(recall, 2)) == (1.0, 0.79)


def test_outliers_are_found_without_a_false_alarm() -> None:
    """Precision 1.00, recall 0.67: one comes before a hundred values, one is a cloud's dip."""
    points = labelled("ac_power_inv_7539_outliers.csv", "value_normalized", "outlier")
    precision, recall = precision_and_recall(points)
    print(f"outliers: precision {precision:.2f}, recall {recall:.2f}")
    assert (precision, round(recall, 2)) == (1.0, 0.67)


def test_two_days_of_minutes_of_a_sound_inverter_raise_no_alarm() -> None:
    """Night draw, clouds and a clear day."""
    watch = Watch(PV_POWER.habits)
    with shared_data("pv/serf_east_1min_ac_power.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            at_ms = _ms(row["measured_on"])
            value_w = max(0, floor(float(row["ac_power__752"])))
            assert watch.judge(value_w, at_ms) is None


def test_recorded_year_has_hardly_a_suspect_block() -> None:
    """At most three blocks of a year at twice the roof, none of them in a row."""
    series = read_csv(shared_data("home_fr_30min_2024-02_2025-02.csv"))
    collector = BlockCollector(POLICY, series.start_ms)
    suspect = []
    for at_ms in range(series.first_block_ms, series.end_ms, BLOCK_MS):
        sample, end_ms = series.at(at_ms), at_ms + BLOCK_MS
        if sample.pv_w is not None:
            add(collector, "pv_power_w", str(2 * sample.pv_w), end_ms - 1)
        if sample.load_w is not None:
            add(collector, "house_load_w", str(sample.load_w), end_ms - 1)
        window = collector.close(end_ms // BLOCK_MS, 20240601)
        suspect += [
            window.block_id for one in window.site.values() if one.quality is Quality.SUSPECT
        ]
    print(f"suspect blocks in the year: {len(suspect)}")
    assert len(suspect) <= 3
    assert all(later - block > 1 for block, later in pairwise(suspect))


def test_hourly_years_of_eight_homes_raise_no_alarm() -> None:
    """Each value held for six blocks, of PV and house; one home counts next to nothing at night."""
    for number in range(1, 9):
        pv, house = Watch(PV_POWER.habits), Watch(HOUSE_LOAD.habits)
        path = shared_data(f"homes_ca/home_{number}.csv")
        with path.open(encoding="utf-8") as stream:
            for hour, row in enumerate(csv.DictReader(stream)):
                pv_w = int(float(row["solar_generation"]) * 6)
                load_w = ceil(float(row["non_shiftable_load"]) * 1000)
                for at_ms in range(hour * 6 * BLOCK_MS, (hour + 1) * 6 * BLOCK_MS, BLOCK_MS):
                    assert pv.judge(pv_w, at_ms) is None
                    assert house.judge(load_w, at_ms) is None


def test_stuck_pv_stops_the_load_and_never_starts_it() -> None:
    """Through collector and engine: mandatory and suspect is as good as not there."""
    events = list(day_with(lambda minute: 5000 if minute >= 60 else 5000 - minute))
    running = [e.block_id for e in events if e.decision.level != "off"]
    stopped = events[-1]
    assert running, "it ran while the value could still be true"
    assert stopped.decision.code == "STOP_R3_MISSING_TELEMETRY"
    assert ("pv_power_w", Quality.SUSPECT) in stopped.state.quality
    assert all(e.decision.level == "off" for e in events if e.block_id > running[-1])


def test_spike_at_the_boundary_starts_nothing() -> None:
    """A register that overflows for a moment is no sun: 600 W before, 600 W after."""
    events = list(day_with(lambda minute: 65_535 if minute % 10 == 9 else 600 + minute % 7))
    assert {e.decision.level for e in events} == {"off"}


def day_with(pv_w: object) -> Iterator[DecisionEvent]:
    """Decisions of half a day of minutes with this PV, a modest house and a full battery."""
    assert callable(pv_w)
    state, _ = step(EngineState(), PolicyChanged(policy=POLICY))
    opened = 2_861_280
    collector = BlockCollector(POLICY, block_start_ms(opened))
    for minute in range(12 * 60):
        at_ms = block_start_ms(opened) + minute * 60_000 + 59_999
        add(collector, "pv_power_w", str(pv_w(minute)), at_ms)
        add(collector, "house_load_w", str(300 + minute % 11), at_ms)
        add(collector, "grid_import_w", "0", at_ms)
        add(collector, "battery_soc_pct", "100", at_ms)
        for signal, value in (("load_temp_c", "60"), ("heartbeat", "1")):
            add(collector, signal, value, at_ms)
        if minute % 10 == 9:
            block_id = opened + 1 + minute // 10
            window = collector.close(block_id, 20240601)
            state, events = step(state, BlockClosed(window=window))
            yield from events


UNITS = {"battery_soc_pct": "%", "load_temp_c": "°C", "heartbeat": ""}


def add(collector: BlockCollector, signal: str, value: str, at_ms: int) -> None:
    """One measurement as a message brings it."""
    fields = {
        "value": value,
        "unit": UNITS.get(signal, "W"),
        "at": at_text(at_ms),
        "source": "test",
    }
    device = "load-1" if signal in ("load_temp_c", "heartbeat") else "site"
    assert collector.add(parse_measurement(device, signal, fields), at_ms)


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1000
