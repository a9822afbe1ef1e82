"""The strategy `soc_band`, row by row, at each boundary, through `bitgrid decide`.

The battery's state of charge names the level; running on battery discharge is intended.
"""

from typing import Any

import pytest

from bitgrid_core.errors import BadInput
from support.asking import Case, answer, ask, on, vote_of

BAND: dict[str, Any] = {"policy": {"strategy": "soc_band"}}
NIGHT = {"pv_power_w": 0, "house_load_w": 400, "grid_export_w": 0, "pv_forecast_kw": 0}
"""Everything comes from the battery; the grid gives nothing."""

ECO, RUN = "THROTTLE_R1_SOC_BAND", "START_R1_SOC_BAND"


def soc(percent: float, pv_w: int = 6000, **more: Any) -> dict[str, Any]:
    """A state with this charge, and enough PV for a start unless said otherwise."""
    return {"battery_soc_pct": percent, "pv_power_w": pv_w} | more


def band(**policy: Any) -> dict[str, Any]:
    """The strategy with other thresholds."""
    return {"policy": {"strategy": "soc_band"} | policy}


def profile(**load: Any) -> dict[str, Any]:
    """The strategy for another load."""
    return BAND | {"load": load}


RESERVE = [
    Case(name="off below the reserve", code="NOOP_R2_SOC_RESERVE_STOP", level="off",
         state=soc(49.9)),
    Case(name="on below the reserve", code="STOP_R2_SOC_RESERVE_STOP", level="off",
         state=soc(49.9), memory=on()),
    Case(name="on below the reserve by a hair: charge rounds down",
         code="STOP_R2_SOC_RESERVE_STOP", level="off", state=soc(49.99), memory=on()),
    Case(name="on at the reserve", code="NOOP_R1_SOC_HOLD", level="eco",
         state=soc(50), memory=on()),
    Case(name="off at the reserve", code="NOOP_R1_SOC_HOLD", level="off", state=soc(50)),
    Case(name="on below the reserve within the minimum run time",
         code="STOP_R2_SOC_RESERVE_STOP", level="off", state=soc(49.9), memory=on(since=1)),
    Case(name="a reserve of its own", code="NOOP_R1_SOC_HOLD", level="eco", state=soc(30),
         memory=on(), rest=band(soc_stop_pct=30)),
    Case(name="the hard minimum is not asked", code="NOOP_R1_SOC_HOLD", level="eco",
         state=soc(55), memory=on(), rest=band(soc_hard_min_pct=57)),
    Case(name="the soft minimum is not asked", code=ECO, level="eco", state=soc(60),
         rest=band(soc_soft_min_pct=70)),
    Case(name="grid import still stops", code="STOP_R2_GRID_IMPORT_EXCEEDED", level="off",
         state=soc(95, 0, grid_import_w=501, grid_export_w=0), memory=on("super")),
    Case(name="grid import at its limit", code=RUN, level="super",
         state=soc(95, 0, grid_import_w=500, grid_export_w=0), memory=on("super")),
    Case(name="grid import still throttles what surplus carries",
         code="THROTTLE_R2_GRID_IMPORT_EXCEEDED", level="eco",
         state=soc(95, 3800, grid_import_w=900, grid_export_w=0), memory=on("super")),
]  # fmt: skip

