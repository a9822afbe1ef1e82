"""The table of the decision rules, row by row, at each boundary, through `bitgrid decide`.

Every row is asked just below, at and just above its limit, for a load that is off and one that
runs. What beats what is in `test_decide_precedence`.
"""

import pytest

from support.asking import Case, answer, on, surplus

OFF_LOCK = {"lockout": {"cause": "COMM_TIMEOUT", "until_block": 1000}}
HOT_LOCK = {"lockout": {"cause": "OVERTEMP", "until_block": 999}}
NO_BATTERY = {"policy": {"has_battery": False}}
ALWAYS = {"load": {"telemetry_when_off": True}}

R3_LIMITS = [
    Case(name="temp below", code="START_R1_SURPLUS_OK", level="super", state={"load_temp_c": 84.9}),
    Case(name="temp at", code="START_R1_SURPLUS_OK", level="super", state={"load_temp_c": 85}),
    Case(name="temp above", code="STOP_R3_OVERTEMP", level="off", state={"load_temp_c": 85.001}),
    Case(
        name="temp at, on",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"load_temp_c": 85},
        memory=on("super"),
    ),
    Case(
        name="temp above, on",
        code="STOP_R3_OVERTEMP",
        level="off",
        state={"load_temp_c": 85.001},
        memory=on("super"),
    ),
    Case(
        name="temp rounds up",
        code="STOP_R3_OVERTEMP",
        level="off",
        state={"load_temp_c": 85.0000001},
        memory=on(),
    ),
    Case(
        name="own limit at",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"load_temp_c": 95},
        memory=on("super"),
        rest={"load": {"max_temp_c": 95}},
    ),
    Case(
        name="built-in limit above",
        code="STOP_R3_OVERTEMP",
        level="off",
        state={"load_temp_c": 95.001},
        memory=on("super"),
        rest={"load": {"max_temp_c": 95}},
    ),
    Case(
        name="silence below",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"heartbeat_age_s": 59.9},
    ),
    Case(
        name="silence at", code="START_R1_SURPLUS_OK", level="super", state={"heartbeat_age_s": 60}
    ),
    Case(
        name="silence above",
        code="STOP_R3_COMM_TIMEOUT",
        level="off",
        state={"heartbeat_age_s": 60.001},
    ),
    Case(
        name="silence at, on",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"heartbeat_age_s": 60},
        memory=on(),
    ),
    Case(
        name="silence above, on",
        code="STOP_R3_COMM_TIMEOUT",
        level="off",
        state={"heartbeat_age_s": 60.001},
        memory=on(),
    ),
    Case(
        name="silence beyond measure is still a silence",
        code="STOP_R3_COMM_TIMEOUT",
        level="off",
        state={"heartbeat_age_s": 1e30},
        memory=on(),
    ),
]

R3_LOCKOUT = [
    Case(name="last block of lockout", code="STOP_R3_LOCKOUT", level="off", memory=OFF_LOCK),
    Case(
        name="lockout passed",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"block_id": 1001},
        memory=OFF_LOCK,
    ),
    Case(name="hot lockout unmeasured", code="STOP_R3_LOCKOUT", level="off", memory=HOT_LOCK),
    Case(
        name="hot lockout at resume",
        code="STOP_R3_LOCKOUT",
        level="off",
        state={"load_temp_c": 75},
        memory=HOT_LOCK,
    ),
    Case(
        name="hot lockout below resume",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"load_temp_c": 74.999},
        memory=HOT_LOCK,
    ),
    Case(
        name="cool but lockout running",
        code="STOP_R3_LOCKOUT",
        level="off",
        state={"load_temp_c": 20},
        memory={"lockout": {"cause": "OVERTEMP", "until_block": 1000}},
    ),
    Case(
        name="80 °C without lockout",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"load_temp_c": 80},
    ),
    Case(
        name="silence lockout needs no temperature",
        code="START_R1_SURPLUS_OK",
        level="super",
        state={"load_temp_c": 80},
        memory={"lockout": {"cause": "COMM_TIMEOUT", "until_block": 999}},
    ),
]

SITE_SIGNALS = ("pv_power_w", "house_load_w", "grid_import_w", "battery_soc_pct")
MISSING = [
    Case(
        name=f"{signal} {what}, {'on' if memory else 'off'}",
        code="STOP_R3_MISSING_TELEMETRY",
        level="off",
        state={signal: value},
        memory=memory,
    )
    for signal in SITE_SIGNALS
    for what, value in (
        ("missing", None),
        ("NaN", float("nan")),
        ("infinite", float("inf")),
        ("negative", -5000),
        ("huge", 1e30),
    )
    for memory in ({}, on())
]

