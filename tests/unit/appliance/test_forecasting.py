"""Which forecast a block is decided with, what is recorded of it, and what a restart knows."""

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from bitgrid_appliance.clock import Tick
from bitgrid_appliance.forecasting import Roof
from bitgrid_appliance.policies import demo_policy
from bitgrid_appliance.runtime import Ports, Runtime
from bitgrid_core.block import at_text, block_at, block_start_ms
from bitgrid_core.errors import BadInput
from bitgrid_core.policy import Policy
from bitgrid_core.replay import replay
from bitgrid_core.sun import Site, clear_sky_w_m2
from support.runtimes import BLOCK_MS, SITE, START_MS, Bench

PLACE = Site(lat_deg=46, lon_deg=2)
NOON = START_MS + 12 * 3_600_000


@dataclass
class Roofed(Bench):
    """A bench whose core has a roof."""

    roof: Roof | None = field(default_factory=lambda: Roof(place=PLACE))
    has_forecast: bool = True

    def boot(self, policy: Policy | None = None) -> Runtime:
        """A core that starts now; with the demo's policy, unless it is given another."""
        ports = Ports(
            journal=self.journal,
            slices=self.slices,
            anchors=self.anchors,
            local_day=lambda _ms: 20240601,
            roof=self.roof,
        )
        return Runtime(ports, replace(policy or demo_policy(), has_forecast=self.has_forecast))


def pv_w(at_ms: int) -> int:
    """A roof of 5 kW under a sky that lets through more and less, block by block."""
    share = 5 + block_at(at_ms) * 7919 % 6
    return int(clear_sky_w_m2(at_ms, PLACE) * share / 2)


def live(runtime: Runtime, blocks: range, *messages: dict[str, Any]) -> None:
    """Let blocks from noon on pass; forecasts are heard before the first boundary."""
    for number in blocks:
        now_ms = NOON + (number + 1) * BLOCK_MS
        at = at_text(now_ms - 1)
        for name, (unit, value) in SITE.items():
            measured = pv_w(now_ms) if name == "pv_power_w" else Decimal(str(value)) + number % 2
            payload = {"value": measured, "unit": unit, "at": at, "source": "test"}
            runtime.take_measurement(("meter", name), payload)
        for message in messages:
            runtime.take_measurement(("service", "pv_forecast_kw"), message)
        messages = ()
        runtime.on_tick(Tick(now_ms=now_ms, n=number + 1, step_s=600))


def said(*kilowatts: float | None, at_ms: int = NOON, step_s: int = 600) -> dict[str, Any]:
    """A received series from the first boundary on."""
    return {
        "value": [None if kw is None else str(kw) for kw in kilowatts],
        "unit": "kW",
        "at": at_text(at_ms),
        "from": at_text(NOON + BLOCK_MS),
        "step_s": step_s,
        "source": "the neighbour's weather station",
    }


def used(bench: Bench) -> list[tuple[list[int | None], str | None]]:
    """What each block was decided with, and whose it was if not a service's."""
    return [
        (body["pv_forecast_w"], body.get("sources", {}).get("pv_forecast_kw"))
        for body in bench.of_kind("block")
    ]


def test_without_a_service_the_own_forecast_is_used_and_named() -> None:
    """Once a block of sun has taught it; before that there honestly is none."""
    bench = Roofed()
    live(bench.boot(), range(4))
    (first, whose), *later = used(bench)
    assert len(first) == 6
    assert whose == "local"
    assert all(who == "local" and all(values) for values, who in later)
    assert bench.kinds().count("forecast") == 0


def test_before_any_sun_there_is_no_forecast() -> None:
    """A roof that nobody has seen in the sun is not guessed at; R4 has no opinion."""
    bench = Roofed()
    runtime = bench.boot()
    night = START_MS + 4 * 3_600_000  # the sun comes within the hour
    runtime.on_tick(Tick(now_ms=night, n=1, step_s=600))
    runtime.on_tick(Tick(now_ms=night + BLOCK_MS, n=2, step_s=600))
    assert used(bench) == [([], None)] * 2
    decision, _later = bench.of_kind("decision")
    assert decision["state"]["quality"]["pv_forecast_kw"] == "missing"


def test_received_forecast_wins_and_is_recorded_as_received() -> None:
    """The owner who has a service asked for it; what is recorded is all that it said."""
    bench = Roofed()
    live(bench.boot(), range(2), said(*[1.5] * 40, 0.2))
    assert used(bench) == [([1500] * 6, None)] * 2
    (body,) = bench.of_kind("forecast")
    assert body == {
        "at": at_text(NOON),
        "from": at_text(NOON + BLOCK_MS),
        "step_s": 600,
        "values": [1500] * 40 + [200],
    }
    record = next(one for one in bench.journal.records() if one.kind == "forecast")
    assert record.private == {"source": "the neighbour's weather station"}
    assert bench.kinds().index("forecast") < bench.kinds().index("block")


