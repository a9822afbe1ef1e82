"""``bitgrid run``: the whole stack on this machine under one supervisor."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Final

from bitgrid_appliance import settings as settings_module
from bitgrid_appliance.bootstrap import Plan, consent_in_force, make_folders
from bitgrid_appliance.broker import plan_broker, require_free
from bitgrid_appliance.commands.progress import Screen
from bitgrid_appliance.commands.stopping import interruptible
from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.locks import locked
from bitgrid_appliance.policies import DEMO, read_policy
from bitgrid_appliance.settings import BROKER_PORT, LOOPBACK, Layout, Settings
from bitgrid_appliance.supervisor import Supervisor
from bitgrid_core.cli.services import Subparsers
from bitgrid_core.errors import BadInput

DATA: Final = Path("var/data")
DEMO_DATA: Final = Path("var/demo")
_EXAMPLES: Final = """\
examples:
  bitgrid run --demo                          a household at 600 times its speed, with a page
  bitgrid run --demo --once --days 3 --json   three days as fast as possible, one JSON object
  bitgrid run --demo --household home.csv     your own recording: utc,load_w,pv_w[,pv_forecast_w]
  bitgrid run --data /var/lib/bitgrid         the appliance itself, on the wall's clock

Ctrl-C ends the demo early and still verifies what was decided; a second Ctrl-C ends at once.

exit codes: 0 done (a demo: all verified, explained and identical), 1 a check failed,
2 wrong use or bad input, 3 a dependency is not there (a program, an extra, a free port),
4 refused (consent, a second appliance on the same data), 5 storage or disk
"""


def add(subparsers: Subparsers) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "run",
        help="run the whole stack on this machine",
        description="Broker, core, API and page, mirror agent; with --demo a household as well.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: var/data, var/demo")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="policy to decide with")
    parser.add_argument("--port", type=int, metavar="N", help="of the page (8080)")
    parser.add_argument("--demo", action="store_true", help="play a household")
    demo = parser.add_argument_group("with --demo")
    demo.add_argument("--once", action="store_true", help="as fast as possible, then end")
    demo.add_argument("--household", type=Path, metavar="FILE", help="recorded home, CSV")
    demo.add_argument(
        "--start", default="", metavar="DAY", help="first day, 2024-06-01, or instant"
    )
    demo.add_argument("--days", type=int, metavar="N", help="with --once 3, or the whole FILE")
    demo.add_argument("--step", type=int, metavar="S", help="virtual seconds of a step")
    demo.add_argument("--speed", type=int, default=600, metavar="X", help="times real time (600)")
    demo.add_argument("--pv-scale", default="1", metavar="X", help="multiple of the roof in FILE")
    demo.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the made-up home or noise"
    )
    demo.add_argument("--recipient", metavar="AGE1…", help="seal for this key as the researcher's")
    demo.add_argument("--json", action="store_true", help="one JSON object on standard output")
    demo.add_argument("--verbose", action="store_true", help="with --json: tell what happens, too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the appliance, or a demo.

    Raises:
        BitgridError: it could not be run.
    """
    known = settings_module.from_environment()
    if options.port is not None:
        if not 0 < options.port < 2**16:
            raise BadInput(f"--port is {options.port}.", "Give 1 to 65535.")
        known = replace(known, web_port=options.port)
    if options.demo:
        from bitgrid_appliance.commands.demo import run_demo

        options.data = (options.data or DEMO_DATA).resolve()
        return run_demo(options, known)
    if options.once or options.json or options.household or options.recipient:
        raise BadInput("--once, --json, --household and --recipient are a demo's.", "Add --demo.")
    options.data = (options.data or DATA).resolve()
    return asyncio.run(_run(options, known))


async def _run(options: argparse.Namespace, known: Settings) -> int:
    layout = Layout(options.data)
    policy = options.policy or layout.policy
    if options.policy or policy.exists():
        read_policy(policy)
    known = replace(known, broker_port=known.broker_port or BROKER_PORT)
    require_free(known.web_port, "Choose another with --port.")
    require_free(known.broker_port, "Set BITGRID_BROKER_PORT to another.")
    screen = Screen(quiet=False)
    make_folders(layout)
    consent_in_force(layout)
    if not policy.exists():
        data = (resources.files("bitgrid_appliance.policies") / DEMO).read_bytes()
        replace_file(policy, data)
        screen.say(f"policy: none yet, so {policy} is a first one; edit it and start again")
    with locked(layout.run / "supervisor.lock", "An appliance"), interruptible() as interrupted:
        plan = Plan(
            layout=layout,
            settings=known,
            broker=plan_broker(known, layout.run),
            policy=policy,
        )
        supervisor = Supervisor(layout.log, screen.say)
        try:
            for child in (plan.broker_child(), plan.core_child("wall"), plan.web_child()):
                await supervisor.start(child)
            await supervisor.start(plan.mirror_child())
            screen.say(f"page: http://{LOOPBACK}:{known.web_port}/   (Ctrl-C ends)")
            await interrupted.or_done(supervisor.wait("core"))
        finally:
            await supervisor.stop_all()
    return 0
