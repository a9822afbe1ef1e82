"""What beats what: R3 > R2 > R4 > R5 > R1, the first row of each, overrides, autonomy.

Each step of a ladder removes the reason that decided; the next one must then decide.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from bitgrid_core.errors import BadInput
from support.asking import GOOD, Case, answer, ask, document, on, surplus, vote_of

HOT = {"load_temp_c": 90}
SILENT = {"heartbeat_age_s": 100}
LOCKED = {"lockout": {"cause": "COMM_TIMEOUT", "until_block": 2000}}
EMPTY = {"battery_soc_pct": 40}
LOW = {"battery_soc_pct": 55}
DARK = {"pv_forecast_kw": 0}
DEAR = {"energy_price_ct_kwh": 40}
IMPORTING = {"grid_import_w": 900, "grid_export_w": 0}
LIMITED = {"policy": {"max_starts_per_day": 1}}
STARTED = {"starts_today": 1, "starts_day": 0}


def ladder(*reasons: tuple[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Each reason with everything that holds from it on downwards."""
    return [
        (code, {k: v for _code, part in reversed(reasons[i:]) for k, v in part.items()})
        for i, (code, _part) in enumerate(reasons)
    ]


OFF_LADDER = ladder(
    ("STOP_R3_OVERTEMP", HOT),
    ("STOP_R3_COMM_TIMEOUT", SILENT),
    ("STOP_R3_LOCKOUT", LOCKED),
    ("STOP_R3_MISSING_TELEMETRY", {"grid_import_w": None}),
    ("NOOP_R2_SOC_HARD_MIN", EMPTY),
    ("NOOP_R2_SOC_SOFT_MIN", LOW),
    ("NOOP_R4_FORECAST_PV_INSUFFICIENT", DARK),
    ("NOOP_R4_FORECAST_PRICE_SPIKE", DEAR),
    ("NOOP_R5_MIN_PAUSE_NOT_REACHED", {"blocks_since_switch": 1}),
    ("NOOP_R5_DAILY_LIMIT", STARTED),
    ("START_R1_SURPLUS_OK", {}),
)
ON_LADDER = ladder(
    ("STOP_R3_OVERTEMP", HOT),
    ("STOP_R3_COMM_TIMEOUT", SILENT),
    ("STOP_R3_LOCKOUT", LOCKED),
    ("STOP_R3_MISSING_TELEMETRY", {"house_load_w": None}),
    ("STOP_R2_SOC_HARD_MIN", EMPTY),
    ("STOP_R2_GRID_IMPORT_EXCEEDED", IMPORTING | surplus(700)),
    ("NOOP_R5_MIN_RUNTIME_NOT_REACHED", {"blocks_since_switch": 2} | surplus(700)),
    ("STOP_R1_SURPLUS_LOST", surplus(700)),
)


@pytest.mark.parametrize(("code", "parts"), OFF_LADDER, ids=[code for code, _ in OFF_LADDER])
def test_load_that_is_off_hears_the_highest_rule_and_its_first_row(
    code: str, parts: dict[str, Any]
) -> None:
    """With everything below it true as well, the highest reason decides."""
    memory = {name: parts[name] for name in parts if name not in state_keys(parts)}
    case = Case(name="", code=code, level="", state=state_of(parts), memory=memory, rest=LIMITED)
    assert answer(case)["decision_code"] == code


@pytest.mark.parametrize(("code", "parts"), ON_LADDER, ids=[code for code, _ in ON_LADDER])
def test_load_that_runs_hears_the_highest_rule_and_its_first_row(
    code: str, parts: dict[str, Any]
) -> None:
    """The same for a running load, whose import and run time count."""
    memory = on() | {name: parts[name] for name in parts if name not in state_keys(parts)}
    case = Case(name="", code=code, level="", state=state_of(parts), memory=memory)
    assert answer(case)["decision_code"] == code


def state_keys(parts: dict[str, Any]) -> set[str]:
    """The names among these that belong to the state."""
    return set(parts) - {"lockout", "blocks_since_switch", "starts_today", "starts_day"}


def state_of(parts: dict[str, Any]) -> dict[str, Any]:
    """The state of these parts."""
    return {name: parts[name] for name in state_keys(parts)}


def test_all_five_rules_vote_even_where_safety_decides() -> None:
    """Every vote is kept: an owner sees what else would have been said."""
    found = answer(Case(name="", code="", level="", state=HOT | DARK | LOW))
    assert [vote_of(found, rule) for rule in ("R3", "R2", "R4", "R5", "R1")] == [
        "STOP OVERTEMP",
        "NOOP SOC_SOFT_MIN",
        "NOOP FORECAST_PV_INSUFFICIENT",
        "- NO_OBJECTION",
        "START SURPLUS_OK",
    ]


