"""``bitgrid decide``: one decision from values in a file, in people's units."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, cast

from bitgrid_core.cli.services import Subparsers, print_json, read_json
from bitgrid_core.deciding import Frame, decide
from bitgrid_core.errors import BadInput
from bitgrid_core.events import to_body
from bitgrid_core.explain import LANGUAGES, detail, short
from bitgrid_core.explain.changes import what_changes
from bitgrid_core.model import OFF, Autonomy, EnergyState, Lockout, Memory, Override
from bitgrid_core.policy import LoadProfile, Policy, parse_policy, policy_digest
from bitgrid_core.signals import (
    BATTERY_CHARGE,
    BATTERY_SOC,
    GRID_EXPORT,
    GRID_IMPORT,
    HEARTBEAT_AGE,
    HOUSE_LOAD,
    LOAD_POWER,
    LOAD_TEMP,
    PRICE,
    PV_FORECAST,
    PV_POWER,
    Quality,
    Signal,
)
from bitgrid_core.units import to_inside

_EXAMPLE: Final = """\
example:
  echo '{"state": {"pv_power_w": 3000, "house_load_w": 600, "grid_import_w": 0,
         "battery_soc_pct": 80}}' | bitgrid decide -
"""

_SIGNALS: Final[dict[str, tuple[str, Signal]]] = {
    "pv_power_w": ("pv_power_w", PV_POWER),
    "house_load_w": ("house_load_w", HOUSE_LOAD),
    "grid_import_w": ("grid_import_w", GRID_IMPORT),
    "grid_export_w": ("grid_export_w", GRID_EXPORT),
    "battery_soc_pct": ("battery_soc_permille", BATTERY_SOC),
    "battery_charge_w": ("battery_charge_w", BATTERY_CHARGE),
    "load_power_w": ("load_power_w", LOAD_POWER),
    "load_temp_c": ("load_temp_mdegc", LOAD_TEMP),
    "heartbeat_age_s": ("heartbeat_age_ms", HEARTBEAT_AGE),
    "energy_price_ct_kwh": ("price_ct_per_mwh", PRICE),
    "price_peak_ct_kwh": ("price_peak_ct_per_mwh", PRICE),
    "pv_forecast_kw": ("pv_forecast_w", PV_FORECAST),
}
_WHOLE: Final = ("block_id", "local_day", "earlier_loads_w", "lower_loads_w")
_COUNTS: Final = (
    "blocks_since_switch",
    "blocks_since_level",
    "blocks_surplus_low",
    "starts_today",
    "starts_day",
)
_MAX_WHOLE: Final = 2**53
_BEYOND: Final = 10**15
"""Out of every signal's range: what stands for numbers such as 1e999."""


