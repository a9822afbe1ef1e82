"""The researcher's side as tests use it: the real command line in this process."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitgrid_research.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said with ``--json``."""

    code: int
    document: dict[str, Any]

    @property
    def findings(self) -> list[tuple[str, str]]:
        """Outcome and name of each finding, the shard's path cut off."""
        return [
            (found["outcome"], found["name"].split("/", 2)[-1])
            for found in self.document["findings"]
        ]


def research(*words: str | Path) -> Said:
    """Run ``bitgrid-research … --json``."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main([*map(str, words), "--json"])
    lines = out.getvalue().splitlines()
    assert len(lines) == 1, f"one JSON object, not {lines}"
    document = json.loads(lines[0])
    assert document["exit_code"] == code
    return Said(code=code, document=document)


def speak(*words: str | Path) -> tuple[int, str, str]:
    """Run ``bitgrid-research …`` for people: exit code, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*map(str, words)])
    return code, out.getvalue(), err.getvalue()


def pull_and_verify(source: Path, workspace: Path, *options: str | Path) -> Said:
    """Pull, then verify."""
    research("pull", source, workspace)
    return research("verify", workspace, *options)
