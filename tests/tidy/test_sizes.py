"""Small files, small functions, few parameters, a sentence on every test; without exceptions."""

import ast
import re
from pathlib import Path

import pytest

from support.tree import ROOT, TESTS, all_sources, all_tests, functions, relative

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 5
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
REASONED_IGNORE = re.compile(r"# type: ignore\[[a-z0-9, -]+\]  ?# \S")

everything = pytest.mark.parametrize("path", [*all_sources(), *all_tests()], ids=relative)


@everything
def test_file_is_short(path: Path) -> None:
    """A file that one can read in one go."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@everything
def test_functions_are_short(path: Path) -> None:
    """A function that fits on a screen."""
    long = {f.name: n for f in functions(path) if (n := lines_of(f)) > MAX_FUNCTION_LINES}
    assert long == {}


@everything
def test_functions_take_few_parameters(path: Path) -> None:
    """A call whose arguments one can keep in mind."""
    many = {f.name: n for f in functions(path) if (n := parameters_of(f)) > MAX_PARAMETERS}
    assert many == {}


@everything
def test_names_of_files_say_something(path: Path) -> None:
    """A file is named by a word of the glossary, not by where leftovers go."""
    assert VAGUE_NAMES.isdisjoint({*path.relative_to(ROOT).parts, path.stem})


@everything
def test_type_ignores_have_code_and_reason(path: Path) -> None:
    """Whoever overrules mypy says in what and why."""
    lines = path.read_text(encoding="utf-8").splitlines()
    marker = "# type: " + "ignore"
    bare = [line for line in lines if marker in line and not REASONED_IGNORE.search(line)]
    assert bare == [] or path == Path(__file__)


@pytest.mark.parametrize("path", all_tests(), ids=relative)
def test_every_test_says_what_must_hold(path: Path) -> None:
    """Each test has a docstring, and no two share one name in a file."""
    tests = [f for f in functions(path) if f.name.startswith("test_")]
    assert [f.name for f in tests if not ast.get_docstring(f)] == []
    assert len({f.name for f in tests}) == len(tests)


@pytest.mark.parametrize("path", all_tests(), ids=relative)
def test_folders_of_tests_are_importable_names(path: Path) -> None:
    """Folder is kind, then member, spelled so that mypy can name the module."""
    assert all(part.isidentifier() for part in path.relative_to(TESTS).with_suffix("").parts)


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From def to the last line of the body."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Named parameters, positional or keyword-only, without self and cls."""
    spec = function.args
    names = [p.arg for p in (*spec.posonlyargs, *spec.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    return len(names) + len(spec.kwonlyargs)
