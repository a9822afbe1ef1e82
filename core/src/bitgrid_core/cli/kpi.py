"""``bitgrid kpi``: the key figures of a journal, a slice or a folder of slices."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

from bitgrid_core.block import block_at, parse_at
from bitgrid_core.cli.services import Subparsers, print_json
from bitgrid_core.cli.sources import replay_records
from bitgrid_core.codec import Json, loads_trusted
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body
from bitgrid_core.inputs import INPUT_KINDS, from_record
from bitgrid_core.kpi import CATALOGUE, CATALOGUE_VERSION, Sums, Tally, figures
from bitgrid_core.replay import ReplayRecord

_EXAMPLE: Final = """\
examples:
  bitgrid kpi var/demo/journal/journal.sqlite
  bitgrid kpi var/demo/outbox/logs --from 2024-06-01T00:00:00Z --to 2024-06-02T00:00:00Z --json

What each figure means stands in docs/kpis.md.
"""


def add(subparsers: Subparsers) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "kpi",
        help="key figures of a journal, a slice or a folder of slices",
        description="Read-only. The same records give everybody the same figures.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, metavar="JOURNAL|BUNDLE")
    parser.add_argument("--from", dest="first", metavar="TIME", help="first block, RFC 3339")
    parser.add_argument("--to", dest="last", metavar="TIME", help="end of the last block")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the figures."""
    blocks = (_block(args.first), _block(args.last, -1))
    total = tallied(replay_records(args.source, blocks)).total()
    if total.blocks == 0:
        raise BadInput(f"{args.source} holds no block in this window.", "Check --from and --to.")
    print_json(document(total), pretty=False) if args.json else _print(total)
    return 0


def tallied(records: Iterable[ReplayRecord]) -> Tally:
    """The tally of some records, in their order.

    Raises:
        BadInput: one of them cannot be read.
    """
    tally = Tally()
    for number, record in enumerate(records, start=1):
        if record.kind != "decision" and record.kind not in INPUT_KINDS:
            continue
        try:
            body = cast("dict[str, Json]", loads_trusted(record.body_bytes))
        except ValueError as error:
            raise BadInput(
                f"Record {number} cannot be read: {error}.", "Verify the journal."
            ) from error
        if record.kind == "decision":
            tally.decided(from_body(body))
        else:
            tally.take(from_record(record.kind, body))
    return tally


def document(sums: Sums) -> dict[str, object]:
    """The figures with what they are made over."""
    return {
        "catalogue": CATALOGUE_VERSION,
        "blocks": sums.blocks,
        "measured_blocks": sums.measured,
        "kpis": figures(sums),
    }


def _print(sums: Sums) -> None:
    print(f"{sums.blocks} blocks, {sums.measured} of them measured in full.\n")
    width = max(len(kpi.name) for kpi in CATALOGUE)
    found = figures(sums)
    for kpi in CATALOGUE:
        value = found[kpi.name]
        print(f"{kpi.name:<{width}} {'–' if value is None else f'{value:,}':>12} {kpi.unit}")


def _block(text: str | None, shift_ms: int = 0) -> int | None:
    return None if text is None else block_at(parse_at(text) + shift_ms)
