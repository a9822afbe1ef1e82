"""``bitgrid lab``: what would another policy have meant in one's own recorded days?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, cast

from bitgrid_appliance.commands.lab_optimum import Solver, optima
from bitgrid_appliance.commands.lab_plot import plot
from bitgrid_appliance.commands.lab_report import Found, document, table
from bitgrid_appliance.commands.progress import Screen
from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.policies import demo_document, load_document
from bitgrid_appliance.supervisor import on_all_cores
from bitgrid_core.cli.services import Subparsers
from bitgrid_core.cli.sources import replay_records
from bitgrid_core.codec import Json, loads_trusted
from bitgrid_core.errors import BadInput
from bitgrid_core.household import BatteryConfig, read_csv
from bitgrid_core.household.changes import changed
from bitgrid_core.household.lab import (
    Bench,
    Outcome,
    Trial,
    bench_of,
    play,
    varied,
    without_loads,
)
from bitgrid_core.household.recalled import recorded_series
from bitgrid_core.inputs import INPUT_KINDS, Input, from_record
from bitgrid_core.policy import parse_policy
from bitgrid_core.units import to_inside_exact

_EXAMPLES: Final = """\
examples:
  bitgrid lab --household home.csv --policy mine.yaml --against other.yaml
  bitgrid lab --household home.csv --change surplus_min_kw=-0.05      50 W lower: what then?
  bitgrid lab --household home.csv --change surplus_min_kw=1.2,min_pause_blocks=+1 --optimum
  bitgrid lab var/data/journal/journal.sqlite --days 30 --vary surplus_min_kw=1,1.5,2
  bitgrid lab --household home.csv --pv-scale 2 --vary min_pause_blocks=1,2,4 \\
      --vary surplus_lost_blocks=1,2,3 --plot grid.svg

The first policy is the one that the others are compared with; one that is left out is the demo's.
A --change with a sign is added to what is there, without one it is the new value. Decisions come from the same engine; the battery is simulated and its model is stated.
"""


def add(subparsers: Subparsers) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "lab",
        help="what other policies would have meant in one's own recorded days",
        description="Plays a recorded household again under each policy; the plant answers.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("journal", type=Path, nargs="?", metavar="JOURNAL|BUNDLE")
    parser.add_argument("--household", type=Path, metavar="FILE", help="recorded home, CSV")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="the policy to compare with")
    parser.add_argument("--against", type=Path, metavar="FILE", help="another policy")
    parser.add_argument(
        "--vary", action="append", default=[], metavar="KEY=V,V", help="a grid; may be repeated"
    )
    parser.add_argument(
        "--change",
        action="append",
        default=[],
        metavar="KEY=±V",
        help="the policy with this moved: -0.05 lowers, 1.45 sets; several by commas; repeatable",
    )
    parser.add_argument(
        "--optimum", action="store_true", help="the share of what perfect foresight would reach"
    )
    parser.add_argument("--pv-scale", default="1", metavar="X", help="multiple of the roof in FILE")
    parser.add_argument("--battery-kwh", default="10", metavar="X", help="capacity (10)")
    parser.add_argument("--days", type=int, metavar="N", help="play only the first N days")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (one for each core)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture, SVG")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play every policy and print what it came to.

    Raises:
        BitgridError: a policy, the household or the words are wrong.
    """
    if options.jobs is not None and options.jobs < 1:
        raise BadInput(f"--jobs is {options.jobs}.", "Give 1 or more.")
    trials = trials_of(options)
    solver = Solver() if options.optimum else None
    screen = Screen(quiet=options.json)
    bench = _bench(options)
    screen.say(f"household: {bench.series.statement()}")
    outcomes = played(bench, trials, options.jobs, screen.bar("policies", len(trials) + 1))
    screen.end()
    best = {} if solver is None else optima(solver, bench, trials, outcomes[0])
    found = Found(bench=bench, base=outcomes[0], outcomes=tuple(outcomes[1:]), optima=best)
    if options.plot is not None:
        replace_file(options.plot, plot(found).encode("utf-8"))
        screen.say(f"plot: {options.plot}")
    print(json.dumps(document(found)) if options.json else table(found))
    return 0


def trials_of(options: argparse.Namespace) -> list[Trial]:
    """The policies in question, the one to compare with first.

    Raises:
        BadInput: one of them has a fault, or two have one name.
    """
    own = demo_document() if options.policy is None else load_document(options.policy)
    trials = [Trial(name=_name(options.policy), policy=parse_policy(own))]
    if options.against is not None:
        other = parse_policy(load_document(options.against))
        name = _name(options.against)
        trials.append(Trial(name=f"against {name}", policy=other))
    trials += [changed(own, wish) for wish in options.change]
    if options.vary:
        trials += varied(own, options.vary)
    if len({trial.name for trial in trials}) < len(trials):
        raise BadInput("Two policies are the same.", "Name each change once.")
    return trials


def played(
    bench: Bench, trials: Sequence[Trial], jobs: int | None, move: Callable[[int], None]
) -> list[Outcome]:
    """The outcome without any load, then that of each trial, in order."""
    found = []
    every = [without_loads(trials[0].policy), *trials]
    for number, outcome in enumerate(on_all_cores(partial(play, bench), every, jobs), start=1):
        found.append(outcome)
        move(number)
    return found


def _bench(options: argparse.Namespace) -> Bench:
    if (options.household is None) == (options.journal is None):
        raise BadInput("Whose days?", "Name a JOURNAL or --household FILE, one of them.")
    battery = BatteryConfig(capacity_wh=to_inside_exact(options.battery_kwh, "kWh", "wh"))
    scale = to_inside_exact(options.pv_scale, "kW", "w")
    if options.household is not None:
        series = read_csv(options.household)
    else:
        series, soc_permille = recorded_series(_inputs(options.journal), options.journal.name)
        if soc_permille is not None:
            least = battery.soc_min_permille
            battery = replace(battery, soc_start_permille=max(least, soc_permille))
    return bench_of(series, options.days, battery=battery, pv_scale_permille=scale)


def _inputs(path: Path) -> Iterator[Input]:
    for record in replay_records(path, (None, None)):
        if record.kind in INPUT_KINDS:
            body = cast("Mapping[str, Json]", loads_trusted(record.body_bytes))
            yield from_record(record.kind, body)


def _name(path: Path | None) -> str:
    return "demo policy" if path is None else path.name
