"""The rows of R4, R5 and R1 at each boundary, through `bitgrid decide`.

R4 and R5 hold back what R1 wants; R1 alone wants something.
"""

from typing import Any

import pytest

from support.asking import Case, answer, on, surplus, vote_of

SUPER = "START_R1_SURPLUS_OK"
LAZY = {"load": {"throttle_starts": False}}


def price(now: Any, peak: Any = None) -> dict[str, Any]:
    """A dynamic price now, and the highest ahead where it differs."""
    return {"energy_price_ct_kwh": now, "price_peak_ct_kwh": peak}


R4 = [
    Case(name="forecast below", code="NOOP_R4_FORECAST_PV_INSUFFICIENT", level="off",
         state={"pv_forecast_kw": 1.999}),
    Case(name="forecast rounds down", code="NOOP_R4_FORECAST_PV_INSUFFICIENT", level="off",
         state={"pv_forecast_kw": 1.9999999}),
    Case(name="forecast at", code=SUPER, level="super", state={"pv_forecast_kw": 2}),
    Case(name="forecast below, on", code=SUPER, level="super",
         state={"pv_forecast_kw": 0}, memory=on()),
    Case(name="forecast threshold of a small roof", code=SUPER, level="super",
         state={"pv_forecast_kw": 1.3}, rest={"policy": {"min_predicted_pv_kw": 1.3}}),
    Case(name="price ahead below spike", code=SUPER, level="super", state=price(25, 29.999)),
    Case(name="price ahead at spike", code="NOOP_R4_FORECAST_PRICE_SPIKE", level="off",
         state=price(25, 30)),
    Case(name="price ahead rounds up to spike", code="NOOP_R4_FORECAST_PRICE_SPIKE", level="off",
         state=price(25, 29.99999)),
    Case(name="price now at spike", code="NOOP_R4_FORECAST_PRICE_SPIKE", level="off",
         state=price(30)),
    Case(name="price now beats a lower peak", code="NOOP_R4_FORECAST_PRICE_SPIKE", level="off",
         state=price(30, 10)),
    Case(name="price ahead at spike, on", code=SUPER, level="super",
         state=price(25, 99), memory=on()),
]  # fmt: skip

R5_RUNNING = [
    Case(name="n=1, wants off", code="NOOP_R5_MIN_RUNTIME_NOT_REACHED", level="eco",
         state=surplus(0), memory=on(since=1)),
    Case(name="n=2, wants off", code="NOOP_R5_MIN_RUNTIME_NOT_REACHED", level="eco",
         state=surplus(0), memory=on(since=2)),
    Case(name="n=3, wants off", code="STOP_R1_SURPLUS_LOST", level="off",
         state=surplus(0), memory=on(since=3)),
    Case(name="n=1, wants lower", code="NOOP_R5_MIN_RUNTIME_NOT_REACHED", level="super",
         state=surplus(900), memory=on("super", 1)),
    Case(name="n=2, wants lower after the dead-band", code="THROTTLE_R1_SURPLUS_THROTTLE",
         level="eco", state=surplus(900), memory=on("super", 2)),
    Case(name="n=1, wants higher", code="NOOP_R5_DEADBAND_ACTIVE", level="eco",
         memory=on(since=1)),
    Case(name="n=2, wants higher", code=SUPER, level="super", memory=on(since=2)),
    Case(name="n=1, content", code=SUPER, level="super", memory=on("super", 1)),
    Case(name="long on, level changed 1 block ago, wants higher", code="NOOP_R5_DEADBAND_ACTIVE",
         level="eco", memory=on(blocks_since_level=1)),
    Case(name="long on, level changed 1 block ago, wants off", code="NOOP_R5_DEADBAND_ACTIVE",
         level="eco", state=surplus(0), memory=on(blocks_since_level=1)),
    Case(name="long on, level changed 2 blocks ago, wants off", code="STOP_R1_SURPLUS_LOST",
         level="off", state=surplus(0), memory=on(blocks_since_level=2)),
    Case(name="level count not given, n=1", code="NOOP_R5_DEADBAND_ACTIVE", level="eco",
         memory={"level": "eco", "blocks_since_switch": 1}),
    Case(name="switched in this very block", code="NOOP_R5_MIN_RUNTIME_NOT_REACHED", level="eco",
         state=surplus(0), memory=on(since=0)),
    Case(name="nothing remembered", code="STOP_R1_SURPLUS_LOST", level="off",
         state=surplus(0), memory=on(since=None)),
    Case(name="min runtime holds against the price", code="NOOP_R5_MIN_RUNTIME_NOT_REACHED",
         level="super", state=price(26), memory=on("super", 2)),
    Case(name="min runtime 0", code="STOP_R1_SURPLUS_LOST", level="off", state=surplus(0),
         memory=on(since=2), rest={"policy": {"min_runtime_blocks": 0}}),
]  # fmt: skip

