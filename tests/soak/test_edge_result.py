"""The kept result of the soak campaign: complete, without a complaint, and of this very code."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.edge import campaign
from support.edge.campaign import CHECKERS, COMMAND, RESULT, digest_of_sources, faults_of, run
from support.edge.faults import Kind


def kept() -> dict[str, Any]:
    """The result as it was kept; the test is skipped before the first campaign."""
    if not RESULT.exists():
        pytest.skip(f"nobody has run the campaign yet: {COMMAND}")
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return found


def sound() -> dict[str, Any]:
    """A result as a campaign of these sources leaves it."""
    return {
        "house_days": 10_000,
        "digest": digest_of_sources(),
        "violations": dict.fromkeys(CHECKERS, 0),
        "faults": {kind.value: 7 for kind in Kind},
        "counts": {"replayed": 9, "starts": 9},
    }


def test_kept_result_holds() -> None:
    """10,000 house-days, every fault was met, and no checker complained."""
    assert faults_of(kept()) == []


def test_kept_result_is_of_this_code() -> None:
    """A result that is older than the code it covers is no proof of it."""
    if kept()["digest"] != digest_of_sources():
        pytest.skip(f"core, appliance or agent changed since the campaign: run {COMMAND}")


@pytest.mark.parametrize(
    "change",
    [
        {"house_days": 9_999},
        {"violations": dict.fromkeys(CHECKERS, 0) | {CHECKERS[0]: 1}},
        {"violations": dict.fromkeys(CHECKERS[1:], 0)},
        {"faults": {}},
        {"counts": {"replayed": 0, "starts": 9}},
    ],
    ids=["short", "violated", "unlooked", "faultless", "vacuous"],
)
def test_result_that_is_no_proof_is_refused(change: dict[str, Any]) -> None:
    """Too few days, a complaint, a checker or a fault that was not there, nothing replayed."""
    assert faults_of(sound()) == []
    assert faults_of(sound() | change) != []


def test_interrupted_campaign_goes_on(tmp_path: Path) -> None:
    """Finished seeds are not lived again, an unfinished line is; the sum is the same."""
    state, told = tmp_path / "state", list[str]()
    whole = run((1, 2, 3), 1, state, told.append)
    lines = state.read_text(encoding="utf-8").split("\n")
    state.write_text("\n".join([*lines[:2], lines[2][:9]]), encoding="utf-8")
    again = run((1, 2, 3), 1, state, told.append)
    assert len(told) == 3 + 2
    assert {name: whole[name] for name in ("counts", "faults", "house_days", "seeds")} == {
        name: again[name] for name in ("counts", "faults", "house_days", "seeds")
    }


def test_changed_sources_begin_a_campaign_anew(tmp_path: Path) -> None:
    """Lives of other code prove nothing about this one."""
    state = tmp_path / "state"
    run((1,), 1, state, lambda _line: None)
    assert len(campaign.finished(state, digest_of_sources())) == 1
    assert campaign.finished(state, "0" * 64) == []
