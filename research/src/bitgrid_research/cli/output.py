"""How answers look: for people line by line, for machines as one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bitgrid_core.errors import BitgridError
from bitgrid_research.outcome import Finding, Outcome

MOST_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command has to say.

    Args:
        outcome: decides the exit code.
        document: fields of the JSON object beside outcome, exit code and findings.
        lines: the same for people.
        findings: what is not as it should be, the first thing first.
        verdict: whether the outcome itself is printed for people.
    """

    outcome: Outcome
    document: Mapping[str, object]
    lines: Sequence[str]
    findings: Sequence[Finding] = field(default=())
    verdict: bool = True


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print an answer to standard output."""
    if as_json:
        findings = [finding.as_json() for finding in answer.findings]
        print(json.dumps({**_head(answer.outcome), **answer.document, "findings": findings}))
        return
    for line in answer.lines:
        print(line)
    for finding in answer.findings[:MOST_LISTED]:
        print(f"{finding.outcome.label}: {finding.name}: {finding.what}")
    if len(answer.findings) > MOST_LISTED:
        print(f"… and {len(answer.findings) - MOST_LISTED} more findings; --json lists them all.")
    if answer.verdict:
        print(f"=> {answer.outcome.label}")


def print_error(error: BitgridError, outcome: Outcome, *, as_json: bool) -> None:
    """Print an error: one sentence and its remedy."""
    if as_json:
        text = {"message": error.message, "hint": error.hint}
        print(json.dumps({**_head(outcome), "error": text, "findings": []}))
    else:
        print(f"bitgrid-research: {error}", file=sys.stderr)


def _head(outcome: Outcome) -> dict[str, object]:
    return {"outcome": outcome.label, "exit_code": int(outcome)}