R5_OFF = [
    Case(name="off n=1", code="NOOP_R5_MIN_PAUSE_NOT_REACHED", level="off",
         memory={"blocks_since_switch": 1}),
    Case(name="off n=2", code=SUPER, level="super", memory={"blocks_since_switch": 2}),
    Case(name="off, never switched", code=SUPER, level="super"),
    Case(name="daily limit not reached", code=SUPER, level="super", state={"local_day": 20240601},
         memory={"starts_today": 2, "starts_day": 20240601},
         rest={"policy": {"max_starts_per_day": 3}}),
    Case(name="daily limit reached", code="NOOP_R5_DAILY_LIMIT", level="off",
         state={"local_day": 20240601}, memory={"starts_today": 3, "starts_day": 20240601},
         rest={"policy": {"max_starts_per_day": 3}}),
    Case(name="daily limit reached yesterday", code=SUPER, level="super",
         state={"local_day": 20240602}, memory={"starts_today": 3, "starts_day": 20240601},
         rest={"policy": {"max_starts_per_day": 3}}),
    Case(name="daily limit off by default", code=SUPER, level="super",
         state={"local_day": 20240601}, memory={"starts_today": 99, "starts_day": 20240601}),
    Case(name="pause speaks before the daily limit", code="NOOP_R5_MIN_PAUSE_NOT_REACHED",
         level="off", state={"local_day": 1}, rest={"policy": {"max_starts_per_day": 1}},
         memory={"blocks_since_switch": 1, "starts_today": 1, "starts_day": 1}),
    Case(name="daily limit does not stop", code=SUPER, level="super", state={"local_day": 1},
         memory=on(starts_today=3, starts_day=1), rest={"policy": {"max_starts_per_day": 3}}),
]  # fmt: skip

LOST_2 = {"policy": {"surplus_lost_blocks": 2}}
DEAR_ECO = {"load": {"levels_w": {"eco": 1000, "super": 2000}}}
BIG = {"load": {"levels_w": {"eco": 2500}}}

