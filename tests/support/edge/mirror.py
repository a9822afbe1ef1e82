"""The mirror of a simulated house: the real agent, a directory, and the researcher's own proof."""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bitgrid_appliance.bootstrap import grant, make_folders
from bitgrid_appliance.consent import Consent, Recipient
from bitgrid_appliance.settings import Layout
from bitgrid_core.archive.leaf import Leaf
from bitgrid_core.journal.sqlite import StoredBody
from bitgrid_mirror_agent.agent import Agent, World
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.settings import Settings
from bitgrid_mirror_agent.status import Status
from bitgrid_research.layout import ShardId
from bitgrid_research.opening.identity import Identity, new_identity
from bitgrid_research.pull import Source, pull
from bitgrid_research.replay import replay_workspace
from bitgrid_research.store_reader.directory import DirectoryReader
from bitgrid_research.verify.archive import Question, verify_workspace
from bitgrid_research.verify.content import Content
from bitgrid_research.verify.objects import Opener, SealedOpener
from bitgrid_research.workspace import Workspace
from support.edge.clock import Machine

_YEARS_MS = 40 * 365 * 86_400_000


@cache
def owner_and_researcher() -> tuple[Identity, Identity]:
    """Two identities for all houses."""
    return new_identity(), new_identity()


def install(layout: Layout, now_ms: int, profile: str) -> None:
    """Folders, keys and a consent, before the core's first boot."""
    make_folders(layout)
    owner, researcher = owner_and_researcher()
    consent = Consent(
        id="consent-1",
        purpose="simulation",
        target={"kind": "directory", "path": str(layout.archive)},
        recipients=(
            Recipient(name="Owner", recipient=owner.recipient, role="owner"),
            Recipient(name="Lab", recipient=researcher.recipient, role="researcher"),
        ),
        profile=profile,
        valid_from_ms=now_ms - _YEARS_MS // 2,
        valid_until_ms=now_ms + _YEARS_MS,
        granted_at_ms=now_ms,
    )
    grant(layout, consent, now_ms)


def turn(layout: Layout, machine: Machine, draw: random.Random) -> Status:
    """One turn of the agent.

    Raises:
        BitgridError: what a person would have to see to.
    """
    settings = Settings(
        outbox=layout.outbox,
        consent=layout.consent,
        core_pub=layout.core_pub,
        state=layout.mirror,
    )
    world = World(
        now_ms=lambda: machine.wall_ms,
        random=draw.randbytes,
        draw=lambda: draw.randrange(1000),
        wait=lambda _ms: False,
        open_store=lambda target: DirectoryStore(Path(target.path)),
        hook=lambda _step: None,
        progress=lambda _status: None,
    )
    return Agent(settings, world).turn()


def faults_of_the_copy(
    layout: Layout, status: Status, journal: list[StoredBody], *, whole: bool
) -> Iterator[tuple[str, str]]:
    """What is wrong with the mirrored copy, by the researcher's own programs.

    Args:
        layout: of the house.
        status: what the agent said last.
        journal: kinds and bodies of all records.
        whole: replay the copy too; else it is enough that it holds the very bytes that were
            replayed from the journal.
    """
    workspace = Workspace(layout.data / "workspace")
    source = Source(store=DirectoryReader(layout.archive), address=str(layout.archive), jobs=1)
    for one in pull(source, workspace):
        for finding in one.findings:
            yield "mirrored_copy_verifies", f"{finding.name}: {finding.what}"
    found: list[tuple[str, bytes]] = []

    def opener(shard: ShardId) -> Opener:
        identities = (owner_and_researcher()[1],)
        return SealedOpener(folder=workspace.shard(shard), identities=identities)

    def use(_shard: ShardId, _leaf: Leaf, content: Content) -> None:
        found.extend((body.kind, body.body_bytes) for body in content.bodies())

    question = Question(fingerprint=status.key_fingerprint, opener_of=opener, use=use)
    for shard in verify_workspace(workspace, question):
        for finding in shard.findings:
            yield "mirrored_copy_verifies", f"{finding.name}: {finding.what}"
    if found != [(one.kind, one.body_bytes) for one in journal]:
        yield "mirrored_copy_verifies", f"{len(found)} of {len(journal)} records, or others"
    if whole:
        yield from _replayed(workspace, question, sum(one.kind == "decision" for one in journal))


def _replayed(
    workspace: Workspace, question: Question, decisions: int
) -> Iterator[tuple[str, str]]:
    replayed = replay_workspace(workspace, question)
    for finding in replayed.findings:
        yield "mirrored_copy_replays", f"{finding.name}: {finding.what}"
    again = sum(run.identical for run in replayed.runs)
    if again != decisions:
        yield "mirrored_copy_replays", f"{again} of {decisions} decisions came out again"
