"""``bitgrid run --demo``: a household, the whole line, and the researcher's proof at its end.

Everything is checked before anything is written. Ctrl-C ends the days early: what was decided
until then is still pushed, verified and replayed; a second Ctrl-C ends at once.
"""

from __future__ import annotations

import asyncio
import json
import time
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from bitgrid_appliance.bootstrap import Plan, make_folders
from bitgrid_appliance.broker import plan_broker, require_free
from bitgrid_appliance.commands.progress import Screen, follow
from bitgrid_appliance.commands.stopping import Interrupted, interruptible
from bitgrid_appliance.commands.summary import Proof, count_journal, is_good, summary, table
from bitgrid_appliance.demo_home import Home, HomeWords, read_home
from bitgrid_appliance.demo_setup import (
    DemoFiles,
    check_recipient,
    marker_of,
    prepare,
    require_same_demo,
)
from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.locks import locked
from bitgrid_appliance.policies import read_policy
from bitgrid_appliance.settings import LOOPBACK, Layout, Settings
from bitgrid_appliance.supervisor import (
    Completed,
    Supervisor,
    program_path,
    run_module,
    run_program,
)
from bitgrid_core.block import block_at
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput, CheckFailed, MissingDependency
from bitgrid_core.policy import Policy, policy_digest
from bitgrid_core.sun import FRANCE

DAYS_ONCE: Final = 3
MADE_UP_ONCE: Final = "2023-06-01"
MADE_UP_LIVE: Final = "2023-06-01T05:00:00Z"
"""A person who watches should not have to wait for the sun."""
_PROGRAMS: Final = ("bitgrid-mirror", "bitgrid-research", "bitgrid-adapter")
_PUSH_S: Final = 5
_PUSH_ONCE_S: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One demo, checked and ready to be laid out.

    Attributes:
        files: in its data directory.
        home: the household.
        words: the household as it is named on a command line.
        policy_file: the owner's, or ``None`` for the demo's.
        settings: ports, site.
        marker: what must be the same to go on.
        once: as fast as possible, without a page.
        speed: virtual seconds per second otherwise.
        made: content of the made-up household's file, if it is still to be written.
    """

    files: DemoFiles
    home: Home
    words: HomeWords
    policy_file: Path | None
    settings: Settings
    marker: dict[str, Json]
    once: bool
    speed: int
    made: bytes | None

    @property
    def layout(self) -> Layout:
        """The data directory."""
        return self.files.layout


def run_demo(options: Namespace, settings: Settings) -> int:
    """Play a demo; 0 only if all of it is verified, explained and identical.

    Raises:
        BitgridError: it could not be played.
    """
    screen = Screen(quiet=options.json and not options.verbose)
    try:
        demo = check_demo(options, settings, screen)
        document = asyncio.run(_play(demo, screen))
    finally:
        screen.end()
    if options.json:
        print(json.dumps(document))
    else:
        print(f"\n{table(document)}\n\n  data: {demo.layout.data}")
    return 0 if is_good(document) else CheckFailed.exit_code


def check_demo(options: Namespace, settings: Settings, screen: Screen) -> Demo:
    """Everything that can be wrong, before anything is written.

    Raises:
        BitgridError: the first thing that is.
    """
    for program in _PROGRAMS:
        program_path(program)
    policy = read_policy(options.policy)
    recipient = check_recipient(options.recipient) if options.recipient else ""
    files = DemoFiles(Layout(options.data))
    words = _words(options, files)
    made = None
    if not (options.household or files.home.exists()):
        screen.say("household: none is given, so a year of one is made up")
        made = _made_up(options.seed)
    home = read_home(words, policy) if made is None else _home_of(made, words, policy)
    if not options.once:
        require_free(settings.web_port, "Choose another with --port.")
    marker = marker_of(home, policy_digest(policy), recipient, options.seed)
    require_same_demo(files.layout, marker)
    return Demo(
        files=files,
        home=home,
        words=words,
        policy_file=options.policy,
        settings=settings,
        marker=marker,
        once=options.once,
        speed=options.speed,
        made=made,
    )


async def _play(demo: Demo, screen: Screen) -> dict[str, Json]:
    layout = demo.layout
    make_folders(layout)
    with locked(layout.run / "supervisor.lock", "An appliance"), interruptible() as interrupted:
        await prepare(layout, demo.home, demo.marker)
        if demo.made is not None:
            replace_file(demo.files.home, demo.made)
        screen.say(f"household: {demo.home.house.series.statement()}")
        supervisor = Supervisor(layout.log, screen.say)
        try:
            begun_s = time.monotonic()
            await _live(demo, supervisor, screen, interrupted)
            took_s = time.monotonic() - begun_s
            status = await _push(layout)
            proof = await _prove(demo, status, screen)
        finally:
            await supervisor.stop_all()
    counting = screen.bar("counting", demo.home.blocks * 2)
    document = summary(count_journal(layout, counting), status, proof)
    return document | {"seconds": round(took_s), "data": str(layout.data)}


async def _live(
    demo: Demo, supervisor: Supervisor, screen: Screen, interrupted: Interrupted
) -> None:
    """Let the days pass: until the household is done, or until a person ends it."""
    settings, layout = demo.settings, demo.layout
    settings = replace(
        settings,
        place=settings.place or FRANCE,  # as the household's file is read
        journal_days=0,  # the summary counts the whole journal
    )
    plan = Plan(
        layout=layout,
        settings=settings,
        broker=plan_broker(settings, layout.run),
        policy=demo.policy_file,
    )
    screen.say(f"broker: {plan.broker.name} on port {plan.broker.port}")
    home_words = (*demo.words.argv(), "--speed", str(demo.speed))
    if demo.policy_file is not None:
        home_words += ("--policy", str(demo.policy_file))
    pushing = ("--clock", "outbox", "--interval", str(_PUSH_ONCE_S if demo.once else _PUSH_S))
    await supervisor.start(plan.broker_child())
    await supervisor.start(plan.core_child("household"))
    await supervisor.start(plan.household_child(home_words))
    if not demo.once:
        await supervisor.start(plan.web_child())
    await supervisor.start(plan.mirror_child(pushing))
    if not demo.once:
        screen.say(f"page: http://{LOOPBACK}:{settings.web_port}/   (Ctrl-C ends the demo)")
    first_block = block_at(demo.home.start_ms)
    following = asyncio.create_task(follow(layout, screen, first_block, demo.home.blocks))
    try:
        await interrupted.or_done(supervisor.wait("household"))
    finally:
        following.cancel()
        screen.end()
    for name in ("household", "web", "mirror", "core", "broker"):
        await supervisor.stop(name)


async def _push(layout: Layout) -> dict[str, Json]:
    """The last push, after the core has handed over everything."""
    words = ("once", "--data", str(layout.data), "--clock", "outbox", "--json")
    pushed = await run_program("bitgrid-mirror", words, layout.log)
    if pushed.code:
        raise CheckFailed(
            f"The last push failed with code {pushed.code}: {pushed.output.strip()[:300]}",
            f"See {layout.log / 'bitgrid-mirror.log'}.",
        )
    return pushed.document()


async def _prove(demo: Demo, status: dict[str, Json], screen: Screen) -> Proof:
    """The researcher's side: fetch, trust, verify, open, re-run."""
    workspace, log = str(demo.files.workspace), demo.layout.log

    async def research(*words: str) -> Completed:
        screen.say(f"researcher: bitgrid-research {' '.join(words)}")
        return await run_program("bitgrid-research", (*words, "--json"), log)

    await research("pull", str(demo.layout.archive), workspace)
    await research("trust", workspace, str(cast("str", status["key_fingerprint"])))
    verify = await research("verify", workspace)
    opened = await research("open", workspace, "--identity", str(demo.files.identity))
    replay = await research("replay", workspace)
    return Proof(verify=verify if verify.code else opened, replay=replay)


