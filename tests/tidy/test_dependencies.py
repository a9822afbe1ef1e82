"""What members need is declared, locked with hashes, and free of addresses."""

import importlib.metadata
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.tree import MEMBERS, ROOT, imports, imports_for_types, package, sources

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
WITH_LOCK = ("appliance", "mirror-agent", "research")
PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
each_member = pytest.mark.parametrize("member", MEMBERS)


@cache
def pins(lock: str) -> dict[str, str]:
    """Name to version of a lock."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    return dict(PIN.findall(text))


@cache
def declared(member: str, *, with_extras: bool = False) -> list[Requirement]:
    """What a member's pyproject.toml asks for from outside the house."""
    text = (ROOT / member / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    lines: list[str] = list(project["dependencies"])
    if with_extras:
        lines += [
            line for extra in project.get("optional-dependencies", {}).values() for line in extra
        ]
    return [r for r in map(Requirement, lines) if not r.name.startswith("bitgrid-")]


@each_member
def test_locks_name_what_the_member_declares(member: str) -> None:
    """Each dependency is in the common lock and, if it is no extra, in the member's own."""
    for requirement in declared(member, with_extras=True):
        assert requirement.specifier.contains(pins("dev")[requirement.name]), requirement
    for requirement in declared(member):
        assert requirement.specifier.contains(pins(member)[requirement.name]), requirement


def test_common_lock_names_what_checks_and_tests_need() -> None:
    """Each line of dev.in is locked."""
    lines = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8").splitlines()
    wanted = {
        canonicalize_name(Requirement(line).name) for line in lines if not line.startswith("#")
    }
    assert wanted <= set(pins("dev"))


@pytest.mark.parametrize("member", WITH_LOCK)
def test_member_is_locked_to_the_common_versions(member: str) -> None:
    """What is tested together is what a member gets alone."""
    assert pins(member).items() <= pins("dev").items()


@each_lock
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    """Nothing is installed whose bytes were not seen when the lock was made."""
    entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    assert [e for e in entries if not (PIN.match(e) and "--hash=sha256:" in e)] == []


@each_lock
def test_lock_names_no_address(lock: Path) -> None:
    """Where packages come from is the machine's business."""
    text = lock.read_text(encoding="utf-8")
    assert [
        word for word in ("://", "--index", "--extra-index", "--find-links") if word in text
    ] == []


@each_member
def test_member_imports_only_what_it_declares(member: str) -> None:
    """No shipped module leans on what another member or a test brings along."""
    allowed = distributions_behind(member)
    names = {n for path in sources(member) for n in imports(path) - imports_for_types(path)}
    modules = {name.partition(".")[0] for name in names}
    outside = modules - sys.stdlib_module_names - {package(m) for m in MEMBERS}
    providers = importlib.metadata.packages_distributions()
    lacking = {
        m for m in outside if allowed.isdisjoint(map(canonicalize_name, providers.get(m, [])))
    }
    assert lacking == set()


def distributions_behind(member: str) -> set[str]:
    """Declared distributions and what they themselves declare: boto3 and botocore."""
    names = {canonicalize_name(r.name) for r in declared(member, with_extras=True)}
    for name in list(names):
        lines = importlib.metadata.requires(name) or []
        names |= {canonicalize_name(Requirement(line).name) for line in lines}
    return set(names)
