"""The command line: verbs, options, and examples in every ``--help``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bitgrid_research.outcome import WrongUse

_CODES = """exit codes:
  0 complete   1 tampered   2 incomplete or withheld   3 stale   4 cannot check
  5 replay differs   6 withdrawn   64 wrong use; the first of 1, 6, 2, 5, 3, 4 wins"""

_EXAMPLES = {
    "pull": """examples:
  bitgrid-research pull /media/usb/archive study
  bitgrid-research pull s3://bucket/homes study --endpoint https://s3.example.org
Keys for a bucket come from AWS_PROFILE, AWS_ACCESS_KEY_ID or ~/.aws, as for every S3 program.""",
    "verify": """examples:
  bitgrid-research verify study
  bitgrid-research verify study --identity key.txt --max-age 2d
Age is judged only with --max-age (now is then this machine's clock) or --now (at most the
heartbeat of the consent is then allowed, unless --max-age says more).""",
    "open": """examples:
  bitgrid-research open study --identity key.txt
  bitgrid-research open study --identity key.txt --out /data/opened""",
    "replay": """examples:
  bitgrid-research replay study --identity key.txt
  bitgrid-research replay study        (what `open` wrote before; it is verified again)""",
    "trust": """examples:
  bitgrid-research trust study                     (which nodes are there, which are trusted)
  bitgrid-research trust study 3f5a…64 digits…c2
The fingerprint comes from the appliance by another way than the archive. Compare it, then pin it.""",
    "ls": """examples:
  bitgrid-research ls study --json""",
    "keygen": """examples:
  bitgrid-research keygen key.txt
  bitgrid-research keygen key.txt --epochs 12      (key-01.txt … key-12.txt, one a month)""",
}


class _Parser(argparse.ArgumentParser):
    """Raises instead of exiting with a code that means something else here."""

    def error(self, message: str) -> NoReturn:
        raise WrongUse(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Options of one command.

    Raises:
        WrongUse: an unknown verb or option, or a missing argument.
    """
    parser = _Parser(
        prog="bitgrid-research",
        description="Fetch, prove, open and re-run archives of BitGrid appliances.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=_Parser)
    _add_pull(verbs)
    _add_verify(verbs)
    _add_open(verbs)
    _add_replay(verbs)
    trust = _add(verbs, "trust", "show fingerprints, or pin one")
    trust.add_argument("workspace", type=Path, metavar="WORKSPACE")
    trust.add_argument("fingerprint", nargs="?", metavar="FINGERPRINT")
    trust.add_argument("--node", help="pin for this node, also before anything was pulled")
    ls = _add(verbs, "ls", "list what the verified logs say")
    ls.add_argument("workspace", type=Path, metavar="WORKSPACE")
    _add_fingerprint(ls)
    keygen = _add(verbs, "keygen", "make an age identity, readable by you alone")
    keygen.add_argument("out", type=Path, metavar="FILE")
    keygen.add_argument("--epochs", type=int, default=1, help="one identity per month")
    return parser.parse_args(words)


def _add_pull(verbs: argparse._SubParsersAction[_Parser]) -> None:
    pull = _add(verbs, "pull", "fetch archives into a workspace; goes on where it stopped")
    pull.add_argument("source", metavar="SOURCE", help="a folder, or s3://BUCKET/PREFIX")
    pull.add_argument("workspace", type=Path, metavar="WORKSPACE")
    pull.add_argument("--endpoint", help="address of the S3 server")
    pull.add_argument("--profile", help="profile of ~/.aws")
    pull.add_argument("--jobs", type=int, help="downloads at the same time, 1 to 64")


def _add_verify(verbs: argparse._SubParsersAction[_Parser]) -> None:
    verify = _add(verbs, "verify", "prove origin, order and completeness")
    verify.add_argument("workspace", type=Path, metavar="WORKSPACE")
    verify.add_argument("--identity", type=Path, metavar="FILE", help="also open and check inside")
    _add_fingerprint(verify)
    verify.add_argument("--max-age", help="stale when the newest word is older, as in 2d")
    verify.add_argument("--now", help="the instant to judge age at, as in 2024-06-01T10:00:00Z")


def _add_open(verbs: argparse._SubParsersAction[_Parser]) -> None:
    command = _add(verbs, "open", "verify, and write what is proven in the clear")
    command.add_argument("workspace", type=Path, metavar="WORKSPACE")
    command.add_argument("--identity", type=Path, metavar="FILE", required=True)
    command.add_argument("--out", type=Path, metavar="DIR", help="default: WORKSPACE/opened")
    _add_fingerprint(command)


def _add_replay(verbs: argparse._SubParsersAction[_Parser]) -> None:
    replay = _add(verbs, "replay", "verify, re-make every decision, and compare byte by byte")
    replay.add_argument("workspace", type=Path, metavar="WORKSPACE")
    replay.add_argument("--identity", type=Path, metavar="FILE")
    replay.add_argument("--opened", type=Path, metavar="DIR", help="default: WORKSPACE/opened")
    _add_fingerprint(replay)


def _add_fingerprint(command: argparse.ArgumentParser) -> None:
    command.add_argument("--fingerprint", help="trust this key for this run, instead of the pins")


def _add(verbs: argparse._SubParsersAction[_Parser], verb: str, purpose: str) -> _Parser:
    command = verbs.add_parser(
        verb,
        help=purpose,
        description=f"{purpose[:1].upper()}{purpose[1:]}.",
        epilog=f"{_EXAMPLES[verb]}\n\n{_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--json", action="store_true", help="one JSON object for machines")
    return command