R1_SURPLUS = [
    Case(name="799 W", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off", state=surplus(799)),
    Case(name="800 W", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco", state=surplus(800)),
    Case(name="799.9 W", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off",
         state={"pv_power_w": 3799.9}),
    Case(name="799 W, on", code="STOP_R1_SURPLUS_LOST", level="off",
         state=surplus(799), memory=on()),
    Case(name="800 W, on", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco",
         state=surplus(800), memory=on("standard")),
    Case(name="799 W, on, first of two lost blocks", code="THROTTLE_R1_SURPLUS_LOW", level="eco",
         state=surplus(799), memory=on("super"), rest=LOST_2),
    Case(name="799 W, on, second of two lost blocks", code="STOP_R1_SURPLUS_LOST", level="off",
         state=surplus(799), memory=on(blocks_surplus_low=1), rest=LOST_2),
    Case(name="negative surplus", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off",
         state={"pv_power_w": 0}),
    Case(name="earlier loads come first", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off",
         state=surplus(2000) | {"earlier_loads_w": 1201}),
    Case(name="earlier loads leave enough", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco",
         state=surplus(2000) | {"earlier_loads_w": 1200}),
    Case(name="own power is never subtracted", code=SUPER, level="super",
         state=surplus(1674) | {"load_power_w": 1674}, memory=on("super")),
    Case(name="no level carried", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off",
         state=surplus(999), rest=DEAR_ECO),
    Case(name="no level carried, on", code="STOP_R1_SURPLUS_LOST", level="off",
         state=surplus(999), memory=on(), rest=DEAR_ECO),
    Case(name="eco carried", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco",
         state=surplus(1000), rest=DEAR_ECO),
    Case(name="plenty, but no level carried", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off",
         state=surplus(2499), rest=BIG),
    Case(name="plenty", code=SUPER, level="eco", state=surplus(2500), rest=BIG),
    Case(name="1499 W", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco", state=surplus(1499)),
    Case(name="1500 W", code=SUPER, level="standard", state=surplus(1500)),
    Case(name="1673 W", code=SUPER, level="standard", state=surplus(1673)),
    Case(name="1674 W", code=SUPER, level="super", state=surplus(1674)),
    Case(name="throttle_starts false, off", code="NOOP_R1_SURPLUS_THROTTLE", level="off",
         state=surplus(1499), rest=LAZY),
    Case(name="throttle_starts false, on", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco",
         state=surplus(1499), memory=on("super"), rest=LAZY),
    Case(name="throttle_starts false, enough", code=SUPER, level="standard",
         state=surplus(1500), rest=LAZY),
]  # fmt: skip

R1_MARGIN = [
    Case(name="up without margin", code=SUPER, level="standard",
         state=surplus(1773), memory=on("standard")),
    Case(name="up with margin", code=SUPER, level="super",
         state=surplus(1774), memory=on("standard")),
    Case(name="from eco no further than the margin carries", code=SUPER, level="standard",
         state=surplus(1700), memory=on()),
    Case(name="stays without margin", code=SUPER, level="super",
         state=surplus(1674), memory=on("super")),
    Case(name="down at once", code=SUPER, level="standard",
         state=surplus(1673), memory=on("super")),
    Case(name="a start needs no margin", code=SUPER, level="super", state=surplus(1674)),
    Case(name="margin 0", code=SUPER, level="super", state=surplus(1674), memory=on(),
         rest={"policy": {"step_up_margin_w": 0}}),
]  # fmt: skip

R1_PRICE = [
    Case(name="price at", code=SUPER, level="super", state=price(25)),
    Case(name="price above", code="NOOP_R1_PRICE_TOO_HIGH", level="off", state=price(25.001)),
    Case(name="price above, on", code="STOP_R1_PRICE_TOO_HIGH", level="off",
         state=price(25.001), memory=on()),
    Case(name="price at, on", code=SUPER, level="super", state=price(25), memory=on()),
    Case(name="price above, in the throttle band", code="NOOP_R1_PRICE_TOO_HIGH", level="off",
         state=surplus(800) | price(25.001)),
    Case(name="price above, too little surplus: surplus is named first",
         code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off", state=surplus(799) | price(25.001)),
    Case(name="price above, surplus lost: surplus is named first", code="STOP_R1_SURPLUS_LOST",
         level="off", state=surplus(799) | price(25.001), memory=on()),
    Case(name="negative price", code=SUPER, level="super", state=price(-5)),
    Case(name="price absent", code=SUPER, level="super",
         rest={"policy": {"dynamic_price": True}}),
]  # fmt: skip

TABLE = [*R4, *R5_RUNNING, *R5_OFF, *R1_SURPLUS, *R1_MARGIN, *R1_PRICE]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_row_of_r4_r5_or_r1_decides_at_its_boundary(case: Case) -> None:
    """Each condition leads to the code and level of the first row that it matches."""
    found = answer(case)
    assert (found["decision_code"], found["level"]) == (case.code, case.level)


def test_rule_without_its_input_has_no_opinion_and_names_the_signal() -> None:
    """What R4 does not know vetoes nothing, and is said."""
    rest = {"policy": {"dynamic_price": True}}
    found = answer(Case(name="", code="", level="", state={"pv_forecast_kw": None}, rest=rest))
    silent = next(vote for vote in found["votes"] if vote["rule"] == "R4")
    assert vote_of(found, "R4") == "- SIGNAL_MISSING"
    assert silent["signals"] == ["pv_forecast_kw", "energy_price_ct_kwh"]
    assert found["detail"][-1] == "without: electricity price, PV forecast"


@pytest.mark.parametrize("memory", [{}, on()])
def test_rule_that_lacks_nothing_has_no_objection(memory: dict[str, Any]) -> None:
    """Without forecast and tariff in the policy R4 misses neither, and R2 has what it needs."""
    rest = {"policy": {"has_forecast": False, "dynamic_price": False}}
    state = {"pv_forecast_kw": None}
    found = answer(Case(name="", code="", level="", state=state, memory=memory, rest=rest))
    assert vote_of(found, "R2") == vote_of(found, "R3") == "- NO_OBJECTION"
    assert vote_of(found, "R4") == ("- LOAD_RUNNING" if memory else "- NO_OBJECTION")


@pytest.mark.parametrize("known", [price(20), {"pv_forecast_kw": 4}])
def test_rule_that_lacks_one_of_two_names_only_that(known: dict[str, Any]) -> None:
    """What is there is not missed."""
    rest = {"policy": {"dynamic_price": True}}
    state = {"pv_forecast_kw": None} | known
    found = answer(Case(name="", code="", level="", state=state, rest=rest))
    silent = next(vote for vote in found["votes"] if vote["rule"] == "R4")
    lacking = "energy_price_ct_kwh" if "pv_forecast_kw" in known else "pv_forecast_kw"
    assert silent["signals"] == [lacking]


def test_veto_of_a_load_that_is_off_is_silent_about_one_that_runs() -> None:
    """R4 says that it concerns only a load that is off."""
    found = answer(Case(name="", code="", level="", state={"pv_forecast_kw": 0}, memory=on()))
    assert vote_of(found, "R4") == "- LOAD_RUNNING"


def test_dead_band_counts_from_the_newest_change_that_is_known() -> None:
    """With only the switch remembered, the rest that is left is that of the switch."""
    memory = {"level": "eco", "blocks_since_switch": 1}
    found = answer(Case(name="", code="", level="", memory=memory))
    assert "10 min of rest left" in found["explanation"]


def test_codes_of_r4_r5_and_r1_are_all_reached_and_no_others() -> None:
    """Codes are stable: add, never rename."""
    assert {case.code for case in TABLE} == {
        "NOOP_R4_FORECAST_PV_INSUFFICIENT",
        "NOOP_R4_FORECAST_PRICE_SPIKE",
        "NOOP_R5_MIN_RUNTIME_NOT_REACHED",
        "NOOP_R5_MIN_PAUSE_NOT_REACHED",
        "NOOP_R5_DEADBAND_ACTIVE",
        "NOOP_R5_DAILY_LIMIT",
        "NOOP_R1_INSUFFICIENT_SURPLUS",
        "STOP_R1_SURPLUS_LOST",
        "THROTTLE_R1_SURPLUS_LOW",
        "NOOP_R1_PRICE_TOO_HIGH",
        "STOP_R1_PRICE_TOO_HIGH",
        "NOOP_R1_SURPLUS_THROTTLE",
        "THROTTLE_R1_SURPLUS_THROTTLE",
        "START_R1_SURPLUS_OK",
    }
