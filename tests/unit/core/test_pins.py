"""Decisions of many lives are, byte for byte, those of the version before."""

import json

import pytest

from support.pins import FILE, digests

PINNED: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    """The digests that the code gives now."""
    return digests()


@pytest.mark.parametrize("name", PINNED)
def test_decisions_are_those_that_were_pinned(name: str, now: dict[str, str]) -> None:
    """Votes, numbers, levels, memory: a change that is meant says so by new pins."""
    assert now[name] == PINNED[name]


def test_everything_is_pinned(now: dict[str, str]) -> None:
    """No life is left out."""
    assert set(now) == set(PINNED)