OFF = [
    Case(name="57.9 %", code="NOOP_R1_SOC_HOLD", level="off", state=soc(57.9)),
    Case(name="58 %", code=ECO, level="eco", state=soc(58)),
    Case(name="58 %, 5999 W", code="NOOP_R1_SOC_HOLD_PV", level="off", state=soc(58, 5999)),
    Case(name="58 %, 5999.9 W: PV rounds down", code="NOOP_R1_SOC_HOLD_PV", level="off",
         state={"battery_soc_pct": 58, "pv_power_w": 5999.9}),
    Case(name="79.9 %, 5999 W", code="NOOP_R1_SOC_HOLD_PV", level="off", state=soc(79.9, 5999)),
    Case(name="79.9 %, 6000 W", code=ECO, level="eco", state=soc(79.9)),
    Case(name="80 % by night", code=RUN, level="standard", state=NIGHT | {"battery_soc_pct": 80}),
    Case(name="89.9 % by night", code=RUN, level="standard",
         state=NIGHT | {"battery_soc_pct": 89.9}),
    Case(name="90 % by night", code=RUN, level="super", state=NIGHT | {"battery_soc_pct": 90}),
    Case(name="100 %", code=RUN, level="super", state=soc(100)),
    Case(name="a PV start of its own", code=ECO, level="eco", state=soc(58, 2000),
         rest=band(pv_start_w=2000)),
    Case(name="throttle_starts false, 79.9 %", code="NOOP_R1_SOC_HOLD", level="off",
         state=soc(79.9), rest=profile(throttle_starts=False)),
    Case(name="throttle_starts false, 80 %", code=RUN, level="standard", state=soc(80),
         rest=profile(throttle_starts=False)),
]  # fmt: skip

ON = [
    Case(name="eco, 57.9 %", code="NOOP_R1_SOC_HOLD", level="eco", state=soc(57.9, 0),
         memory=on()),
    Case(name="super, 57.9 %: what runs goes on", code="NOOP_R1_SOC_HOLD", level="super",
         state=soc(57.9, 0), memory=on("super")),
    Case(name="eco, 58 %, without PV", code=ECO, level="eco", state=soc(58, 0), memory=on()),
    Case(name="eco, 79.9 %", code=ECO, level="eco", state=soc(79.9), memory=on()),
    Case(name="eco, 80 %", code=RUN, level="standard", state=soc(80), memory=on()),
    Case(name="standard, 75 %", code=RUN, level="standard", state=soc(75), memory=on("standard")),
    Case(name="standard, 74.9 %", code=ECO, level="eco", state=soc(74.9), memory=on("standard")),
    Case(name="standard, 89.9 %", code=RUN, level="standard", state=soc(89.9),
         memory=on("standard")),
    Case(name="standard, 90 %", code=RUN, level="super", state=soc(90), memory=on("standard")),
    Case(name="super, 85 %", code=RUN, level="super", state=soc(85), memory=on("super")),
    Case(name="super, 84.9 %", code=RUN, level="standard", state=soc(84.9), memory=on("super")),
    Case(name="super, 75 %", code=RUN, level="standard", state=soc(75), memory=on("super")),
    Case(name="super, 74.9 %", code=ECO, level="eco", state=soc(74.9), memory=on("super")),
    Case(name="eco, 90 %", code=RUN, level="super", state=soc(90), memory=on()),
]  # fmt: skip

HELD = [
    Case(name="forecast veto, 79.9 %", code="NOOP_R4_FORECAST_PV_INSUFFICIENT", level="off",
         state=soc(79.9, pv_forecast_kw=1.9)),
    Case(name="forecast veto, 80 %", code=RUN, level="standard", state=soc(80, pv_forecast_kw=0)),
    Case(name="price spike, 95 %", code="NOOP_R4_FORECAST_PRICE_SPIKE", level="off",
         state=soc(95, energy_price_ct_kwh=20, price_peak_ct_kwh=30)),
    Case(name="price above, off", code="NOOP_R1_PRICE_TOO_HIGH", level="off",
         state=soc(95, energy_price_ct_kwh=25.001)),
    Case(name="price at, off", code=RUN, level="super", state=soc(95, energy_price_ct_kwh=25)),
    Case(name="price above, on", code="STOP_R1_PRICE_TOO_HIGH", level="off",
         state=soc(95, energy_price_ct_kwh=25.001), memory=on()),
    Case(name="price above, on, in the hold band", code="STOP_R1_PRICE_TOO_HIGH", level="off",
         state=soc(55, energy_price_ct_kwh=25.001), memory=on()),
    Case(name="price above, off, in the hold band: the charge is named first",
         code="NOOP_R1_SOC_HOLD", level="off", state=soc(55, energy_price_ct_kwh=25.001)),
    Case(name="price above, off, too little PV: PV is named first", code="NOOP_R1_SOC_HOLD_PV",
         level="off", state=soc(60, 0, energy_price_ct_kwh=25.001)),
    Case(name="price above within the minimum run time", code="NOOP_R5_MIN_RUNTIME_NOT_REACHED",
         level="eco", state=soc(60, energy_price_ct_kwh=26), memory=on(since=2)),
    Case(name="down at once, in the dead-band and the minimum run time", code=ECO, level="eco",
         state=soc(74.9), memory=on("standard", 1)),
    Case(name="up only after the dead-band", code="NOOP_R5_DEADBAND_ACTIVE", level="eco",
         state=soc(80), memory=on(blocks_since_level=1)),
    Case(name="up after the dead-band", code=RUN, level="standard", state=soc(80),
         memory=on(blocks_since_level=2)),
    Case(name="minimum pause", code="NOOP_R5_MIN_PAUSE_NOT_REACHED", level="off", state=soc(80),
         memory={"blocks_since_switch": 1}),
    Case(name="daily limit", code="NOOP_R5_DAILY_LIMIT", level="off", state=soc(80, local_day=1),
         memory={"starts_today": 2, "starts_day": 1}, rest=band(max_starts_per_day=2)),
]  # fmt: skip

