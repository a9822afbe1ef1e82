"""The process ``bitgrid-core``: the runtime between the broker and the disk.

Boot order: configuration valid → journal intact → memory restored → broker there → first tick.
Nothing is decided before. What only people look at (state, decision, explanation) is published
beside the loop, newest first, so that it can never delay a command.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

from bitgrid_appliance import clock
from bitgrid_appliance.between_ticks import COMPONENT, BetweenTicks
from bitgrid_appliance.bootstrap import CoreWishes, core_runtime
from bitgrid_appliance.by_wall import WallClock
from bitgrid_appliance.clock import Clocks, Tick
from bitgrid_appliance.ending import ending, run_together, run_until
from bitgrid_appliance.forecasting import Roof, understood
from bitgrid_appliance.health import say_ready
from bitgrid_appliance.leases import LEASE_S
from bitgrid_appliance.mqtt import Incoming, Link, Outgoing, Session, keep_connected
from bitgrid_appliance.policies import read_policy
from bitgrid_appliance.runtime import Runtime
from bitgrid_appliance.settings import JOURNAL_DAYS, Layout, whole_degrees
from bitgrid_appliance.ticking import Ticking
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.chance import Kind as ChanceKind
from bitgrid_core.chance import earliest_chance
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput, BitgridError
from bitgrid_core.events import to_body
from bitgrid_core.explain import LANGUAGES, short
from bitgrid_core.explain.chances import chance_sentence
from bitgrid_core.explain.changes import what_changes_in
from bitgrid_core.model import DecisionEvent
from bitgrid_core.policy import Policy

LISTENS: Final = (Kind.STATUS, Kind.MEASUREMENT, Kind.CLOCK, Kind.REQUEST)
_PICTURE_S: Final = 0.2
_PICTURE_SHARE: Final = 20
"""At most one part in so many of the time goes into the picture."""
Asked: TypeAlias = "asyncio.Queue[Incoming]"
"""Requests that wait for their turn."""
_log: Final = logging.getLogger("bitgrid.core")


@dataclass(frozen=True, kw_only=True)
class CoreProcess:
    """One runtime on one bus.

    Attributes:
        runtime: the loop.
        link: where the broker is.
        run_dir: where it says that it is ready.
        household_clock: whether ticks come from the bus instead of the wall.
        clocks: the machine's.
    """

    runtime: Runtime
    link: Link
    run_dir: Path
    household_clock: bool
    clocks: Clocks = field(default_factory=Clocks)

    @cached_property
    def _between(self) -> BetweenTicks:
        return BetweenTicks(self.runtime, by_wall=not self.household_clock, clocks=self.clocks)

    @cached_property
    def _ticking(self) -> Ticking:
        return Ticking(self.runtime, self._between, self.clocks)

    @cached_property
    def _wall(self) -> WallClock:
        return WallClock(self.runtime, self._between, self._ticking, self.clocks)

    def _wall_ms(self) -> int | None:
        return None if self.household_clock else self.clocks.wall_ms()

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            StorageError: the last stop could not be recorded; its trace is kept.
        """
        try:
            await keep_connected(self.link, self._use)
        finally:
            await self._between.settled()

    async def _use(self, session: Session) -> None:
        say_ready(self.run_dir, COMPONENT)
        asked: Asked = asyncio.Queue()
        work = [
            self._listen(session, asked),
            self._answer(session, asked),
            self._show(session),
        ]
        if not self.household_clock:
            work.append(self._wall.follow(session))
        await run_together(work)

    async def _listen(self, session: Session, asked: Asked) -> None:
        async for incoming in session.messages():
            if incoming.topic.kind is Kind.REQUEST:
                asked.put_nowait(incoming)
                continue
            try:
                await self._take(session, incoming)
            except BadInput as error:
                session.drop(incoming, error)

    async def _answer(self, session: Session, asked: Asked) -> None:
        """What people ask for waits for its turn, and no measurement waits for it."""
        while True:
            incoming = await asked.get()
            try:
                await self._between.requested(session, incoming.topic.names[0], incoming.payload)
            except BadInput as error:
                session.drop(incoming, error)

    async def _take(self, session: Session, incoming: Incoming) -> None:
        names, payload = incoming.topic.names, incoming.payload
        match incoming.topic.kind:
            case Kind.MEASUREMENT:
                wall_ms = self._wall_ms()
                now_ms, _block_id = self.runtime.now(wall_ms)
                said = understood(names, payload, now_ms, wall_ms)
                sample = self.runtime.take_measurement(names, said)
                if sample is not None:
                    await self._between.measured(session, sample)
            case Kind.STATUS:
                self.runtime.take_status(names[0], payload)
            case Kind.CLOCK:
                tick = clock.from_payload(payload)
                if self.household_clock:
                    await self._on_household_tick(session, tick)
            case _:
                pass

    async def _on_household_tick(self, session: Session, tick: Tick) -> None:
        """Answer a tick once everything that it caused is with the broker.

        One that could not be recorded is not answered: the household sends it again.
        """
        if not self.runtime.has_full_window(tick):
            await session.publish([_done(tick, again=True, commands=0)])
            return
        commands = await self._ticking.decide(session, tick)
        if commands is not None:
            await self._between.listened(session)
            await session.publish([_done(tick, again=False, commands=commands)])

    async def _show(self, session: Session) -> None:
        """Keep the retained picture up to date; under haste it skips what is already old."""
        shown: tuple[DecisionEvent, ...] = ()
        while True:
            latest = self.runtime.latest
            begun_s = time.monotonic()
            if latest != shown:
                await session.publish(picture(latest, self.runtime.policy))
                shown = latest
            took_s = time.monotonic() - begun_s
            await asyncio.sleep(max(_PICTURE_S, _PICTURE_SHARE * took_s))


