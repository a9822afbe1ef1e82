"""No file that nothing reaches."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from support.tree import (
    MEMBERS,
    ROOT,
    TESTS,
    all_sources,
    all_tests,
    imports,
    module_name,
    package,
    relative,
    texts,
)


def entry_points() -> set[str]:
    """Modules that a command of some member starts."""
    found: set[str] = set()
    for member in MEMBERS:
        document = tomllib.loads((ROOT / member / "pyproject.toml").read_text(encoding="utf-8"))
        scripts: dict[str, str] = document["project"].get("scripts", {})
        found |= {target.partition(":")[0] for target in scripts.values()}
    return found


@cache
def reached() -> frozenset[str]:
    """Modules imported by another file, started by a command or named for `python -m`.

    Importing a.b.c also runs a and a.b.
    """
    names = entry_points() | {package(member) for member in MEMBERS}
    for path in all_sources():
        own = module_name(path)
        names |= {name for name in imports(path) if name != own}
        names |= {text.partition(":")[0] for text in texts(path) if text.startswith("bitgrid_")}
    split = [name.split(".") for name in names]
    return frozenset(".".join(parts[:end]) for parts in split for end in range(1, len(parts) + 1))


@pytest.mark.parametrize("path", all_sources(), ids=relative)
def test_source_is_reached(path: Path) -> None:
    """Every shipped module is imported by shipped code or started by a command."""
    assert path.stem == "__main__" or module_name(path) in reached()


@pytest.mark.parametrize("path", sorted((TESTS / "support").rglob("*.py")), ids=relative)
def test_support_is_used(path: Path) -> None:
    """Every file of tests/support is imported by a test or by other support."""
    name = ".".join(path.relative_to(TESTS).with_suffix("").parts).removesuffix(".__init__")
    users = [p for p in all_tests() if p != path]
    assert any(used == name or used.startswith(f"{name}.") for p in users for used in imports(p))
