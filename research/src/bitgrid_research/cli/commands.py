"""What each verb does: from options to an answer. The only reader of the clock is here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bitgrid_core.archive.leaf import Leaf
from bitgrid_research import settings
from bitgrid_research.cli.describe import (
    describe_shard,
    deviation_lines,
    leaf_json,
    leaf_line,
    replay_json,
)
from bitgrid_research.cli.output import Answer
from bitgrid_research.layout import ShardId
from bitgrid_research.opening.identity import (
    Identity,
    new_identity,
    read_identities,
    write_identity,
)
from bitgrid_research.outcome import Finding, Outcome, WrongUse, worst
from bitgrid_research.pull import Source, pull
from bitgrid_research.replay import replay_workspace
from bitgrid_research.store_reader.location import open_store
from bitgrid_research.trust import checked_fingerprint, pin, read_pins, shown_fingerprints
from bitgrid_research.verify.archive import Question, outcome_of, verify_workspace
from bitgrid_research.verify.content import Content
from bitgrid_research.verify.freshness import AgeLimit, parse_age, parse_instant
from bitgrid_research.verify.objects import (
    OpenedReader,
    Opener,
    SealedOpener,
    opened_name,
    write_opened,
)
from bitgrid_research.verify.shard import ShardReport
from bitgrid_research.workspace import OPENED, Workspace

_MOST_JOBS = 64
_MOST_EPOCHS = 99


def run(options: argparse.Namespace) -> Answer:
    """Do what the verb says."""
    return _VERBS[options.verb](options)


def _pull(options: argparse.Namespace) -> Answer:
    known = settings.read()
    jobs = known.jobs if options.jobs is None else options.jobs
    if not 1 <= jobs <= _MOST_JOBS:
        raise WrongUse(f"--jobs is {jobs}.", f"Give a number from 1 to {_MOST_JOBS}.")
    known = replace(
        known,
        endpoint=options.endpoint or known.endpoint,
        profile=options.profile or known.profile,
        jobs=jobs,
    )
    workspace = Workspace(options.workspace)
    source = Source(store=open_store(options.source, known), address=options.source, jobs=jobs)
    pulled = pull(source, workspace)
    findings = [finding for one in pulled for finding in one.findings]
    lines, shards = [], []
    for one in pulled:
        lines.append(
            f"{one.shard.path}: {one.fetched} files fetched ({one.fetched_bytes} bytes), "
            f"{one.held} held, {one.strays} strays left alone"
        )
        shards.append(
            {
                "node": one.shard.node,
                "shard": one.shard.shard,
                "fetched": one.fetched,
                "fetched_bytes": one.fetched_bytes,
                "held": one.held,
                "strays": one.strays,
            }
        )
    outcome = worst(finding.outcome for finding in findings)
    lines += [*_trust_hints(workspace), "Nothing is verified yet: run `bitgrid-research verify`."]
    return Answer(
        outcome=outcome, document={"shards": shards}, lines=lines, findings=findings, verdict=False
    )


def _verify(options: argparse.Namespace) -> Answer:
    identities = read_identities(options.identity) if options.identity else ()
    question = Question(
        fingerprint=_fingerprint(options), identities=identities, age=_age_limit(options)
    )
    return _answer(verify_workspace(Workspace(options.workspace), question))


def _open(options: argparse.Namespace) -> Answer:
    out: Path = options.out or options.workspace / OPENED
    identities = read_identities(options.identity)

    def write(shard: ShardId, leaf: Leaf, content: Content) -> None:
        write_opened(out / shard.path / opened_name(leaf), content)

    question = Question(fingerprint=_fingerprint(options), identities=identities, use=write)
    answer = _answer(verify_workspace(Workspace(options.workspace), question))
    line = f"Opened content lies in {out}."
    return replace(
        answer, document={"out": str(out), **answer.document}, lines=[*answer.lines, line]
    )


def _replay(options: argparse.Namespace) -> Answer:
    workspace = Workspace(options.workspace)
    identities: Sequence[Identity] = ()
    if options.identity:
        identities = read_identities(options.identity)
    opened: Path = options.opened or options.workspace / OPENED

    def opener(shard: ShardId) -> Opener:
        if identities:
            return SealedOpener(folder=workspace.shard(shard), identities=identities)
        return OpenedReader(folder=opened / shard.path)

    question = Question(fingerprint=_fingerprint(options), opener_of=opener)
    replayed = replay_workspace(workspace, question)
    answer = _answer(replayed.shards, replayed.findings)
    numbers = replay_json(replayed.runs)
    line = (
        f"replay: {numbers['blocks']} blocks, {numbers['decisions']} decisions, "
        f"{numbers['identical']} identical, {numbers['deviating']} deviations"
    )
    lines = [*answer.lines, line, *deviation_lines(replayed.runs)]
    return replace(answer, document={**numbers, **answer.document}, lines=lines)


def _trust(options: argparse.Namespace) -> Answer:
    workspace = Workspace(options.workspace)
    if options.fingerprint is not None:
        nodes = pin(workspace, options.fingerprint, options.node)
        lines = [f"{node} is trusted from now on." for node in nodes]
        document = {"trusted": list(nodes)}
        return Answer(outcome=Outcome.COMPLETE, document=document, lines=lines, verdict=False)
    pins = read_pins(workspace)
    nodes_json, lines = [], []
    for shard in workspace.demand():
        shown, trusted = shown_fingerprints(workspace, shard), pins.of(shard.node)
        state = "trusted" if set(shown) & set(trusted) else "not trusted"
        nodes_json.append(
            {
                "node": shard.node,
                "shard": shard.shard,
                "shown": list(shown),
                "trusted": list(trusted),
            }
        )
        lines.append(f"{shard.path}: {state}: {', '.join(shown) or 'no readable key note'}")
    return Answer(
        outcome=Outcome.COMPLETE, document={"shards": nodes_json}, lines=lines, verdict=False
    )


def _ls(options: argparse.Namespace) -> Answer:
    question = Question(fingerprint=_fingerprint(options))
    reports = verify_workspace(Workspace(options.workspace), question)
    lines, shards = [], []
    for report in reports:
        proven = {leaf.obj for leaf in report.objects}
        leaves = report.account.leaves if report.account else ()
        lines += [f"{report.shard.path}: {len(leaves)} leaves"]
        lines += [leaf_line(leaf, proven=leaf.obj in proven) for leaf in leaves]
        shards.append(
            {
                "node": report.shard.node,
                "shard": report.shard.shard,
                "leaves": [leaf_json(leaf, proven=leaf.obj in proven) for leaf in leaves],
            }
        )
    return replace(_answer(reports), document={"shards": shards}, lines=lines)


def _keygen(options: argparse.Namespace) -> Answer:
    out: Path = options.out
    if not 1 <= options.epochs <= _MOST_EPOCHS:
        raise WrongUse(f"--epochs is {options.epochs}.", f"Give 1 to {_MOST_EPOCHS}.")
    paths = [out]
    if options.epochs > 1:
        numbers = range(1, options.epochs + 1)
        paths = [out.with_name(f"{out.stem}-{number:02d}{out.suffix}") for number in numbers]
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    keys = []
    for path in paths:
        identity = new_identity()
        write_identity(path, identity, created)
        keys.append({"file": str(path), "recipient": identity.recipient})
    lines = [f"{key['file']}: {key['recipient']}" for key in keys]
    return Answer(outcome=Outcome.COMPLETE, document={"keys": keys}, lines=lines, verdict=False)


_VERBS = {
    "pull": _pull,
    "verify": _verify,
    "open": _open,
    "replay": _replay,
    "trust": _trust,
    "ls": _ls,
    "keygen": _keygen,
}


def _answer(reports: Sequence[ShardReport], more: Sequence[Finding] = ()) -> Answer:
    findings = [finding for report in reports for finding in report.findings] + list(more)
    described = [describe_shard(report) for report in reports]
    return Answer(
        outcome=worst([outcome_of(reports), *(finding.outcome for finding in more)]),
        document={"shards": [document for document, _ in described]},
        lines=[line for _, lines in described for line in lines],
        findings=findings,
    )


def _fingerprint(options: argparse.Namespace) -> str | None:
    return checked_fingerprint(options.fingerprint) if options.fingerprint else None


def _age_limit(options: argparse.Namespace) -> AgeLimit | None:
    most = options.max_age or settings.read().max_age
    if most is None and options.now is None:
        return None
    now = parse_instant(options.now) if options.now else datetime.now(UTC)
    return AgeLimit(now=now, most=parse_age(most) if most else None)


def _trust_hints(workspace: Workspace) -> list[str]:
    """What to compare before the first ``verify`` of a node."""
    pins = read_pins(workspace)
    hints = []
    for shard in workspace.shards():
        shown = shown_fingerprints(workspace, shard)
        if shown and not set(shown) & set(pins.of(shard.node)):
            hints.append(
                f"{shard.path} shows the fingerprint {' '.join(shown)}: compare it with what the "
                f"appliance shows, then `bitgrid-research trust {workspace.folder} FINGERPRINT`."
            )
    return hints
