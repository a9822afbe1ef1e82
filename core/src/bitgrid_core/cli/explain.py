"""``bitgrid explain``: why a load did what it did, from the journal."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Final

from bitgrid_core.block import block_at, parse_at
from bitgrid_core.chain import Record
from bitgrid_core.chance import earliest_chance
from bitgrid_core.cli.services import Subparsers, print_json
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body
from bitgrid_core.explain import LANGUAGES, detail, short
from bitgrid_core.explain.chances import chance_sentence
from bitgrid_core.explain.changes import what_changes
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.origins import Origin, origins_of, policy_of
from bitgrid_core.policy import Policy

_EXAMPLE: Final = """\
examples:
  bitgrid explain var/demo/journal/journal.sqlite
  bitgrid explain journal.sqlite --at 2024-06-01T11:00:00Z --lang de --depth detail
  bitgrid explain journal.sqlite --id 2862066/load-1/tick/0 --depth technical
"""


def add(subparsers: Subparsers) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser(
        "explain",
        help="why a load did what it did",
        description="Explains the newest decision, or the one named by --id or --at.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("journal", type=Path, metavar="JOURNAL")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--id", help="a decision's id: block/load/trigger/n")
    which.add_argument("--at", metavar="TIME", help="the block that contains this time, RFC 3339")
    parser.add_argument("--lang", choices=LANGUAGES, default="en")
    parser.add_argument("--depth", choices=("short", "detail", "technical"), default="detail")
    parser.add_argument("--json", action="store_true", help="one JSON object per decision")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the explanation of each decision found."""
    with SqliteReader(args.journal) as reader:
        found = _found(reader, args)
        if not found:
            raise _none_found(args)
        for record in found:
            policy = policy_of(reader, record)
            _show(record, policy, origins_of(reader, record, policy), args)
    return 0


def _found(reader: SqliteReader, args: Namespace) -> list[Record]:
    if args.id is not None:
        record = reader.decision(args.id)
        return [] if record is None else [record]
    if args.at is not None:
        block = block_at(parse_at(args.at))
        return list(reader.of_kind("decision", (block, block)))
    newest = reader.newest("decision")
    return [] if newest is None else [newest]


def _none_found(args: Namespace) -> BadInput:
    if args.id is None and args.at is None:
        return BadInput(f"{args.journal} holds no decision yet.", "Let it run for a block.")
    return BadInput("There is no such decision.", "Leave out --id and --at for the newest.")


def _show(record: Record, policy: Policy, origins: dict[str, Origin], args: Namespace) -> None:
    event = from_body(record.body)
    try:
        sentence, lines = short(event, args.lang), detail(event, args.lang)
        change = what_changes(event, policy, args.lang)
        chance = chance_sentence(earliest_chance(event, policy), args.lang)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # Whatever somebody wrote into a record is bad input, not a fault of this program.
        raise BadInput(
            f"The decision of record {record.seq} cannot be explained: {error!r}.",
            "Verify the journal.",
        ) from error
    sources = {name: origin.to_body() for name, origin in origins.items()}
    if args.json:
        told = {"short": sentence, "detail": lines, "change": change, "chance": chance}
        print_json({**told, "origins": sources, "event": record.body}, pretty=False)
    elif args.depth == "technical":
        print_json({**record.body, "origins": sources}, pretty=True)
    else:
        print(f"{record.at}  {event.load}  {event.decision.code}")
        print(f"  {sentence}")
        print(f"  {change}")
        print(f"  {chance}")
        if args.depth == "detail":
            print("\n".join(f"    {line}" for line in lines))
