"""The kept result of ``make mutants``: about this code, and with ever fewer survivors that nobody explains."""

import json
from typing import Any

import pytest

from mutation.covered import digest
from support.tree import TESTS

OPEN = 40
RESULT = TESTS / "mutation" / "last.json"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """What the last run kept."""
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return found


def test_no_more_mutants_survive_without_a_reason_than_before(result: dict[str, Any]) -> None:
    """The number only goes down; at 0 each survivor has its reason in `explained.json`."""
    assert len(result["unexplained"]) <= OPEN
    assert result["mutants"] > 2000
    assert result["counts"]["killed"] > 97 * result["mutants"] // 100


def test_kept_result_is_of_this_code(result: dict[str, Any]) -> None:
    """Says when rules, arbiter or engine are newer than the run."""
    if result["code"] != digest():
        pytest.skip(f"the code is newer than commit {result['commit']}: run make mutants")
