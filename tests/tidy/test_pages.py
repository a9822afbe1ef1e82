"""What the pages promise exists: commands, options, links, records of decisions."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from support.tree import ROOT, pages, relative

BIN = Path(sys.executable).parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
PROOF = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
PROGRAMS = ("bitgrid", "bitgrid-adapter", "bitgrid-mirror", "bitgrid-research", "bitgrid-image")
ADR = ROOT / "docs" / "adr"
MAX_RECORD_LINES = 40

each_page = pytest.mark.parametrize("page", pages(), ids=relative)
each_record = pytest.mark.parametrize("record", sorted(ADR.glob("0*.md")), ids=lambda p: p.name)


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command in a page: every line of `sh`, lines after `$ ` of `console`."""
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        joined = body.replace("\\\n", " ")
        for line in joined.splitlines():
            prompt = line.startswith("$ ")
            if (language == "sh" and not line.startswith("#")) or (
                language == "console" and prompt
            ):
                for part in re.split(r"&&|\||;", line.removeprefix("$ ").partition(" #")[0]):
                    yield part.split()


@each_page
def test_make_targets_of_pages_exist(page: Path) -> None:
    """Each `make X` in a page is a target of the Makefile."""
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    used = {word for words in commands(page) if words[:1] == ["make"] for word in words[1:]}
    assert {word for word in used if "=" not in word} <= targets


@each_page
def test_commands_of_pages_exist_with_their_options(page: Path) -> None:
    """Each of our commands in a page has that verb, and help that names those options."""
    for words in commands(page):
        program = Path(words[0]).name if words else ""
        if program in PROGRAMS:
            text = help_of(program, tuple(verbs(words[1:])))
            options = {w.partition("=")[0] for w in words if w.startswith("--")} - {"--help"}
            assert {o for o in options if o not in text} == set(), words


@each_page
def test_links_of_pages_lead_somewhere(page: Path) -> None:
    """Each relative link in a page is a file or folder of the project."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target and "mailto:" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@each_page
def test_proofs_of_pages_exist(page: Path) -> None:
    """Each `tests/….py::test_…` that a page names as its proof is a test of the project."""
    for name, test in PROOF.findall(page.read_text(encoding="utf-8")):
        proof = ROOT / name
        assert proof.is_file(), name
        text = proof.read_text(encoding="utf-8")
        assert not test or re.search(
            rf"^(async )?(def|class) {test}\b|^{test} =", text, re.MULTILINE
        ), test


@each_record
def test_record_is_listed_and_short(record: Path) -> None:
    """Each record of a decision stands in the list and says context, decision and what lost."""
    text = record.read_text(encoding="utf-8")
    assert f"({record.name})" in (ADR / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_RECORD_LINES
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "What lost"]


def test_numbers_of_records_are_unique() -> None:
    """A number means one decision, for ever."""
    numbers = [record.name[:4] for record in ADR.glob("0*.md")]
    assert len(set(numbers)) == len(numbers)


def verbs(words: list[str]) -> Iterator[str]:
    """The leading plain words: `journal verify` of `journal verify DIR --json`."""
    for word in words:
        if not re.fullmatch(r"[a-z]+", word):
            return
        yield word


@cache
def help_of(program: str, verb: tuple[str, ...]) -> str:
    """What a command says of itself; it must end well and need nothing."""
    done = subprocess.run(
        [BIN / program, *verb, "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