def add(subparsers: Subparsers) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "decide",
        help="one decision from a file with state, memory, policy, load, autonomy",
        description="Decide once on values in people's units; a missing key is a missing signal.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="JSON file, or - for standard input"
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="en", help="language of the explanation"
    )
    parser.add_argument("--json", action="store_true", help="one line instead of indented JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the event with its explanation."""
    document = read_json(args.file)
    _only(document, {"state", "memory", "policy", "load", "autonomy"}, "the file")
    policy, load = _policy(document)
    memory = _memory(_part(document, "memory"), load)
    autonomy = _autonomy(document.get("autonomy", "FULL"))
    frame = Frame(policy=policy, digest=policy_digest(policy), autonomy=autonomy)
    event, _after = decide(frame, load, _state(_part(document, "state")), memory)
    answer = cast("dict[str, object]", to_body(event)) | {
        "explanation": short(event, args.lang),
        "detail": detail(event, args.lang),
        "change": what_changes(event, policy, args.lang),
    }
    print_json(answer, pretty=not args.json)
    return 0


def _policy(document: Mapping[str, object]) -> tuple[Policy, LoadProfile]:
    site = _part(document, "policy")
    if "loads" in site:
        raise BadInput("policy.loads is not used here.", "Write the one load as load: {…}.")
    load = {"id": "load-1"} | dict(_part(document, "load"))
    policy = parse_policy(dict(site) | {"loads": [load]})
    return policy, policy.loads[0]


def _state(fields: Mapping[str, object]) -> EnergyState:
    _only(fields, {*_SIGNALS, *_WHOLE}, "state")
    values: dict[str, int] = {
        name: _whole(fields[name], name) for name in _WHOLE if fields.get(name) is not None
    }
    lost = []
    for key, (name, signal) in _SIGNALS.items():
        raw = fields.get(key)
        if raw is None:
            continue
        value = _reading(raw, key, signal)
        if signal.low <= value <= signal.high:
            values[name] = value
        else:
            lost.append((key, Quality.SUSPECT))
    if "price_ct_per_mwh" in values:
        peak = values.get("price_peak_ct_per_mwh", values["price_ct_per_mwh"])
        values["price_peak_ct_per_mwh"] = max(peak, values["price_ct_per_mwh"])
    values.setdefault("block_id", 0)
    return EnergyState(quality=tuple(sorted(lost)), **values)


def _reading(raw: object, key: str, signal: Signal) -> int:
    """A value inside. A silence is judged by its limit alone, so one beyond measure stays one."""
    if isinstance(raw, int | Decimal):
        raw = _BEYOND if raw > _BEYOND else max(raw, -_BEYOND)
    try:
        value = to_inside(raw, signal.unit, signal.inside, signal.caution)
    except BadInput as error:
        raise BadInput(f"state.{key}: {error.message}", error.hint) from error
    return min(value, signal.high) if signal is HEARTBEAT_AGE else value


def _memory(fields: Mapping[str, object], load: LoadProfile) -> Memory:
    _only(fields, {"level", "lockout", "override", *_COUNTS}, "memory")
    level = fields.get("level", OFF)
    if level not in load.powers_w:
        raise BadInput(
            f"memory.level {level!r} is not a level of the load.",
            f"Use one of: {', '.join(load.powers_w)}.",
        )
    counts = {
        name: _whole(fields[name], f"memory.{name}")
        for name in _COUNTS
        if fields.get(name) is not None
    }
    return Memory(
        level=str(level),
        lockout=_lockout(fields.get("lockout")),
        override=_override(fields.get("override"), load),
        **counts,
    )


def _lockout(value: object) -> Lockout | None:
    if value is None:
        return None
    fields = _object(value, "memory.lockout")
    _only(fields, {"cause", "until_block"}, "memory.lockout")
    if fields.get("cause") not in ("OVERTEMP", "COMM_TIMEOUT"):
        raise BadInput(
            f"Lockout cause {fields.get('cause')!r} is unknown.", "Use OVERTEMP or COMM_TIMEOUT."
        )
    until = _whole(fields.get("until_block"), "memory.lockout.until_block")
    return Lockout(cause=str(fields["cause"]), until_block=until)


def _override(value: object, load: LoadProfile) -> Override | None:
    if value is None:
        return None
    fields = _object(value, "memory.override")
    _only(fields, {"action", "level", "until_block"}, "memory.override")
    action, level = fields.get("action"), fields.get("level")
    if action not in ("START", "STOP", "LIMIT"):
        raise BadInput(f"Override {action!r} is unknown.", "Use START, STOP or LIMIT.")
    running = [name for name in load.powers_w if name != OFF]
    if level is not None and level not in running:
        raise BadInput(
            f"Override level {level!r} is no running level of the load.",
            f"Use one of: {', '.join(running)}; to switch off use STOP.",
        )
    until = _whole(fields.get("until_block"), "memory.override.until_block")
    return Override(
        action=str(action), level=None if level is None else str(level), until_block=until
    )


def _autonomy(value: object) -> Autonomy:
    try:
        return Autonomy(str(value))
    except ValueError:
        known = ", ".join(Autonomy)
        raise BadInput(f"Autonomy {value!r} is unknown.", f"Use one of: {known}.") from None


def _part(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = document.get(name)
    return {} if value is None else _object(value, name)


def _object(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} is not an object.", "Write {…}.")
    return cast("Mapping[str, object]", value)


def _only(fields: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(fields) - known)
    if unknown:
        raise BadInput(
            f"Key {unknown[0]!r} of {where} is not known.", f"Known: {', '.join(sorted(known))}."
        )


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_WHOLE:
        raise BadInput(f"{where} {value!r} is not a whole number from 0.", "Write one such as 3.")
    return value
