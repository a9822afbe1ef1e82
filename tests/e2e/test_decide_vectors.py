"""Readable decisions with their whole output: a changed code, byte or word is seen in review.

Each file of `tests/vectors/decisions` holds what it says, the input of `bitgrid decide`, the
output in English and the sentences in German. To accept a change, replace `output` by what
`bitgrid decide --json` prints for `input`.
"""

import json
from pathlib import Path

import pytest

from support.asking import ask
from support.tree import TESTS

FILES = sorted((TESTS / "vectors" / "decisions").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_decision_is_the_one_on_file(path: Path) -> None:
    """Event, votes, numbers, digest and sentences are as written down."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    assert ask(json.dumps(vector["input"])) == vector["output"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_german_sentences_are_those_on_file(path: Path) -> None:
    """The same decision in German, word for word."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    said = ask(json.dumps(vector["input"]), "--lang", "de")
    assert {name: said[name] for name in vector["german"]} == vector["german"]


def test_vectors_are_a_dozen_or_more() -> None:
    """A folder that is empty by mistake proves nothing."""
    assert len(FILES) >= 12