def test_vetoes_never_hold_a_running_load_against_r1() -> None:
    """Soft minimum, forecast, price spike, pause and daily limit concern loads that are off."""
    memory = on(starts_today=1, starts_day=0)
    state = LOW | DARK | {"price_peak_ct_kwh": 40, "energy_price_ct_kwh": 20}
    found = answer(Case(name="", code="", level="", state=state, memory=memory, rest=LIMITED))
    assert found["decision_code"] == "START_R1_SURPLUS_OK"


START = {"override": {"action": "START", "level": "standard", "until_block": 1000}}
STOP = {"override": {"action": "STOP", "level": None, "until_block": 1000}}
LIMIT = {"override": {"action": "LIMIT", "level": "standard", "until_block": 1000}}
OVERRIDES = [
    Case(name="start against lost surplus", code="START_OVERRIDE", level="standard",
         state=surplus(0), memory=START),
    Case(name="start against grid import", code="NOOP_OVERRIDE", level="standard",
         state=IMPORTING, memory=on("standard") | START),
    Case(name="start against the soft minimum", code="START_OVERRIDE", level="standard",
         state=LOW, memory=START),
    Case(name="start against the hard minimum", code="NOOP_R2_SOC_HARD_MIN", level="off",
         state=EMPTY, memory=START),
    Case(name="start against heat", code="STOP_R3_OVERTEMP", level="off", state=HOT, memory=START),
    Case(name="start against a lockout", code="STOP_R3_LOCKOUT", level="off",
         memory=START | LOCKED),
    Case(name="start in its last block", code="START_OVERRIDE", level="standard", memory=START),
    Case(name="start that is over", code="START_R1_SURPLUS_OK", level="super",
         state={"block_id": 1001}, memory=START),
    Case(name="stop against surplus", code="STOP_OVERRIDE", level="off",
         memory=on("super") | STOP),
    Case(name="stop of what is off", code="NOOP_OVERRIDE", level="off", memory=STOP),
    Case(name="stop within the minimum run time", code="STOP_OVERRIDE", level="off",
         memory=on("super", 1) | STOP),
    Case(name="limit below what runs", code="START_OVERRIDE", level="standard",
         memory=on("super") | LIMIT),
    Case(name="limit of a start", code="START_OVERRIDE", level="standard", memory=LIMIT),
    Case(name="limit at what runs", code="NOOP_OVERRIDE", level="standard",
         memory=on("standard") | LIMIT),
    Case(name="limit above what is wanted", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco",
         state=surplus(900), memory=LIMIT),
    Case(name="limit does not start", code="NOOP_R1_INSUFFICIENT_SURPLUS", level="off",
         state=surplus(0), memory=LIMIT),
    Case(name="limit to eco throttles", code="THROTTLE_OVERRIDE", level="eco",
         memory=on("super") | {"override": LIMIT["override"] | {"level": "eco"}}),
    Case(name="limit that is over", code="START_R1_SURPLUS_OK", level="super",
         state={"block_id": 1001}, memory=LIMIT),
]  # fmt: skip


@pytest.mark.parametrize("case", OVERRIDES, ids=lambda case: case.name)
def test_override_ranks_below_safety_and_reserve_and_above_the_rest(case: Case) -> None:
    """R3 > R2's hard minimum > override > everything else."""
    found = answer(case)
    assert (found["decision_code"], found["level"]) == (case.code, case.level)
    assert found["effect"] == "acted"


WISHES = [
    ("MANUAL", {}, {}, "NOOP_MANUAL_MODE", "held_by_autonomy"),
    ("MANUAL", surplus(0), on(), "NOOP_MANUAL_MODE", "held_by_autonomy"),
    ("ASSISTED", {}, {}, "START_R1_SURPLUS_OK", "proposed"),
    ("ASSISTED", surplus(0), on(), "STOP_R1_SURPLUS_LOST", "proposed"),
    ("ASSISTED", IMPORTING, on("super"), "THROTTLE_R2_GRID_IMPORT_EXCEEDED", "proposed"),
    ("ASSISTED", {}, on("super"), "START_R1_SURPLUS_OK", "acted"),
    ("ASSISTED", {}, LIMIT, "START_OVERRIDE", "proposed"),
    ("ASSISTED", {}, on("super") | LIMIT, "START_OVERRIDE", "acted"),
    ("ASSISTED", {}, on("standard") | LIMIT, "NOOP_OVERRIDE", "acted"),
    ("ASSISTED", {}, START, "START_OVERRIDE", "acted"),
    ("SEMI", {}, {}, "START_R1_SURPLUS_OK", "acted"),
    ("SEMI", surplus(0), on(), "NOOP_R1_SURPLUS_LOST", "held_by_autonomy"),
    ("SEMI", IMPORTING, on(), "NOOP_R2_GRID_IMPORT_EXCEEDED", "held_by_autonomy"),
    ("SEMI", IMPORTING, on("super"), "THROTTLE_R2_GRID_IMPORT_EXCEEDED", "acted"),
    ("SEMI", surplus(0), {}, "NOOP_R1_INSUFFICIENT_SURPLUS", "acted"),
    ("MANUAL", surplus(0), START, "START_OVERRIDE", "acted"),
    ("MANUAL", {}, on("super") | LIMIT, "START_OVERRIDE", "acted"),
]


