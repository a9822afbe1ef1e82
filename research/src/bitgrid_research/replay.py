"""Re-running what was opened: every recorded decision is made again by core and compared.

Works on verified content only, never on bytes that a check refused. Records that follow each
other without a hole are one run; behind a hole, and in a new shard, a run begins with the policy that
was in force.
Must not know how objects are opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bitgrid_core import codec
from bitgrid_core import replay as core
from bitgrid_core.archive import manifest as manifests
from bitgrid_core.archive.leaf import Leaf
from bitgrid_core.archive.manifest import Manifest
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import INPUT_KINDS
from bitgrid_core.replay import ReplayReport
from bitgrid_research.layout import ShardId
from bitgrid_research.outcome import Finding, Outcome
from bitgrid_research.verify.archive import Question, verify_workspace
from bitgrid_research.verify.content import Body, Content
from bitgrid_research.verify.objects import Opener
from bitgrid_research.verify.shard import ShardReport
from bitgrid_research.workspace import Workspace

STREAM = "logs"
_POLICY = "policy"
_BLOCK = "block"
_DECISION = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Verification and replay of a workspace."""

    shards: tuple[ShardReport, ...]
    runs: tuple[ReplayReport, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A content that was checked, to be opened again when its turn comes."""

    leaf: Leaf
    manifest: Manifest


def replay_workspace(workspace: Workspace, question: Question) -> Replayed:
    """Verify a workspace, open what is proven, and replay it.

    Raises:
        CannotCheck: nothing was pulled.
    """
    assert question.opener_of is not None, "a replay needs contents"
    checked: dict[ShardId, list[_Checked]] = {}

    def note(shard: ShardId, leaf: Leaf, content: Content) -> None:
        if content.manifest.stream == STREAM:
            checked.setdefault(shard, []).append(_Checked(leaf, content.manifest))

    shards = verify_workspace(workspace, replace(question, use=note))
    reports: list[ReplayReport] = []
    findings: list[Finding] = []
    for node in dict.fromkeys(shard.node for shard in checked):
        runs = [
            (shard, run)
            for shard, contents in checked.items()
            if shard.node == node
            for run in _runs(contents)
        ]
        _replay_node(runs, question.opener_of, (reports, findings))
    return Replayed(shards=tuple(shards), runs=tuple(reports), findings=tuple(findings))


def _replay_node(
    runs: Sequence[tuple[ShardId, list[_Checked]]],
    opener_of: Callable[[ShardId], Opener],
    told: tuple[list[ReplayReport], list[Finding]],
) -> None:
    """Replay each run of a node, whose shards follow each other; what is found goes into ``told``."""
    reports, findings = told
    policy: list[Body] = []
    for shard, run in runs:
        name = f"{shard.path}/records {run[0].manifest.first} to {run[-1].manifest.last}"
        records = _records(opener_of(shard), run, policy)
        if run[0].manifest.first > 1:
            records = _from_first_block(records)
        if run is not runs[-1][1]:
            records = _until_last_whole_block(records)
        try:
            report = core.replay(records)
        except BadInput as error:
            findings.append(Finding(outcome=Outcome.CANNOT_CHECK, name=name, what=error.message))
            continue
        reports.append(report)
        findings += _deviation(name, report)


def _runs(contents: Sequence[_Checked]) -> Iterator[list[_Checked]]:
    """Neighbours without a hole between them."""
    run: list[_Checked] = []
    for one in contents:
        if run and one.manifest.first != run[-1].manifest.last + 1:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _records(opener: Opener, run: Sequence[_Checked], policy: list[Body]) -> Iterator[Body]:
    """Records of a run; ``policy`` carries the one in force over to the next run."""
    if policy and _policy_body(policy[0]).get("digest") in run[0].manifest.policy_digests:
        yield policy[0]
    for one in run:
        files = opener.files(one.leaf)
        assert files is not None, "it was opened a moment ago"
        manifest = manifests.decode(files[manifests.NAME])
        for record in Content(manifest=manifest, files=files).bodies():
            if record.kind == _POLICY:
                policy[:] = [record]
            yield record


def _from_first_block(records: Iterator[Body]) -> Iterator[Body]:
    """The same without decisions whose block is lost in the hole before."""
    begun = False
    for record in records:
        begun = begun or record.kind == _BLOCK
        if begun or record.kind == _POLICY:
            yield record


def _until_last_whole_block(records: Iterator[Body]) -> Iterator[Body]:
    """The same without a last block whose decisions are lost in the hole that follows."""
    loads, block, decisions = 0, list[Body](), 0
    for record in records:
        if record.kind == _POLICY:
            loads = _load_count(record)
        if record.kind == _DECISION:
            decisions += 1
        elif record.kind in INPUT_KINDS:
            yield from block
            block, decisions = [], 0
        block.append(record)
    if decisions >= loads:
        yield from block


def _load_count(policy: Body) -> int:
    document = _policy_body(policy).get("policy")
    loads = document.get("loads") if isinstance(document, dict) else None
    return len(loads) if isinstance(loads, list) else 0


def _policy_body(policy: Body) -> dict[str, codec.Json]:
    body = codec.loads(policy.body_bytes)
    return body if isinstance(body, dict) else {}


def _deviation(name: str, report: ReplayReport) -> list[Finding]:
    if report.same:
        return []
    first = report.deviations[0] if report.deviations else None
    where = f", first at block {first.block_id} of {first.load}: {first.field}" if first else ""
    what = f"{report.deviating} values come out differently{where}."
    return [Finding(outcome=Outcome.REPLAY_DIFFERS, name=name, what=what)]
