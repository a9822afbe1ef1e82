"""Asks `bitgrid decide` as its command does: through the argument parser, in this process."""

import io
import json
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bitgrid_core.cli import Services, add_verbs

GOOD: dict[str, Any] = {
    "block_id": 1000,
    "pv_power_w": 5000,
    "house_load_w": 3000,
    "grid_import_w": 0,
    "grid_export_w": 2000,
    "battery_soc_pct": 80,
    "pv_forecast_kw": 4,
}
"""A sunny block with 2 kW of surplus in which nothing objects."""

ALIVE = {"load_temp_c": 60, "heartbeat_age_s": 5}
"""What a running load has to report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input of the table and the decision that it must lead to.

    Attributes:
        name: condition and outcome.
        code: the decision code.
        level: the level of the decision.
        state: on top of ``GOOD``; ``None`` takes a value away.
        memory: as in the file.
        rest: other parts of the file: policy, load, autonomy.
    """

    name: str
    code: str
    level: str
    state: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)


def on(level: str = "eco", since: int | None = 100, **more: Any) -> dict[str, Any]:
    """The memory of a running load, unchanged for a long time unless said otherwise."""
    return {"level": level, "blocks_since_switch": since, "blocks_since_level": since} | more


def surplus(watts: int) -> dict[str, Any]:
    """The part of the state that makes this surplus out of 5 kW of PV."""
    return {"house_load_w": 5000 - watts}


def document(case: Case) -> dict[str, Any]:
    """The whole input file of a case; a running load is alive unless the case says otherwise."""
    alive = ALIVE if case.memory.get("level", "off") != "off" else {}
    state = GOOD | alive | case.state
    given = {name: value for name, value in state.items() if value is not None}
    return {"state": given, "memory": case.memory} | case.rest


def answer(case: Case) -> dict[str, Any]:
    """What `bitgrid decide` prints for a case."""
    return ask(json.dumps(document(case)))


def ask(text: str, *options: str) -> dict[str, Any]:
    """What `bitgrid decide - --json` prints for a text on standard input.

    Raises:
        BadInput: as the command does.
    """
    args = _parser().parse_args(["decide", "-", "--json", *options])
    printed, before = io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode("utf-8")))
    try:
        with redirect_stdout(printed):
            assert args.run(args) == 0
    finally:
        sys.stdin = before
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def vote_of(found: dict[str, Any], rule: str) -> str:
    """A rule's vote as `ACTION REASON`, `- REASON` for no opinion."""
    vote = next(vote for vote in found["votes"] if vote["rule"] == rule)
    return f"{vote.get('action', '-')} {vote['reason']}"


@cache
def _parser() -> ArgumentParser:
    """The command's own parser; `decide` needs none of the services."""
    parser = ArgumentParser("bitgrid")
    services = Services(check_signature=lambda *_: False, load_document=lambda _path: {})
    add_verbs(parser.add_subparsers(required=True), services)
    return parser
