"""``bitgrid journal verify``: prove a journal, or name the first thing wrong with it."""

from __future__ import annotations

import re
from argparse import Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Final

from bitgrid_core.cli.services import Run, Services, Subparsers, print_json
from bitgrid_core.errors import BadInput
from bitgrid_core.journal.anchors import Anchor, read_anchors
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.journal.verification import JournalReport, verify_journal

_EXAMPLE: Final = """\
example:
  bitgrid journal verify var/demo/journal/journal.sqlite

exit 0: nothing is missing or changed; 1: the first bad thing is named
"""
_KEY: Final = re.compile("[0-9a-f]{64}")


def add(subparsers: Subparsers, services: Services) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser("journal", help="prove a journal")
    verbs = parser.add_subparsers(dest="journal_verb", required=True, metavar="VERB")
    verify = verbs.add_parser(
        "verify",
        help="recompute every hash and compare with the anchors",
        description="Finds any changed, missing or re-ordered record, and a tail cut off after "
        "the last anchor.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    verify.add_argument("journal", type=Path, metavar="JOURNAL")
    verify.add_argument(
        "--anchors", type=Path, metavar="FILE", help="default: anchors.jsonl beside the journal"
    )
    verify.add_argument(
        "--key", type=Path, metavar="FILE", help="core's public key; default: ../keys/core.pub"
    )
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(run=_runner(services))


def _runner(services: Services) -> Run:
    def run(args: Namespace) -> int:
        with SqliteReader(args.journal) as reader:
            anchors = _anchors(args.journal, args.anchors)
            key = _public_key(args.journal, args.key)
            report = verify_journal(reader, anchors, services.check_signature, key)
        print_json(_document(report), pretty=False) if args.json else print(_sentence(report))
        return 0 if report.sound else 1

    return run


def _anchors(journal: Path, named: Path | None) -> list[Anchor]:
    if named is not None and not named.is_file():
        raise BadInput(f"There are no anchors at {named}.", "Name the file anchors.jsonl.")
    return read_anchors(named or journal.with_name("anchors.jsonl"))


def _public_key(journal: Path, named: Path | None) -> str | None:
    """The key that signed the anchors, if there is one to compare with."""
    path = named or journal.absolute().parent.parent / "keys" / "core.pub"
    if named is None and not path.is_file():
        return None
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise BadInput(f"The key {path} cannot be read: {error}.", "Name core.pub.") from error
    if not _KEY.fullmatch(text):
        raise BadInput(f"{path} is no public key.", "Name core.pub: 64 hex digits.")
    return text


def _document(report: JournalReport) -> dict[str, object]:
    fault = report.fault
    return {
        "sound": report.sound,
        "records": report.head.seq,
        "head": report.head.hash,
        "taken_out": report.base.seq,
        "anchors": report.anchors,
        "after_last_anchor": report.after_last_anchor,
        "fault": None if fault is None else {"seq": fault.seq, "reason": fault.reason},
    }


def _sentence(report: JournalReport) -> str:
    if report.fault is not None:
        return (
            f"Broken at record {report.fault.seq}: {report.fault.reason}. "
            f"Records 1 to {report.head.seq} are sound."
        )
    gone = f" (1 to {report.base.seq} are closed days)" if report.base.seq else ""
    return (
        f"Sound: {report.head.seq} records{gone}, head {report.head.hash[:16]}…, {report.anchors} "
        f"anchors; {report.after_last_anchor} records lie after the last anchor."
    )
