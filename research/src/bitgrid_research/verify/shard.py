"""One shard from pin to journal: the order of the steps, and what they found together.

Each step takes only what the one before has proven. Invariant: the newest checkpoint is
remembered only if its log is proven and continues what was seen before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bitgrid_core.archive import names
from bitgrid_core.archive.checkpoint import Checkpoint
from bitgrid_core.archive.leaf import Leaf
from bitgrid_core.archive.note import VerifierKey
from bitgrid_research.layout import ShardId
from bitgrid_research.outcome import Finding, Outcome, worst
from bitgrid_research.progress import progress
from bitgrid_research.verify import checkpoints
from bitgrid_research.verify.checkpoints import SignedCheckpoint
from bitgrid_research.verify.content import Content
from bitgrid_research.verify.findings import Findings
from bitgrid_research.verify.freshness import AgeLimit, judge_age
from bitgrid_research.verify.keys import trusted_keys
from bitgrid_research.verify.leaves import Account, account, decode_leaves
from bitgrid_research.verify.log import ProvenLog, prove_log
from bitgrid_research.verify.objects import Opener, prove_contents, prove_objects
from bitgrid_research.workspace import Place, ShardFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to do with a shard beyond its log.

    Args:
        pinned: trusted fingerprints of the shard's node.
        opener: opens objects; ``None`` leaves them sealed.
        age: judges silence; ``None`` does not.
        use: called with each content that is checked.
    """

    pinned: Sequence[str]
    opener: Opener | None = None
    age: AgeLimit | None = None
    use: Callable[[Leaf, Content], None] = lambda leaf, content: None  # noqa: ARG005


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What is proven of a shard, and what is wrong with it.

    Args:
        checkpoint: the newest proven one; ``None`` if nothing is proven.
        objects: data leaves whose object is proven.
        opened: how many of them were opened and checked.
        records: journal records in those.
    """

    shard: ShardId
    checkpoint: Checkpoint | None = None
    log: ProvenLog | None = field(default=None, repr=False)
    account: Account | None = field(default=None, repr=False)
    objects: tuple[Leaf, ...] = ()
    opened: int = 0
    records: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst finding's outcome."""
        return worst(finding.outcome for finding in self.findings)

    def with_findings(self, more: Sequence[Finding]) -> ShardReport:
        """The same report with more findings behind its own."""
        return replace(self, findings=(*self.findings, *more))


def verify_shard(folder: ShardFolder, shard: ShardId, request: Request) -> ShardReport:
    """Prove what lies in a shard's folder; nothing of it is trusted before."""
    found = Findings(shard)
    _compare_with_source(folder, found)
    keys = trusted_keys(folder, shard, request.pinned, found)
    proven = _prove_history(folder, shard, keys, found) if keys else None
    if proven is None:
        return ShardReport(shard=shard, findings=found.all)
    top, log = proven
    accounted = account(decode_leaves(log.leaves, found), found)
    if request.age is not None:
        judge_age(accounted, request.age, found)
    with progress(f"{shard.path} objects", len(accounted.data), "object") as advance:
        objects = prove_objects(folder, accounted.data, found, advance)
    counter = _Counter(request.use)
    if request.opener is not None:
        prove_contents(folder, request.opener, objects, found, counter.use)
    return ShardReport(
        shard=shard,
        checkpoint=top,
        log=log,
        account=accounted,
        objects=tuple(objects),
        opened=counter.opened,
        records=counter.records,
        findings=found.all,
    )


def _compare_with_source(folder: ShardFolder, found: Findings) -> None:
    """What is held but not shown any more is withheld; a proven size that changed is tampering."""
    listing = folder.listing()
    if listing is None:
        return
    for name in folder.names():
        shown = listing.names.get(name)
        proven = folder.path(name, Place.VERIFIED)
        if shown is None:
            found.missing(name, "The source does not show it any more.")
        elif name != names.CHECKPOINT and proven.is_file() and proven.stat().st_size != shown:
            found.tampered(name, f"The source shows {shown} bytes in the place of the proven ones.")


def _prove_history(
    folder: ShardFolder, shard: ShardId, keys: Sequence[VerifierKey], found: Findings
) -> tuple[Checkpoint, ProvenLog] | None:
    signed = checkpoints.genuine_checkpoints(folder, shard, keys, found)
    seen = checkpoints.seen_before(folder, shard, keys, found)
    checkpoints.check_newest(signed, seen, found)
    once = [one for one in signed if one.name != names.CHECKPOINT]
    descending = sorted(once, key=lambda one: -one.checkpoint.size)
    proven = prove_log(folder, [one.checkpoint for one in descending], found)
    if proven is None:
        return None
    top, log = proven
    checkpoints.fit_into_one_history(folder, signed, log.root_at, top, found)
    if _continues(top, log, seen, found):
        _remember(folder, top, descending)
    return proven


def _continues(top: Checkpoint, log: ProvenLog, seen: Checkpoint | None, found: Findings) -> bool:
    if seen is None:
        return True
    if seen.size > top.size:
        return False
    if log.root_at(seen.size) == seen.root:
        return True
    found.tampered(
        names.checkpoint(top.size),
        f"The log was rewritten: at {seen.size} leaves another root was seen before.",
    )
    return False


def _remember(folder: ShardFolder, top: Checkpoint, signed: Sequence[SignedCheckpoint]) -> None:
    data = next(one.data for one in signed if one.checkpoint == top)
    if folder.seen() != data:
        folder.remember(data)


class _Counter:
    """Counts what was opened on its way to its user."""

    def __init__(self, use: Callable[[Leaf, Content], None]) -> None:
        self._use = use
        self.opened = 0
        self.records = 0

    def use(self, leaf: Leaf, content: Content) -> None:
        """Count and pass on."""
        self.opened += 1
        self.records += content.manifest.last - content.manifest.first + 1
        self._use(leaf, content)