def test_received_forecast_that_knows_too_little_gives_way() -> None:
    """Half of the next hour is what R4 asks for; series are not mixed."""
    bench = Roofed()
    live(bench.boot(), range(4), said(1.5, 1.5, 1.5, 1.5))
    assert [who for _values, who in used(bench)] == [None, None, "local", "local"]
    assert used(bench)[1][0][:3] == [1500] * 3


def test_forecast_that_says_the_same_is_recorded_once_an_hour() -> None:
    """A service that repeats itself every minute does not fill the disk."""
    bench = Roofed()
    runtime = bench.boot()
    for number in range(8):
        now_ms = NOON + number * BLOCK_MS
        live(runtime, range(number, number + 1), said(*[1.5] * 40, at_ms=now_ms))
    assert [body["at"][11:16] for body in bench.of_kind("forecast")] == ["12:00", "13:00"]


@pytest.mark.parametrize("field", ["at", "from"])
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
def test_series_of_another_century_is_refused_before_it_is_recorded(
    field: str, instant: str
) -> None:
    """What is recorded must be read again, or the core could not start any more."""
    runtime = Roofed().boot()
    with pytest.raises(BadInput, match="century"):
        live(runtime, range(1), said(1.5) | {field: instant})


def test_peak_power_bounds_the_own_forecast() -> None:
    """Nothing above what the roof can give is believed."""
    bench = Roofed(roof=Roof(place=PLACE, peak_w=700))
    live(bench.boot(), range(3))
    assert max(value or 0 for values, _who in used(bench) for value in values) == 700


@pytest.mark.parametrize("bench", [Roofed(roof=None), Roofed(has_forecast=False)])
def test_without_a_place_or_the_wish_none_is_made(bench: Roofed) -> None:
    """No place, no forecast; and none for a policy that does not look ahead."""
    live(bench.boot(), range(3))
    assert used(bench) == [([], None)] * 3
    assert bench.kinds().count("learnt") == 0


@pytest.mark.parametrize("cut", [1, 2, 3, 71, 72, 73, 74, 100])
def test_restart_knows_what_was_learnt_to_the_number(cut: int) -> None:
    """A day and a half with a restart anywhere equals it without: around midnight, too."""
    whole, broken = Roofed(), Roofed()
    live(whole.boot(), range(216))
    live(broken.boot(), range(cut))
    live(broken.boot(), range(cut, 216))
    assert broken.of_kind("block") == whole.of_kind("block")
    assert broken.of_kind("decision") == whole.of_kind("decision")
    assert broken.of_kind("learnt")[-1] == whole.of_kind("learnt")[-1]
    assert {who for _values, who in used(whole)} == {"local"}


def test_restart_knows_what_was_received() -> None:
    """The service need not say it again."""
    bench = Roofed()
    live(bench.boot(), range(2), said(*[1.5] * 40))
    live(bench.boot(), range(2, 4))
    assert used(bench) == [([1500] * 6, None)] * 4


def test_price_series_is_recorded_and_known_after_a_restart() -> None:
    """The other signal that comes as a series; its kind is its own."""
    bench = Roofed()
    prices = said(*[0.1] * 40) | {"unit": "ct/kWh", "value": ["20.5", "31"] * 20}
    runtime = bench.boot()
    runtime.take_measurement(("service", "energy_price_ct_kwh"), prices)
    live(runtime, range(2))
    live(bench.boot(), range(2, 4))
    (body,) = bench.of_kind("prices")
    assert body["values"] == [20_500, 31_000] * 20
    first, *_rest, last = [one["prices_ct_per_mwh"] for one in bench.of_kind("block")]
    assert first == [20_500, 31_000] * 3
    assert last == [31_000, 20_500] * 3


def test_journal_of_an_earlier_version_teaches_the_roof() -> None:
    """Nothing learnt is recorded there, but PV is."""
    bench = Roofed(roof=None)
    live(bench.boot(), range(10))
    taught = Roofed(journal=bench.journal)
    live(taught.boot(), range(10, 11))
    untaught = Roofed()
    live(untaught.boot(), range(10, 11))
    assert used(taught)[-1][1] == "local"
    assert used(taught)[-1] != used(untaught)[-1]


def test_journal_replays_without_place_or_learning_and_names_no_place() -> None:
    """The forecast is an input like any other; where the house stands is in no record."""
    bench = Roofed(roof=Roof(place=Site(lat_deg=47, lon_deg=-113)))
    live(bench.boot(), range(20), said(1.5, 1.5))
    report = replay(bench.journal.records(), whole=True)
    assert report.same
    assert report.decisions == 20
    records = [[dict(one.body), one.private] for one in bench.journal.records()]
    text = json.dumps(records)
    assert "-113" not in text
    assert "lat" not in text.replace("late", "")
    assert block_start_ms(block_at(NOON)) == NOON