TWO = profile(levels_w={"eco": 800, "super": 1600})
ONE = profile(levels_w={"eco": 2000})
FOUR = profile(levels_w={"l1": 500, "l2": 900, "l3": 1300, "l4": 2000})
PROFILES = [
    Case(name="two levels, 79.9 %", code=ECO, level="eco", state=soc(79.9), rest=TWO),
    Case(name="two levels, 80 %", code=RUN, level="super", state=soc(80), rest=TWO),
    Case(name="two levels, 95 %", code=RUN, level="super", state=soc(95), rest=TWO),
    Case(name="two levels, back below 75 %", code=ECO, level="eco", state=soc(74.9),
         memory=on("super"), rest=TWO),
    Case(name="two levels, held at 75 %", code=RUN, level="super", state=soc(75),
         memory=on("super"), rest=TWO),
    Case(name="one level, 58 %", code=ECO, level="eco", state=soc(58), rest=ONE),
    Case(name="one level, 95 %", code=RUN, level="eco", state=soc(95), rest=ONE),
    Case(name="four levels, 95 %: super is the third", code=RUN, level="l3", state=soc(95),
         rest=FOUR),
    Case(name="four levels, above super", code=RUN, level="l3", state=soc(95),
         memory=on("l4"), rest=FOUR),
]  # fmt: skip

TABLE = [*RESERVE, *OFF, *ON, *HELD, *PROFILES]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_row_of_the_bands_decides_at_its_boundary(case: Case) -> None:
    """Each condition leads to the code and level of the first row that it matches."""
    found = answer(Case(name="", code="", level="", state=case.state, memory=case.memory,
                        rest=BAND | case.rest))  # fmt: skip
    assert (found["decision_code"], found["level"]) == (case.code, case.level)


def test_codes_of_the_bands_are_all_reached() -> None:
    """Codes are stable: add, never rename."""
    assert {case.code for case in TABLE} >= {
        "NOOP_R2_SOC_RESERVE_STOP",
        "STOP_R2_SOC_RESERVE_STOP",
        "NOOP_R1_SOC_HOLD",
        "NOOP_R1_SOC_HOLD_PV",
        ECO,
        RUN,
    }


START = {"override": {"action": "START", "level": "standard", "until_block": 1000}}
LIMIT = {"override": {"action": "LIMIT", "level": "standard", "until_block": 1000}}


@pytest.mark.parametrize("autonomy", ["MANUAL", "ASSISTED", "SEMI", "FULL"])
@pytest.mark.parametrize("override", [{}, START, LIMIT])
def test_reserve_acts_at_every_autonomy_level_and_above_overrides(
    autonomy: str, override: dict[str, Any]
) -> None:
    """The reserve is the house's, in both strategies."""
    rest = BAND | {"autonomy": autonomy}
    memory = on("super") | override
    found = answer(Case(name="", code="", level="", state=soc(49.9), memory=memory, rest=rest))
    assert (found["decision_code"], found["effect"]) == ("STOP_R2_SOC_RESERVE_STOP", "acted")


