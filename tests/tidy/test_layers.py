"""Who may know whom: the tree keeps the rules, and a planted violation breaks each of them."""

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.tree import MEMBERS, ROOT, all_sources, module_name, package, parsed, relative

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A line that must not stand in a file, and who must find it."""

    file: str
    code: str
    contract: str | None = None
    banned: bool = False

    @property
    def path(self) -> str:
        """Where it is planted, from the root."""
        member, _, rest = self.file.partition("/")
        return f"{member}/src/{package(member)}/{rest}"


PLANTS = [
    Plant(
        file="core/planted_clock.py",
        code="import time",
        contract="core's pure ring does no I/O",
        banned=True,
    ),
    Plant(
        file="core/archive/planted_file.py",
        code="from pathlib import Path",
        contract="core's pure ring does no I/O",
        banned=True,
    ),
    Plant(
        file="core/planted_now.py",
        code="import datetime as dt\nNOW = dt.datetime.now(dt.UTC)",
        banned=True,
    ),
    Plant(
        file="core/planted_ring.py",
        code="import bitgrid_core.journal",
        contract="core's pure ring does not know its I/O ring",
    ),
    Plant(
        file="core/planted_up.py",
        code="import bitgrid_appliance",
        contract="core imports nothing of ours",
    ),
    Plant(
        file="appliance/planted_agent.py",
        code="import bitgrid_mirror_agent",
        contract="the appliance knows only core",
    ),
    Plant(
        file="appliance/planted_adapter.py",
        code="import bitgrid_appliance.adapters.cli",
        contract="only bootstrap and cli name concrete adapters",
    ),
    Plant(
        file="appliance/planted_child.py",
        code='import asyncio\nCHILD = asyncio.create_subprocess_exec("true")',
        banned=True,
    ),
    Plant(
        file="appliance/planted_pool.py",
        code="from concurrent.futures import ProcessPoolExecutor",
        banned=True,
    ),
    Plant(
        file="appliance/planted_environment.py",
        code='import os\nHOME = os.environ["HOME"]',
        banned=True,
    ),
    Plant(
        file="mirror-agent/planted_web.py",
        code="import bitgrid_appliance",
        contract="the agent knows no other program",
    ),
    Plant(
        file="mirror-agent/planted_journal.py",
        code="from bitgrid_core import journal",
        contract="of core the agent knows archive, codec and errors",
    ),
    Plant(
        file="research/planted_house.py",
        code="import bitgrid_appliance",
        contract="research knows only core",
    ),
    Plant(
        file="research/planted_process.py",
        code="import subprocess",
        contract="only the supervisor and image_build.run start processes",
        banned=True,
    ),
    Plant(
        file="image-build/planted_core.py",
        code="import bitgrid_core",
        contract="image-build knows nobody",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of what the members ship, with its own linters."""

    root: Path

    def lint_imports(self) -> subprocess.CompletedProcess[str]:
        """Run import-linter on the copy, not on what is installed."""
        paths = os.pathsep.join(str(self.root / member / "src") for member in MEMBERS)
        return self._run("lint-imports", "--no-logo", "--no-cache", PYTHONPATH=paths)

    def ruff(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ruff's banned-api check on the copy."""
        return self._run("ruff", "check", "--no-cache", "--select", "TID251", *arguments)

    def plant(self) -> None:
        """Write every violation into a file of its own."""
        for plant in PLANTS:
            (self.root / plant.path).write_text(f'"""Planted."""\n\n{plant.code}\n')

    def _run(self, tool: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLUMNS": "400", "NO_COLOR": "1", **more}
        return subprocess.run(
            [BIN / tool, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def copied(target: Path) -> Copy:
    """Copy the members' sources and the configuration of the linters."""
    shutil.copy(ROOT / "pyproject.toml", target)
    for member in MEMBERS:
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / member / "src", target / member / "src", ignore=ignored)
        shutil.copy(ROOT / member / "pyproject.toml", target / member)
    return Copy(root=target)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What import-linter and ruff say of a tree with every violation in it."""
    copy = copied(tmp_path_factory.mktemp("planted"))
    copy.plant()
    return copy.lint_imports().stdout, copy.ruff("--output-format", "concise").stdout


def test_tree_keeps_every_contract(tmp_path: Path) -> None:
    """Nothing that ships knows more than it may, directly or through others."""
    done = copied(tmp_path).lint_imports()
    assert done.returncode == 0, done.stdout + done.stderr


def test_tree_uses_no_banned_api(tmp_path: Path) -> None:
    """Clocks, files, processes and the environment are touched only where they may be."""
    done = copied(tmp_path).ruff(".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.file)
def test_planted_violation_is_found(plant: Plant, planted: tuple[str, str]) -> None:
    """The contract breaks and names the planted module; ruff names the planted line."""
    contracts, bans = planted
    if plant.contract is not None:
        assert f"{plant.contract} BROKEN" in contracts
        assert module_name(Path(plant.path)) in contracts
    assert (plant.path in bans) == plant.banned


@pytest.mark.parametrize("path", all_sources(), ids=relative)
def test_only_settings_read_the_environment(path: Path) -> None:
    """Whoever else needs a value of the environment takes it as an argument."""
    assert path.stem == "settings" or environment_uses(parsed(path)) == set()


def environment_uses(tree: ast.Module) -> set[str]:
    """Names by which a file could read the environment."""
    wanted = {"environ", "environb", "getenv", "getenvb"}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {node.attr} & wanted if node.value.id == "os" else set()
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found |= {alias.name for alias in node.names} & wanted
    return found
