"""Every shard of a workspace together: pins, shards that continue others, the outcome of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bitgrid_core.archive.leaf import Kind, Leaf, PriorLog
from bitgrid_research.layout import ShardId, split
from bitgrid_research.opening.identity import Identity
from bitgrid_research.outcome import Finding, Outcome, worst
from bitgrid_research.trust import read_pins
from bitgrid_research.verify.content import Content
from bitgrid_research.verify.freshness import AgeLimit
from bitgrid_research.verify.objects import Opener, SealedOpener
from bitgrid_research.verify.shard import Request, ShardReport, verify_shard
from bitgrid_research.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to verify in a workspace, and with what.

    Args:
        fingerprint: trusted for every node of this run, instead of the pins.
        identities: open objects with these; empty leaves them sealed.
        age: judge silence; ``None`` does not.
        opener_of: opens a shard's objects in another way than with identities.
        use: called with each content that is checked.
    """

    fingerprint: str | None = None
    identities: Sequence[Identity] = ()
    age: AgeLimit | None = None
    opener_of: Callable[[ShardId], Opener] | None = None
    use: Callable[[ShardId, Leaf, Content], None] = lambda shard, leaf, content: None  # noqa: ARG005


def verify_workspace(workspace: Workspace, question: Question) -> list[ShardReport]:
    """A report on every shard.

    Raises:
        CannotCheck: nothing was pulled, or the pins are damaged.
    """
    shards, pins = workspace.demand(), read_pins(workspace)
    reports = []
    for shard in shards:
        own = pins.of(shard.node)
        request = Request(
            pinned=own if question.fingerprint is None else (question.fingerprint,),
            opener=_opener(workspace, shard, question),
            age=question.age,
            use=partial(question.use, shard),
        )
        reports.append(verify_shard(workspace.shard(shard), shard, request))
    known = {report.shard: report for report in reports}
    return [report.with_findings(_check_priors(report, known)) for report in reports]


def outcome_of(reports: Sequence[ShardReport]) -> Outcome:
    """The outcome of all shards together."""
    return worst(report.outcome for report in reports)


def _opener(workspace: Workspace, shard: ShardId, question: Question) -> Opener | None:
    if question.opener_of is not None:
        return question.opener_of(shard)
    if not question.identities:
        return None
    return SealedOpener(folder=workspace.shard(shard), identities=question.identities)


def _check_priors(report: ShardReport, known: dict[ShardId, ShardReport]) -> list[Finding]:
    """A shard that continues another names its last known checkpoint: it has to fit."""
    if report.account is None:
        return []
    found = []
    for leaf in report.account.leaves:
        if leaf.kind is Kind.SHARD and leaf.prior is not None:
            finding = _check_prior(f"{report.shard.path}/leaf {leaf.seq}", leaf.prior, known)
            found += [finding] if finding else []
    return found


def _check_prior(name: str, prior: PriorLog, known: dict[ShardId, ShardReport]) -> Finding | None:
    place = split(prior.origin.removeprefix("bitgrid-archive/") + "/x")
    earlier = known.get(place[0]) if place else None
    if earlier is None:
        what = f"It continues {prior.origin}, which was not pulled."
        return Finding(outcome=Outcome.INCOMPLETE, name=name, what=what)
    if earlier.checkpoint is None or earlier.log is None:
        return None  # its own findings say why
    if earlier.checkpoint.size < prior.size:
        what = f"It continues {prior.origin} at {prior.size} leaves, which are withheld."
        return Finding(outcome=Outcome.INCOMPLETE, name=name, what=what)
    if earlier.log.root_at(prior.size).hex() != prior.root:
        what = f"It continues another history of {prior.origin} than the one that was pulled."
        return Finding(outcome=Outcome.TAMPERED, name=name, what=what)
    return None
