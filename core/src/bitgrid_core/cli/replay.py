"""``bitgrid replay``: re-decide a journal or a bundle and compare."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bitgrid_core.block import block_at, block_end_text, parse_at
from bitgrid_core.cli.bundles import write_bundle
from bitgrid_core.cli.services import Run, Services, Subparsers, print_json
from bitgrid_core.cli.sources import (
    Blocks,
    begins_a_journal,
    recorded_policy,
    replay_records,
    window_records,
)
from bitgrid_core.cli.versions import Comparison, Disagreement, compared
from bitgrid_core.deviation import Deviation
from bitgrid_core.errors import BadInput
from bitgrid_core.policy import Policy, parse_policy
from bitgrid_core.replay import ReplayReport, replay

_EXAMPLE: Final = """\
examples:
  bitgrid replay var/demo/journal/journal.sqlite
  bitgrid replay var/demo/outbox/logs --from 2024-06-01T00:00:00Z --to 2024-06-02T00:00:00Z
  bitgrid replay journal.sqlite --policy policy.yaml
  bitgrid replay journal.sqlite --policy recorded:1f0c2ab4   a policy that was once in force
  bitgrid replay journal.sqlite --from 2024-06-01T00:00:00Z --bundle june.tar
  bitgrid replay june.tar --with /opt/bitgrid-0.2/           another version decides it, too

exit 0: every decision came out as recorded (--with: and the same from both versions);
1: some did not; 2: wrong use or bad input; 3: there is no other version
"""
_RECORDED: Final = "recorded:"
_SHOWN: Final = 20


def add(subparsers: Subparsers, services: Services) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "replay",
        help="re-decide a journal, a slice, a folder of slices or a bundle, and compare",
        description="Read-only. Same format: bytes are compared; with --policy, outcomes.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, metavar="JOURNAL|BUNDLE")
    parser.add_argument(
        "--policy", metavar="FILE|recorded:DIGEST", help="decide with this policy instead"
    )
    parser.add_argument("--from", dest="first", metavar="TIME", help="first block, RFC 3339")
    parser.add_argument("--to", dest="last", metavar="TIME", help="end of the last block")
    parser.add_argument(
        "--bundle", type=Path, metavar="OUT", help="write what was replayed as a bundle"
    )
    parser.add_argument(
        "--with",
        dest="other",
        type=Path,
        metavar="VERSION",
        help="let another version decide it, too: its environment, or its bitgrid",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_runner(services))


def _runner(services: Services) -> Run:
    def run(args: Namespace) -> int:
        policy = _policy(args, services)
        blocks = (_block(args.first), _block(args.last, -1))
        whole = args.first is None and begins_a_journal(args.source)
        report = replay(replay_records(args.source, blocks), policy, whole=whole)
        if report.decisions == 0 and report.same:
            raise BadInput(
                f"{args.source} holds no decision in this window.", "Check --from and --to."
            )
        document = _document(report)
        comparison = None
        if args.other is not None:
            comparison = compared(document, args.other, _words(args), services.run_version)
            document["other"] = _comparison_document(comparison)
        if args.bundle is not None:
            document["bundle"] = _bundled(args.source, blocks, args.bundle)
        if args.json:
            print_json(document, pretty=False)
        else:
            _print(report)
            _print_rest(args, comparison)
        return 0 if report.same and not (comparison and comparison.found) else 1

    return run


def _policy(args: Namespace, services: Services) -> Policy | None:
    if args.policy is None:
        return None
    if args.policy.startswith(_RECORDED):
        return recorded_policy(args.source, args.policy.removeprefix(_RECORDED))
    return parse_policy(services.load_document(Path(args.policy)))


def _words(args: Namespace) -> Sequence[str]:
    """What another version is asked: the same."""
    words = [str(args.source)]
    for name, value in (("--policy", args.policy), ("--from", args.first), ("--to", args.last)):
        words += [] if value is None else [name, str(value)]
    return words


def _bundled(source: Path, blocks: Blocks, target: Path) -> dict[str, object]:
    manifest = write_bundle(target, window_records(source, blocks))
    return {"file": str(target), "first": manifest.first, "last": manifest.last}


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


def _comparison_document(comparison: Comparison) -> dict[str, object]:
    return {
        "version": comparison.there,
        "disagreements": len(comparison.found),
        "cut": comparison.cut,
        "listed": [
            {
                "block_id": item.block_id,
                "load": item.load,
                "field": item.field,
                "recorded": item.recorded,
                "here": item.here,
                "there": item.there,
            }
            for item in comparison.found
        ],
    }


def _print(report: ReplayReport) -> None:
    print(
        f"{report.blocks} blocks, {report.decisions} decisions, {report.identical} identical, "
        f"{report.deviating} deviations."
    )
    if report.deviations:
        print(
            f"\n{'decided for the block until':<27} {'load':<10} {'field':<14} recorded → replayed"
        )
    for item in report.deviations[:_SHOWN]:
        print(_line(item))
    if report.deviating > _SHOWN:
        print(f"… and {report.deviating - _SHOWN} more; --json lists up to 1000.")


def _print_rest(args: Namespace, comparison: Comparison | None) -> None:
    if args.bundle is not None:
        print(f"Written to {args.bundle}.")
    if comparison is None:
        return
    count = len(comparison.found)
    print(f"\n{comparison.there} decides {comparison.decisions} again: {count} disagreements.")
    if count:
        print(
            f"\n{'decided for the block until':<27} {'load':<10} {'field':<14} "
            "recorded → here | there"
        )
    for item in comparison.found[:_SHOWN]:
        print(f"{_where(item)} {item.recorded} → {item.here} | {item.there}")
    if count > _SHOWN:
        print(f"… and {count - _SHOWN} more; --json lists them.")
    if comparison.cut:
        print("More deviate than a version lists; take a smaller window with --from and --to.")


def _line(item: Deviation) -> str:
    return f"{_where(item)} {item.recorded} → {item.replayed}"


def _where(item: Deviation | Disagreement) -> str:
    return f"{block_end_text(item.block_id):<27} {item.load:<10} {item.field:<14}"