TELEMETRY = [
    Case(
        name=f"{signal} missing, {what}",
        code=code,
        level="off" if code.startswith("STOP") else "super",
        state={signal: None},
        memory=memory,
        rest=rest,
    )
    for signal in ("load_temp_c", "heartbeat_age_s")
    for what, code, memory, rest in (
        ("on for long", "STOP_R3_MISSING_TELEMETRY", on(), {}),
        ("on, start unknown", "STOP_R3_MISSING_TELEMETRY", on(since=None), {}),
        ("off", "START_R1_SURPLUS_OK", {}, {}),
        ("off, always mandatory", "STOP_R3_MISSING_TELEMETRY", {}, ALWAYS),
        (
            "on, 600 s after a start with 600 s of grace",
            "STOP_R3_MISSING_TELEMETRY",
            on("super", 1),
            {"load": {"start_grace_s": 600}},
        ),
        (
            "on, 600 s after a start with 601 s of grace",
            "START_R1_SURPLUS_OK",
            on("super", 1),
            {"load": {"start_grace_s": 601}},
        ),
    )
]

NONSENSE = [
    Case(
        name=f"temperature {what}, {'on' if memory else 'off'}",
        code="STOP_R3_MISSING_TELEMETRY",
        level="off",
        state={"load_temp_c": value},
        memory=memory,
        rest=rest,
    )
    for what, value in (
        ("colder than possible", -60.001),
        ("of a torn-off sensor", -127),
        ("hotter than any load", 250),
    )
    for memory, rest in (({}, {}), (on(), {}), (on("super", 1), {"load": {"start_grace_s": 3600}}))
]

OPTIONAL = [
    Case(
        name="export missing counts as 0", code="START_R1_SURPLUS_OK", level="super",
        state={"grid_export_w": None},
    ),
    Case(
        name="no battery, no SoC", code="START_R1_SURPLUS_OK", level="super",
        state={"battery_soc_pct": None}, rest=NO_BATTERY,
    ),
    Case(
        name="forecast missing", code="START_R1_SURPLUS_OK", level="super",
        state={"pv_forecast_kw": None},
    ),
    Case(
        name="charge-first inverter without its charging power", code="STOP_R3_MISSING_TELEMETRY",
        level="off", rest={"policy": {"battery_yields": False}},
    ),
    Case(
        name="charge-first without a battery reserves nothing", code="START_R1_SURPLUS_OK",
        level="super", rest={"policy": {"battery_yields": False, "has_battery": False}},
    ),
    Case(
        name="charging is reserved", code="THROTTLE_R1_SURPLUS_THROTTLE", level="eco",
        state={"battery_charge_w": 501}, rest={"policy": {"battery_yields": False}},
    ),
    Case(
        name="charging that yields is not reserved", code="START_R1_SURPLUS_OK", level="super",
        state={"battery_charge_w": 5000},
    ),
]  # fmt: skip

R2_BATTERY = [
    Case(name="hard below", code="NOOP_R2_SOC_HARD_MIN", level="off", state={"battery_soc_pct": 49.9}),
    Case(name="hard at", code="NOOP_R2_SOC_HARD_MIN", level="off", state={"battery_soc_pct": 50}),
    Case(name="hard rounds down", code="NOOP_R2_SOC_HARD_MIN", level="off",
         state={"battery_soc_pct": 50.09}),
    Case(name="hard above", code="NOOP_R2_SOC_SOFT_MIN", level="off", state={"battery_soc_pct": 50.1}),
    Case(name="hard at, on", code="STOP_R2_SOC_HARD_MIN", level="off",
         state={"battery_soc_pct": 50}, memory=on()),
    Case(name="hard above, on", code="START_R1_SURPLUS_OK", level="super",
         state={"battery_soc_pct": 50.1}, memory=on()),
    Case(name="soft at", code="NOOP_R2_SOC_SOFT_MIN", level="off", state={"battery_soc_pct": 58}),
    Case(name="soft above", code="START_R1_SURPLUS_OK", level="super",
         state={"battery_soc_pct": 58.1}),
    Case(name="soft at, on", code="START_R1_SURPLUS_OK", level="super",
         state={"battery_soc_pct": 58}, memory=on()),
    Case(name="a battery that the policy does not have", code="START_R1_SURPLUS_OK", level="super",
         state={"battery_soc_pct": 5}, rest=NO_BATTERY),
]  # fmt: skip