@pytest.mark.parametrize(("autonomy", "state", "memory", "code", "effect"), WISHES)
def test_autonomy_holds_or_proposes_what_it_may_not_do(
    autonomy: str, state: dict[str, Any], memory: dict[str, Any], code: str, effect: str
) -> None:
    """Each level lets through what its row says, and marks the rest."""
    case = Case(name="", code="", level="", state=state, memory=memory, rest={"autonomy": autonomy})
    found = answer(case)
    assert (found["decision_code"], found["effect"]) == (code, effect)


@pytest.mark.parametrize("autonomy", ["MANUAL", "ASSISTED", "SEMI", "FULL"])
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (HOT, "STOP_R3_OVERTEMP"),
        (SILENT, "STOP_R3_COMM_TIMEOUT"),
        ({"pv_power_w": None}, "STOP_R3_MISSING_TELEMETRY"),
        (EMPTY, "STOP_R2_SOC_HARD_MIN"),
    ],
)
def test_safety_and_reserve_act_at_every_autonomy_level(
    autonomy: str, state: dict[str, Any], code: str
) -> None:
    """No mode holds them back, and no override either."""
    for override in ({}, START, LIMIT):
        memory = on("super") | override
        case = Case(
            name="", code="", level="", state=state, memory=memory, rest={"autonomy": autonomy}
        )
        found = answer(case)
        assert (found["decision_code"], found["effect"]) == (code, "acted")


@pytest.mark.parametrize(("autonomy", "stops"), [("MANUAL", 1), ("ASSISTED", 1), ("SEMI", 0)])
def test_ended_start_override_stops_where_nothing_starts_by_itself(
    autonomy: str, stops: int
) -> None:
    """In MANUAL and ASSISTED a start by hand ends with its time; elsewhere the rules go on."""
    rest = {"autonomy": autonomy}
    state = {"block_id": 1001}
    found = answer(
        Case(name="", code="", level="", state=state, memory=on("super") | START, rest=rest)
    )
    expected = "STOP_OVERRIDE_ENDED" if stops else "START_R1_SURPLUS_OK"
    assert (found["decision_code"], found["effect"]) == (expected, "acted")


def test_start_by_hand_that_became_unsafe_is_ended_and_says_so() -> None:
    """The sentence tells the person what became of the wish."""
    case = Case(name="", code="", level="", state=HOT, memory=on("standard") | START)
    assert answer(case)["explanation"].endswith("this ends the start that you asked for.")


REFUSED = [
    ({"memory": {"override": {"action": "START", "level": "off", "until_block": 1}}}, "level"),
    ({"memory": {"override": {"action": "LIMIT", "level": "off", "until_block": 1}}}, "level"),
    ({"memory": {"level": "turbo"}}, "turbo"),
    ({"memory": {"lockout": {"cause": "RAIN", "until_block": 1}}}, "RAIN"),
    ({"memory": {"blocks_since_switch": -1}}, "-1"),
    ({"policy": {"loads": []}}, "policy.loads"),
    ({"policy": {"surprise": 1}}, "surprise"),
    ({"policy": {"max_temp_c": 95.001}}, "max_temp_c"),
    ({"policy": {"comm_timeout_s": 301}}, "comm_timeout_s"),
    ({"load": {"levels_w": {"super": 500, "eco": 900}}}, "order"),
    ({"load": {"levels_w": {"eco": 900, "super": 500}}}, "rise"),
    ({"autonomy": "ALWAYS"}, "ALWAYS"),
    ({"state": GOOD | {"pv_power_w": "sunny"}}, "sunny"),
    ({"state": GOOD | {"pv_power_w": True}}, "True"),
    ({"state": {"moon": 1}}, "moon"),
    ({"weather": 1}, "weather"),
]


@pytest.mark.parametrize(("parts", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_input_that_cannot_be_meant_is_refused_by_name(parts: dict[str, Any], named: str) -> None:
    """One sentence names what is wrong; nothing is guessed."""
    with pytest.raises(BadInput, match=named):
        ask(json.dumps({"state": GOOD} | parts))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "\x00", "[" * 100_000, '{"state": 1e9999999999999999999}']
)
def test_input_that_is_no_object_is_refused(text: str) -> None:
    """Whatever stands in the file, the answer is a sentence."""
    with pytest.raises(BadInput):
        ask(text)


def test_command_itself_answers_the_same() -> None:
    """The mounted verb, run as a program, prints what its function prints."""
    case = Case(name="", code="", level="", state=surplus(900))
    program = (
        "import sys; from argparse import ArgumentParser; "
        "from bitgrid_core.cli import Services, add_verbs; parser = ArgumentParser(); "
        "add_verbs(parser.add_subparsers(), Services(check_signature=None, load_document=None)); "
        "args = parser.parse_args(); sys.exit(args.run(args))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "decide", "-", "--json"],
        input=json.dumps(document(case)).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == answer(case)
