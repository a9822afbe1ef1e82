"""``bitgrid replay``: re-decide a journal or a bundle and compare."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Final

from bitgrid_core.block import block_at, block_end_text, parse_at
from bitgrid_core.cli.services import Run, Services, Subparsers, print_json
from bitgrid_core.cli.sources import begins_a_journal, replay_records
from bitgrid_core.deviation import Deviation
from bitgrid_core.errors import BadInput
from bitgrid_core.policy import parse_policy
from bitgrid_core.replay import ReplayReport, replay

_EXAMPLE: Final = """\
examples:
  bitgrid replay var/demo/journal/journal.sqlite
  bitgrid replay var/demo/outbox/logs --from 2024-06-01T00:00:00Z --to 2024-06-02T00:00:00Z
  bitgrid replay journal.sqlite --policy policy.yaml

exit 0: every decision came out as recorded; 1: some did not; 2: wrong use or bad input
"""
_SHOWN: Final = 20


def add(subparsers: Subparsers, services: Services) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "replay",
        help="re-decide a journal, a slice or a folder of slices, and compare",
        description="Read-only. Same format: bytes are compared; with --policy, outcomes.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, metavar="JOURNAL|BUNDLE")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="decide with this policy")
    parser.add_argument("--from", dest="first", metavar="TIME", help="first block, RFC 3339")
    parser.add_argument("--to", dest="last", metavar="TIME", help="end of the last block")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_runner(services))


def _runner(services: Services) -> Run:
    def run(args: Namespace) -> int:
        policy = None if args.policy is None else parse_policy(services.load_document(args.policy))
        blocks = (_block(args.first), _block(args.last, -1))
        whole = args.first is None and begins_a_journal(args.source)
        report = replay(replay_records(args.source, blocks), policy, whole=whole)
        if report.decisions == 0 and report.same:
            raise BadInput(
                f"{args.source} holds no decision in this window.", "Check --from and --to."
            )
        print_json(_document(report), pretty=False) if args.json else _print(report)
        return 0 if report.same else 1

    return run


def _block(text: str | None, shift_ms: int = 0) -> int | None:
    return None if text is None else block_at(parse_at(text) + shift_ms)


def _document(report: ReplayReport) -> dict[str, object]:
    return {
        "blocks": report.blocks,
        "decisions": report.decisions,
        "identical": report.identical,
        "switches": report.switches,
        "deviations": report.deviating,
        "listed": [
            {
                "block_id": item.block_id,
                "load": item.load,
                "field": item.field,
                "recorded": item.recorded,
                "replayed": item.replayed,
            }
            for item in report.deviations
        ],
    }


def _print(report: ReplayReport) -> None:
    print(
        f"{report.blocks} blocks, {report.decisions} decisions, {report.identical} identical, "
        f"{report.deviating} deviations."
    )
    if report.deviations:
        print(
            f"\n{'decided for the block until':<22} {'load':<10} {'field':<14} recorded → replayed"
        )
    for item in report.deviations[:_SHOWN]:
        print(_line(item))
    if report.deviating > _SHOWN:
        print(f"… and {report.deviating - _SHOWN} more; --json lists up to 1000.")


def _line(item: Deviation) -> str:
    when = block_end_text(item.block_id)
    return f"{when:<27} {item.load:<10} {item.field:<14} {item.recorded} → {item.replayed}"
