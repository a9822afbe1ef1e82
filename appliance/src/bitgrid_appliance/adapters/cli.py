"""The command ``bitgrid-adapter NAME``: one adapter, here or on a gateway."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bitgrid_appliance.adapters.household import COMPONENT, LISTENS, HouseholdProcess, Pace
from bitgrid_appliance.adapters.household_live import LiveHousehold, Living
from bitgrid_appliance.demo_home import HomeWords, read_home
from bitgrid_appliance.ending import ending, run_until
from bitgrid_appliance.locks import locked
from bitgrid_appliance.mqtt import Link
from bitgrid_appliance.policies import read_policy
from bitgrid_appliance.settings import Layout
from bitgrid_appliance.wording import SentenceParser
from bitgrid_core.block import BLOCK_MS
from bitgrid_core.errors import BitgridError

_PREDECESSOR_S: Final = 5.0
_EXAMPLES: Final = """\
examples:
  bitgrid-adapter household --data var/demo --household home.csv --broker-port 1883
  bitgrid-adapter household --data var/demo --household home.csv --days 3 --once

exit codes: 0 done, 2 wrong use or bad input, 3 a dependency is not there, 4 refused, 5 storage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one adapter until told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_household(_options(arguments)))
    except BitgridError as error:
        print(f"bitgrid-adapter: {error}", file=sys.stderr)
        return error.exit_code
    return 0


async def _household(options: argparse.Namespace) -> None:
    layout = Layout(options.data)
    end = ending(stdin_guard=options.stdin_guard)
    words = HomeWords(
        file=options.household,
        start=options.start,
        days=options.days,
        step_s=options.step,
        pv_scale=options.pv_scale,
        seed=options.seed,
        once=options.once,
    )
    with locked(layout.run / "household.lock", "A household", _PREDECESSOR_S):
        home = read_home(words, read_policy(options.policy))
        speed = 0 if options.once else options.speed
        live_ms = home.end_ms
        if options.live_after is not None:
            live_ms = min(live_ms, home.start_ms + options.live_after * BLOCK_MS)
        pace = Pace(step_s=home.step_s, speed=speed, end_ms=live_ms)
        link = Link(
            component=COMPONENT, site=options.site, port=options.broker_port, listens=LISTENS
        )
        process = HouseholdProcess.begin(home.house, pace, layout.household, link)
        living = Living(end_ms=home.end_ms, state_file=layout.household, link=link)
        await run_until(end, _lived(process, living))


async def _lived(process: HouseholdProcess, living: Living) -> None:
    """In step with the core as long as it may be, then in real time.

    One that was in real time already begins as every actuator does: with OFF.
    """
    in_step = process.house.now_ms < process.end_ms
    if in_step:
        await process.run()
    if process.house.now_ms < living.end_ms:
        house = process.house if in_step else process.house.without_leases()
        await LiveHousehold(house, living, process.commands if in_step else ()).run()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = SentenceParser(
        prog="bitgrid-adapter",
        description="Runs one adapter.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = parser.add_subparsers(metavar="NAME", required=True)
    one = names.add_parser(
        "household",
        help="the demo's household on a recorded series",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("--data", type=Path, required=True, metavar="DIR", help="data directory")
    one.add_argument("--household", type=Path, required=True, metavar="FILE", help="recorded home")
    one.add_argument("--policy", type=Path, metavar="FILE", help="the demo's without")
    one.add_argument("--site", default="site", help="site id in topics")
    one.add_argument("--broker-port", type=int, default=1883, metavar="N")
    one.add_argument("--start", default="", metavar="TIME", help="RFC 3339; first full day without")
    one.add_argument("--days", type=int, metavar="N", help="all without")
    one.add_argument("--step", type=int, metavar="S", help="virtual seconds of a step")
    one.add_argument("--pv-scale", default="1", metavar="X", help="multiple of the recorded roof")
    one.add_argument("--seed", type=int, default=0, help="of the noise; 0 adds none")
    one.add_argument("--speed", type=int, default=600, help="virtual seconds per second")
    one.add_argument("--once", action="store_true", help="as fast as the core answers")
    one.add_argument(
        "--live-after",
        type=int,
        metavar="BLOCKS",
        help="in step with the core for so many blocks, then in real time, as a device is",
    )
    one.add_argument("--stdin-guard", action="store_true", help="end when standard input closes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
