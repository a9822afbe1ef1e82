"""One member installed alone works: the agent carries no web stack, core carries nothing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.tree import ROOT, TESTS, package

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

UV = Path(sys.executable).parent / "uv"
WEB = ("fastapi", "starlette", "uvicorn", "aiomqtt", "paho", "amqtt")
TEST_TOOLS = ("hypothesis", "pytest", "pytest-asyncio", "pytest-timeout")
ORACLES = ("cryptography", "pyrage", "zstandard")
"""Independent implementations that unit tests compare with; added after the imports are proven."""

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run to a good end and give what was printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def wheel(member: str, folder: Path) -> Path:
    """Build a member's wheel from a copy, as it would be published."""
    source = folder / member
    shutil.copytree(ROOT / member, source, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def installed(folder: Path, *members: str) -> Path:
    """The Python of a fresh environment with these members and their own lock, nothing else."""
    python = folder / "venv" / "bin" / "python"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    install = (UV, "pip", "install", "--quiet", "--python", python, "--no-deps")
    lock = ROOT / "requirements" / f"{members[-1]}.lock"
    if lock.exists():
        run(*install, "--require-hashes", "-r", lock)
    run(*install, *(wheel(member, folder) for member in members))
    return python


def run_unit_tests(python: Path, member: str) -> None:
    """Add the test tools at their locked versions and run the member's unit tests."""
    lock = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")
    pins = "\n".join(re.findall(r"^\S+==[^\\\n]*", lock, re.MULTILINE))
    constraints = python.parent / "constraints.txt"
    constraints.write_text(pins)
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "-c",
        constraints,
        *TEST_TOOLS,
        *ORACLES,
    )
    folder = TESTS / "unit" / package(member).removeprefix("bitgrid_")
    run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder, cwd=ROOT)


def test_core_alone_imports_and_passes(tmp_path: Path) -> None:
    """Core needs the standard library and nothing else."""
    python = installed(tmp_path, "core")
    run(python, "-c", IMPORT_ALL, package("core"))
    names = run(UV, "pip", "freeze", "--python", python).split()
    assert {name for name in names if "==" in name or name.startswith("bitgrid")} == {
        "bitgrid-core"
    }
    run_unit_tests(python, "core")


def test_agent_alone_imports_and_passes_without_a_web_stack(tmp_path: Path) -> None:
    """The one-way agent has no server, no broker client and no appliance on board."""
    python = installed(tmp_path, "core", "mirror-agent")
    run(python, "-c", IMPORT_ALL, package("mirror-agent"))
    probe = (
        "import sys; from importlib.util import find_spec;"
        "print([name for name in sys.argv[1:] if find_spec(name)])"
    )
    assert run(python, "-c", probe, *WEB, "bitgrid_appliance").strip() == "[]"
    run_unit_tests(python, "mirror-agent")


def test_research_alone_imports_and_passes(tmp_path: Path) -> None:
    """The researcher's side needs nothing of the appliance."""
    python = installed(tmp_path, "core", "research")
    run(python, "-c", IMPORT_ALL, package("research"))
    run_unit_tests(python, "research")