def _words(options: Namespace, files: DemoFiles) -> HomeWords:
    if options.speed < 1:
        raise BadInput(f"--speed is {options.speed}.", "Give 1 or more, or --once.")
    if options.seed < 0:
        raise BadInput(f"--seed is {options.seed}.", "Give 0 or more.")
    is_made_up = not options.household
    start, days = options.start, options.days
    if is_made_up:
        start = start or (MADE_UP_ONCE if options.once else MADE_UP_LIVE)
        days = DAYS_ONCE if days is None and options.once else days
    return HomeWords(
        file=files.home if is_made_up else options.household,
        start=start,
        days=days,
        step_s=options.step,
        pv_scale=options.pv_scale,
        seed=0 if is_made_up else options.seed,
        once=options.once,
    )


def _made_up(seed: int) -> bytes:
    """The synthetic household as a file's content, made by a process that ends again.

    Raises:
        MissingDependency: its extra is not installed.
    """
    code, output, errors = asyncio.run(run_module("bitgrid_appliance.synthetic_csv", seed))
    if code:
        words = errors.strip().splitlines() or [f"No household was made: code {code}."]
        raise MissingDependency(words[-1])
    return output


def _home_of(content: bytes, words: HomeWords, policy: Policy) -> Home:
    """The household of a file that is not written yet."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / words.file.name
        file.write_bytes(content)
        return read_home(replace(words, file=file), policy)
