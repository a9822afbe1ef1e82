"""Two versions' reports of the same records, set against each other."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bitgrid_core.cli.versions import compared
from bitgrid_core.errors import BadInput, BitgridError, CheckFailed
from bitgrid_core.journal.sqlite import SqliteJournal
from support.core_command import core
from support.site import SiteConfig, fill, inputs

OTHER = Path("/opt/other")


def one(field: str, recorded: object, replayed: object, block_id: int = 1) -> dict[str, Any]:
    """A deviation as a version lists it."""
    rest = {"load": "load-1", "field": field, "recorded": recorded, "replayed": replayed}
    return {"block_id": block_id, **rest}


def report(*listed: dict[str, Any], **changed: object) -> dict[str, Any]:
    """A version's report."""
    counts = {"blocks": 9, "decisions": 9, "deviations": len(listed)}
    return counts | {"listed": list(listed)} | changed


class Other:
    """Another version that gives one answer, and notes what it was asked."""

    def __init__(self, answer: object, code: int = 1) -> None:
        self.asked: list[list[str]] = []
        self._answer, self._code = answer, code

    def __call__(self, program: Path, words: Sequence[str]) -> tuple[int, str]:
        """See ``RunVersion``."""
        assert program == OTHER
        self.asked.append(list(words))
        if words[0] == "--version":
            return 0, "bitgrid 9.9\n"
        text = self._answer if isinstance(self._answer, str) else json.dumps(self._answer)
        return self._code, text


def test_what_only_one_version_decides_otherwise_is_named() -> None:
    """A field that deviates here, there, in both the same way, and in both differently."""
    here = report(one("level", "off", "eco"), one("action", "a", "b"), one("votes.R1", 1, 2))
    there = report(one("state", 7, 8, 2), one("action", "a", "b"), one("votes.R1", 1, 3))
    other = Other(there)
    found = compared(here, OTHER, ["j.sqlite", "--from", "T"], other)
    assert [(d.block_id, d.field, d.recorded, d.here, d.there) for d in found.found] == [
        (1, "level", "off", "eco", "off"),
        (1, "votes.R1", 1, 2, 3),
        (2, "state", 7, 7, 8),
    ]
    assert (found.there, found.decisions, found.cut) == ("bitgrid 9.9", 9, False)
    assert other.asked == [["--version"], ["replay", "j.sqlite", "--from", "T", "--json"]]


def test_report_that_does_not_list_everything_says_so() -> None:
    """More may be hidden behind a version's limit."""
    assert compared(report(), OTHER, [], Other(report(deviations=5))).cut


@pytest.mark.parametrize(
    ("answer", "code", "error", "words"),
    [
        ("Traceback", 1, BadInput, "no result"),
        ("[]", 0, BadInput, "no result"),
        ({"error": "There is no journal.", "exit_code": 2}, 2, BadInput, "There is no journal."),
        ({"blocks": 9, "decisions": 9}, 0, BadInput, "lists no deviations"),
        (report(decisions=8), 0, CheckFailed, "read 8 decisions, this version 9"),
        (report(blocks=1), 0, CheckFailed, "read 1 blocks, this version 9"),
    ],
)
def test_version_that_cannot_do_it_is_told_in_its_own_words(
    answer: object, code: int, error: type[BitgridError], words: str
) -> None:
    """Never taken for agreement."""
    with pytest.raises(error, match=words):
        compared(report(), OTHER, [], Other(answer, code))


def test_core_alone_runs_no_other_version(tmp_path: Path) -> None:
    """Only the appliance starts processes: exit 4."""
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path)
    fill(journal, inputs(SiteConfig(blocks=3)))
    journal.close()
    assert core("replay", path, "--with", tmp_path).code == 4
