"""Decisions of many lives are, byte for byte, those of the version before."""

import json

import pytest

from support.pins import FILE, NAMES, digest_of

PINNED: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PINNED)
def test_decisions_are_those_that_were_pinned(name: str) -> None:
    """Votes, numbers, levels, memory: a change that is meant says so by new pins."""
    assert digest_of(name) == PINNED[name]


def test_everything_is_pinned() -> None:
    """No life is left out."""
    assert set(NAMES) == set(PINNED)
