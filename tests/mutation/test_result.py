"""The kept result of ``make mutants``: about this code, and without a survivor nobody explains."""

import json
from typing import Any

import pytest

from mutation.covered import digest
from support.tree import TESTS

RESULT = TESTS / "mutation" / "last.json"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """What the last run kept."""
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return found


def test_every_mutant_was_killed_or_is_explained(result: dict[str, Any]) -> None:
    """Most are killed; each survivor has its reason in `explained.json`."""
    assert result["unexplained"] == {}
    assert result["mutants"] > 500
    assert result["counts"]["killed"] > 9 * result["mutants"] // 10


def test_kept_result_is_of_this_code(result: dict[str, Any]) -> None:
    """Says when rules, arbiter or engine are newer than the run."""
    if result["code"] != digest():
        pytest.skip(f"the code is newer than commit {result['commit']}: run make mutants")