def picture(events: tuple[DecisionEvent, ...], policy: Policy) -> list[Outgoing]:
    """State, decisions and explanations as retained messages."""
    messages: list[Outgoing] = []
    for event in events:
        body = to_body(event)
        if not messages:
            state = body["state"]
            assert isinstance(state, dict)  # as to_body writes it
            messages.append(Outgoing(kind=Kind.STATE, payload=state))
        messages.append(Outgoing(kind=Kind.DECISION, names=(event.load,), payload=body))
        explained: dict[str, Json] = {
            "id": event.id,
            "short": {lang: short(event, lang) for lang in LANGUAGES},
            "change": {**what_changes_in(event, policy)},
            "chance": _chance(event, policy),
        }
        messages.append(Outgoing(kind=Kind.EXPLAIN, names=(event.load,), payload=explained))
    return messages


def _chance(event: DecisionEvent, policy: Policy) -> Json:
    chance = earliest_chance(event, policy)
    known = chance.kind is ChanceKind.IN_BLOCK
    begins = at_text(block_start_ms(event.block_id + chance.blocks)) if known else None
    return {"at": begins, **{lang: chance_sentence(chance, lang) for lang in LANGUAGES}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; the exit code of the table in ``docs``."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_serve(options))
    except BitgridError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


async def _serve(options: argparse.Namespace) -> None:
    layout = Layout(options.data)
    policy = read_policy(options.policy)
    end = ending(stdin_guard=options.stdin_guard)
    wishes = CoreWishes(
        time_zone=options.time_zone,
        roof=options.place and Roof(place=options.place, peak_w=options.peak_w),
        lease_s=options.lease_s,
        journal_days=options.journal_days,
    )
    with core_runtime(layout, policy, wishes) as runtime:
        link = Link(
            component=COMPONENT, site=options.site, port=options.broker_port, listens=LISTENS
        )
        process = CoreProcess(
            runtime=runtime,
            link=link,
            run_dir=layout.run,
            household_clock=options.clock == "household",
        )
        _log.info("boot %d", runtime.boot)
        await run_until(end, process.run())
        runtime.close()


def _done(tick: Tick, *, again: bool, commands: int) -> Outgoing:
    payload: dict[str, Json] = {"n": tick.n, "again": again, "commands": commands}
    return Outgoing(kind=Kind.CLOCK_DONE, payload=payload)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bitgrid-core", description="Blocks, rules, journal.")
    parser.add_argument("--data", type=Path, required=True, help="data directory")
    parser.add_argument("--policy", type=Path, help="policy file; the demo's without")
    parser.add_argument("--site", default="site", help="site id in topics")
    parser.add_argument("--broker-port", type=int, default=1883)
    parser.add_argument("--clock", choices=("wall", "household"), default="wall")
    parser.add_argument("--time-zone", default="UTC")
    parser.add_argument("--journal-days", type=int, default=JOURNAL_DAYS)
    parser.add_argument("--lease-s", type=int, default=LEASE_S, help="of a command; shorter only")
    parser.add_argument("--place", type=whole_degrees, metavar="LAT,LON", help="for a forecast")
    parser.add_argument("--peak-w", type=int, metavar="W", help="of the roof")
    parser.add_argument("--stdin-guard", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