def test_start_by_hand_is_refused_at_the_reserve_and_ended_by_it() -> None:
    """The sentence tells the person what became of the wish."""
    for memory, code in ((START, "NOOP"), (on("standard") | START, "STOP")):
        found = answer(Case(name="", code="", level="", state=soc(49.9), memory=memory, rest=BAND))
        assert found["decision_code"] == f"{code}_R2_SOC_RESERVE_STOP"
        assert found["explanation"].endswith("this ends the start that you asked for.")


def test_start_by_hand_counts_above_the_bands() -> None:
    """Between reserve and *eco* a person may start what the rules would not."""
    found = answer(Case(name="", code="", level="", state=soc(55), memory=START, rest=BAND))
    assert (found["decision_code"], found["level"]) == ("START_OVERRIDE", "standard")


def test_forecast_is_not_missed_where_the_battery_needs_no_sun() -> None:
    """From *standard* on R4 has no use for it; below it says what it lacks."""
    gone = {"pv_forecast_kw": None}
    full = answer(Case(name="", code="", level="", state=soc(80) | gone, rest=BAND))
    half = answer(Case(name="", code="", level="", state=soc(79.9) | gone, rest=BAND))
    assert vote_of(full, "R4") == "- NO_OBJECTION"
    assert vote_of(half, "R4") == "- SIGNAL_MISSING"


@pytest.mark.parametrize(("state", "memory", "sentence"), [
    (soc(95, 0), on(), ("Goes up to super: the battery at 95 % is not below 90 % (running on "
     "battery discharge is intended).")),
    (soc(84, 0), on("super"), ("Goes down to standard: the battery at 84 % is below 85 % (running "
     "on battery discharge is intended).")),
    (soc(76, 0), on("standard"), ("Keeps running at standard: the battery at 76 % is not below "
     "75 % (running on battery discharge is intended).")),
    (soc(55, 0), on(), ("Keeps running at eco: the battery at 55 % is between 50 % and 58 %, where "
     "what runs goes on (running on battery discharge is intended).")),
    (soc(60, 2000), {}, ("Stays off: with the battery at 60 %, below 80 %, it starts from 6 kW PV "
     "on; now PV is 2 kW.")),
    (soc(49, 0), on(), "Stops: the battery at 49 % is below the reserve of 50 %."),
])  # fmt: skip
def test_explanation_says_that_battery_discharge_is_intended(
    state: dict[str, Any], memory: dict[str, Any], sentence: str
) -> None:
    """Whoever sees the battery run down reads that it is meant."""
    found = answer(Case(name="", code="", level="", state=state, memory=memory, rest=BAND))
    assert found["explanation"] == sentence


@pytest.mark.parametrize(("state", "memory", "sentence"), [
    (soc(70, 4000), {}, "Starts at eco from 6 kW PV; 2 kW are missing."),
    (soc(57, 6000), {}, "Starts at eco from 58 % battery; 1 % are missing."),
    (soc(57, 4000), {}, "Starts at standard from 80 % battery; 23 % are missing."),
    (soc(75, 0), on("standard"), "Runs at eco with 74.9 % battery or less; 0.1 % less than now."),
    (soc(79, 0), on(), "Runs at standard from 80 % battery; 1 % are missing."),
    (soc(49, 0), on(), "Runs at eco from 50 % battery; 1 % are missing."),
])  # fmt: skip
def test_counterfactual_knows_the_turning_points_of_the_bands(
    state: dict[str, Any], memory: dict[str, Any], sentence: str
) -> None:
    """Charge and PV, each at the value from which the level differs."""
    found = answer(Case(name="", code="", level="", state=state, memory=memory, rest=BAND))
    assert found["change"] == sentence


def test_bands_without_a_battery_are_refused() -> None:
    """There is nothing that could name a level."""
    with pytest.raises(BadInput, match="needs a battery"):
        ask('{"state": {}, "policy": {"strategy": "soc_band", "has_battery": false}}')