def imports(watts: int, exported: int | None = None) -> dict[str, int | None]:
    """Grid flows of a house that draws this much."""
    return {"grid_import_w": watts, "grid_export_w": exported}


R2_IMPORT = [
    Case(name="import at", code="START_R1_SURPLUS_OK", level="super",
         state=imports(500), memory=on("super")),
    Case(name="import above, eco would help", code="THROTTLE_R2_GRID_IMPORT_EXCEEDED", level="eco",
         state=imports(501), memory=on("super")),
    Case(name="import above, off", code="START_R1_SURPLUS_OK", level="super", state=imports(501)),
    Case(name="import above, already eco", code="STOP_R2_GRID_IMPORT_EXCEEDED", level="off",
         state=imports(501), memory=on()),
    Case(name="eco brings it just below", code="THROTTLE_R2_GRID_IMPORT_EXCEEDED", level="eco",
         state=imports(1373), memory=on("super")),
    Case(name="eco brings it to the limit only", code="STOP_R2_GRID_IMPORT_EXCEEDED", level="off",
         state=imports(1374), memory=on("super")),
    Case(name="surplus carries eco", code="THROTTLE_R2_GRID_IMPORT_EXCEEDED", level="eco",
         state=imports(501) | surplus(800), memory=on("super")),
    Case(name="surplus does not carry eco", code="STOP_R2_GRID_IMPORT_EXCEEDED", level="off",
         state=imports(501) | surplus(799), memory=on("super")),
    Case(name="export pays for it", code="START_R1_SURPLUS_OK", level="super",
         state=imports(900, 400), memory=on("super")),
    Case(name="export pays for almost all", code="THROTTLE_R2_GRID_IMPORT_EXCEEDED", level="eco",
         state=imports(901, 400), memory=on("super")),
    Case(name="a lower load pays for it", code="START_R1_SURPLUS_OK", level="super",
         state=imports(1500) | {"lower_loads_w": 1000}, memory=on("super")),
    Case(name="a lower load pays for almost all", code="THROTTLE_R2_GRID_IMPORT_EXCEEDED",
         level="eco", state=imports(1501) | {"lower_loads_w": 1000}, memory=on("super")),
    Case(name="full battery does not excuse it", code="STOP_R2_GRID_IMPORT_EXCEEDED", level="off",
         state=imports(501) | {"battery_soc_pct": 100}, memory=on()),
    Case(name="half-empty battery does not excuse it", code="STOP_R2_GRID_IMPORT_EXCEEDED",
         level="off", state=imports(501) | {"battery_soc_pct": 55}, memory=on()),
]  # fmt: skip

TABLE = [
    *R3_LIMITS,
    *R3_LOCKOUT,
    *MISSING,
    *TELEMETRY,
    *NONSENSE,
    *OPTIONAL,
    *R2_BATTERY,
    *R2_IMPORT,
]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_row_of_r3_or_r2_decides_at_its_boundary(case: Case) -> None:
    """Each condition leads to the code and level of the first row that it matches."""
    found = answer(case)
    assert (found["decision_code"], found["level"]) == (case.code, case.level)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_answer_has_everything_that_was_promised(case: Case) -> None:
    """Action, level, code, rule, reason, five votes in order and a sentence are always there."""
    found = answer(case)
    assert found["decision_code"] == f"{found['action']}_{found['rule']}_{found['reason']}"
    assert [vote["rule"] for vote in found["votes"]] == ["R3", "R2", "R4", "R5", "R1"]
    assert found["explanation"].endswith(".")
    assert found["effect"] == "acted"


def test_codes_of_r3_and_r2_are_all_reached() -> None:
    """Codes are stable: add, never rename. The others' stand in `test_decide_wishes`."""
    assert {case.code for case in TABLE} >= {
        "STOP_R3_OVERTEMP",
        "STOP_R3_COMM_TIMEOUT",
        "STOP_R3_LOCKOUT",
        "STOP_R3_MISSING_TELEMETRY",
        "NOOP_R2_SOC_HARD_MIN",
        "STOP_R2_SOC_HARD_MIN",
        "NOOP_R2_SOC_SOFT_MIN",
        "THROTTLE_R2_GRID_IMPORT_EXCEEDED",
        "STOP_R2_GRID_IMPORT_EXCEEDED",
    }
