"""The command ``bitgrid``: the appliance's verbs, and core's.

Turns every error into one sentence with its remedy and a documented exit code; a person never
sees a traceback.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Final, cast

from bitgrid_appliance import __version__
from bitgrid_appliance.closed_days import open_lines
from bitgrid_appliance.commands import lab, run
from bitgrid_appliance.keys import check_signature
from bitgrid_appliance.policies import load_document
from bitgrid_appliance.supervisor import run_version
from bitgrid_appliance.wording import SentenceParser
from bitgrid_core.cli import Services, add_verbs
from bitgrid_core.cli.services import Subparsers
from bitgrid_core.errors import BitgridError, StorageError

_CODES: Final = """\
exit codes: 0 done, 1 a check failed, 2 wrong use or bad input, 3 a dependency is not there,
4 refused (role, consent, safety), 5 storage or disk
"""
_INTERRUPTED: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options: argparse.Namespace | None = None
    try:
        options = _parser().parse_args(words)
        return int(options.run(options))
    except BitgridError as error:
        return _report(error, as_json="--json" in words)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        what = f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
        return _report(StorageError(what, "Check the disk."), as_json="--json" in words)
    except KeyboardInterrupt:
        sys.stderr.write("\nbitgrid: ended.\n")
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = SentenceParser(
        prog="bitgrid",
        description="One edge node that decides locally and explains every decision.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bitgrid {__version__}")
    verbs = cast("Subparsers", parser.add_subparsers(metavar="VERB", required=True))
    run.add(verbs)
    lab.add(verbs)
    services = Services(
        check_signature=check_signature,
        load_document=load_document,
        run_version=run_version,
        openers={".zst": open_lines},
    )
    add_verbs(verbs, services)
    return parser


def _report(error: BitgridError, *, as_json: bool) -> int:
    if as_json:
        document = {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
        print(json.dumps(document, ensure_ascii=False))
    else:
        print(f"bitgrid: {error}", file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
