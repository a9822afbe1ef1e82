"""Reports as JSON fields and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import cast

from bitgrid_core import codec
from bitgrid_core.archive import leaf as leaves
from bitgrid_core.archive.leaf import Leaf
from bitgrid_core.replay import ReplayReport
from bitgrid_research.cli.output import MOST_LISTED
from bitgrid_research.verify.shard import ShardReport

MOST_SHOWN = 40


def describe_shard(report: ShardReport) -> tuple[dict[str, object], list[str]]:
    """One shard's report, for machines and for people."""
    top, account = report.checkpoint, report.account
    document: dict[str, object] = {
        "node": report.shard.node,
        "shard": report.shard.shard,
        "outcome": report.outcome.label,
        "size": top.size if top else None,
        "root": top.root.hex() if top else None,
        "newest_at": account.newest_at if account else None,
        "objects": len(report.objects),
        "object_bytes": sum(leaf.size or 0 for leaf in report.objects),
        "opened": report.opened,
        "records": report.records,
        "gaps": [leaf_json(gap, proven=True) for gap in account.gaps] if account else [],
    }
    if top is None or account is None:
        return document, [f"{report.shard.path}: nothing is proven"]
    lines = [
        f"{report.shard.path}: log of {top.size} leaves proven, root {top.root.hex()}",
        (
            f"  {len(report.objects)} of {len(account.data)} objects proven, {report.opened} opened "
            f"({report.records} records), newest word {account.newest_at or 'unknown'}"
        ),
    ]
    return document, lines + [leaf_line(gap, proven=True) for gap in account.gaps]


def leaf_json(leaf: Leaf, *, proven: bool) -> dict[str, object]:
    """A leaf as it stands in the log, and whether its object is proven."""
    document = cast("dict[str, object]", codec.decode(leaves.encode(leaf)))
    return document | ({"proven": proven} if leaf.kind in leaves.DATA_KINDS else {})


def leaf_line(leaf: Leaf, *, proven: bool) -> str:
    """A leaf in one line."""
    parts = [f"  {leaf.seq:>6} {leaf.kind}"]
    if leaf.first is not None:
        parts.append(f"{leaf.stream} {leaf.first}–{leaf.last}")
    parts += [text for text in (leaf.cause, leaf.consent, leaf.at) if text]
    if leaf.kind in leaves.DATA_KINDS:
        parts += [f"{leaf.size} bytes", leaf.obj or "", "proven" if proven else "NOT PROVEN"]
    return "  ".join(parts)


def replay_json(runs: Sequence[ReplayReport]) -> dict[str, object]:
    """Sums over all runs, and the listed deviations."""
    deviations = [asdict(one) for report in runs for one in report.deviations]
    return {
        "blocks": sum(report.blocks for report in runs),
        "decisions": sum(report.decisions for report in runs),
        "identical": sum(report.identical for report in runs),
        "switches": sum(report.switches for report in runs),
        "deviating": sum(report.deviating for report in runs),
        "deviations": deviations,
    }


def deviation_lines(runs: Sequence[ReplayReport]) -> list[str]:
    """The first deviations as a table."""
    found = [one for report in runs for one in report.deviations][:MOST_LISTED]
    if not found:
        return []
    rows = [
        (one.block_id, one.load, one.field, f"{_short(one.recorded)} -> {_short(one.replayed)}")
        for one in found
    ]
    table = [("block", "load", "field", "recorded -> replayed"), *rows]
    return [f"  {block:>10}  {load:<12}  {name:<16}  {both}" for block, load, name, both in table]


def _short(value: codec.Json) -> str:
    text = str(value)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"
