"""The command ``bitgrid-mirror``: run, once, push, status, keygen.

Turns errors into one sentence with the remedy and the exit code of their class. Loads what a verb
needs and no more: boto3 comes with a consent for S3, and no web stack or message bus ever does.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bitgrid_core.errors import BadInput, BitgridError
from bitgrid_mirror_agent import settings as settings_module
from bitgrid_mirror_agent import status
from bitgrid_mirror_agent.settings import Clock, Settings
from bitgrid_mirror_agent.status import Status

_WIDTH = 72
_EXAMPLES = """\
examples:
  bitgrid-mirror once --data /var/lib/bitgrid          seal what is new, push it, end
  bitgrid-mirror run --data /var/lib/bitgrid           the same every hour, until told to end
  bitgrid-mirror status --data /var/lib/bitgrid --json what the agent knows, for machines
  bitgrid-mirror keygen --output recovery.key          an age key pair for a recipient

exit codes: 0 done, 1 a check failed, 2 wrong use or bad input, 3 a dependency is not there,
4 refused (consent), 5 storage or disk
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.verb_function(options))
    except BitgridError as error:
        _report(error, as_json=options.json)
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bitgrid-mirror",
        description="Seals copies of the journal and pushes them one way, if a consent allows it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    run = _verb(verbs, "run", "stay and push at intervals", _run)
    run.add_argument("--stdin-guard", action="store_true", help="end when standard input closes")
    run.add_argument("--interval", type=int, metavar="S", help="seconds between two pushes")
    _verb(verbs, "once", "seal what is new, push it, end", _once)
    _verb(verbs, "push", "push what waits, seal nothing", _push)
    _verb(verbs, "status", "print the last status", _status)
    keygen = _verb(verbs, "keygen", "make an age key pair, for a recipient", _keygen)
    keygen.add_argument("--output", type=Path, metavar="FILE", help="new file for the secret key")
    return parser


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    function: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.set_defaults(verb_function=function)
    verb.add_argument("--json", action="store_true", help="print JSON for machines")
    if name != "keygen":
        verb.add_argument(
            "--data", type=Path, default=Path("data"), metavar="DIR", help="data directory (data)"
        )
        verb.add_argument(
            "--clock",
            choices=[str(clock) for clock in Clock],
            help="wall, or outbox for a demo in virtual time",
        )
    return verb


def _settings(options: argparse.Namespace) -> Settings:
    given = {"clock": options.clock, "interval_s": getattr(options, "interval", None)}
    if not options.data.is_dir():
        raise BadInput(
            f"{options.data} is not a directory.", "Give core's data directory by --data."
        )
    return settings_module.load(
        options.data, {name: value for name, value in given.items() if value is not None}
    )


def _once(options: argparse.Namespace) -> int:
    return _turn(options, seal=True)


def _push(options: argparse.Namespace) -> int:
    return _turn(options, seal=False)


def _turn(options: argparse.Namespace, *, seal: bool) -> int:
    from bitgrid_mirror_agent.bootstrap import build

    settings = _settings(options)
    progress = status.Progress(settings.state, _show)
    found = build(settings, _wait_without_end, progress).turn(seal=seal)
    _print(found.document, as_json=options.json)
    return 0


def _run(options: argparse.Namespace) -> int:
    from bitgrid_mirror_agent.service import run

    run(_settings(options), stdin_guard=options.stdin_guard, report=_report)
    return 0


def _status(options: argparse.Namespace) -> int:
    _print(status.read(_settings(options).state), as_json=options.json)
    return 0


def _keygen(options: argparse.Namespace) -> int:
    from bitgrid_mirror_agent import durable, keys

    pair = keys.age_key_pair(secrets.token_bytes)
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = f"# created: {created}\n# public key: {pair.recipient}\n{pair.identity}\n"
    if options.output is None:
        if options.json:
            raise BadInput("keygen --json would print a secret key.", "Add --output FILE.")
        sys.stdout.write(text)
        return 0
    durable.create_secret(options.output, text)
    if options.json:
        print(json.dumps({"recipient": pair.recipient, "file": str(options.output)}))
    else:
        print(f"Public key: {pair.recipient}")
    return 0


def _show(now: Status) -> None:
    """One line on a terminal that is written over and over."""
    if sys.stderr.isatty():
        line = f"sealed {now.sealed_objects}, waiting {now.pending}, pushed {now.bytes_pushed} B"
        sys.stderr.write(f"\r{line:<{_WIDTH}}\r")


def _wait_without_end(wait_ms: int) -> bool:
    time.sleep(wait_ms / 1000)
    return False


def _print(document: object, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document, sort_keys=True))
        return
    assert isinstance(document, dict)
    for name, value in document.items():
        if name != "v" and value is not None:
            print(f"{name.replace('_', ' '):<16} {value}")


def _report(error: BitgridError, *, as_json: bool = False) -> None:
    if as_json:
        print(json.dumps({"error": error.message, "hint": error.hint, "code": error.exit_code}))
    else:
        print(f"bitgrid-mirror: {error}", file=sys.stderr)
