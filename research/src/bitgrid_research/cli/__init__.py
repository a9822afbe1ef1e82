"""``bitgrid-research``: the only place that talks to a person or a script.

An error is one sentence with its remedy, never a traceback; the exit code is an outcome's number.
Invariant: with ``--json`` exactly one JSON object goes to standard output, also for an error.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bitgrid_core.errors import BitgridError
from bitgrid_research.cli.arguments import parse_arguments
from bitgrid_research.cli.commands import run
from bitgrid_research.cli.output import print_answer, print_error
from bitgrid_research.outcome import CannotCheck, Outcome, ResearchError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        options = parse_arguments(words)
        answer = run(options)
        print_answer(answer, as_json=as_json)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has enough; nothing is wrong
        return int(Outcome.COMPLETE)
    except KeyboardInterrupt:
        print("Interrupted; run the command again to go on.", file=sys.stderr)
        return _INTERRUPTED
    except BitgridError as error:
        outcome = error.outcome if isinstance(error, ResearchError) else Outcome.CANNOT_CHECK
        print_error(error, outcome, as_json=as_json)
        return int(outcome)
    except OSError as error:
        print_error(_disk(error), Outcome.CANNOT_CHECK, as_json=as_json)
        return int(Outcome.CANNOT_CHECK)
    except Exception as error:  # noqa: BLE001 - the top of the program: nobody gets a traceback
        print_error(_fault(error), Outcome.CANNOT_CHECK, as_json=as_json)
        return int(Outcome.CANNOT_CHECK)
    return int(answer.outcome)


def _disk(error: OSError) -> CannotCheck:
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return CannotCheck(f"The disk refused: {what}.", "Check space and permissions.")


def _fault(error: Exception) -> CannotCheck:
    what = f"{type(error).__name__}: {error}"
    return CannotCheck(f"This program has a fault: {what}.", "Report it with your command.")
