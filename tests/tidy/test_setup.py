"""`make setup` on machines that lack things: one sentence, and nothing done twice."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.tree import ROOT

PROGRAMS = ("awk", "cat", "cksum", "dirname", "env", "grep", "id", "sh")
"""What any system has. Neither apt-get nor age, zstd, chromium or Python are among them."""

RECORDER = '#!/bin/sh\nprintf "%s\\n" "$*" >>"$(dirname "$0")/../../calls"\n'
"""Stands for the programs of .venv: writes down what it was asked."""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout with nothing but what setup reads, on a machine with nothing but PROGRAMS."""
    for name in (".ci", "requirements", "bin"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / ".ci" / "setup", tmp_path / ".ci")
    shutil.copy(ROOT / "requirements" / "dev.lock", tmp_path / "requirements")
    (tmp_path / "core").mkdir()
    shutil.copy(ROOT / "core" / "pyproject.toml", tmp_path / "core")
    for program in PROGRAMS:
        found = shutil.which(program)
        assert found is not None
        (tmp_path / "bin" / program).symlink_to(found)
    return tmp_path


def script(path: Path, text: str) -> None:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def setup(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run setup there."""
    return subprocess.run(
        [checkout / ".ci" / "setup"],
        env={"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_python_setup_says_so_and_ends_with_3(bare: Path) -> None:
    """Who has only an old Python learns which one is needed."""
    script(bare / "bin" / "python3", "#!/bin/sh\nexit 1\n")
    done = setup(bare)
    assert done.returncode == 3
    assert "Python 3.11 or newer is not here." in done.stderr
    assert not (bare / ".venv").exists()


def test_missing_programs_without_the_right_to_install_are_named(bare: Path) -> None:
    """Setup goes on without them and says how to get them."""
    script(bare / ".venv" / "bin" / "python", RECORDER)
    script(bare / ".venv" / "bin" / "uv", RECORDER)
    done = setup(bare)
    assert done.returncode == 0
    assert "skip: " in done.stderr
    assert "sudo apt-get install" in done.stderr
    assert {"age", "zstd", "chromium"} <= set(done.stderr.split())


def test_second_setup_does_nothing_until_the_lock_changes(bare: Path) -> None:
    """What is installed stays; a new lock is installed, with hashes."""
    script(bare / ".venv" / "bin" / "python", RECORDER)
    script(bare / ".venv" / "bin" / "uv", RECORDER)
    calls = bare / "calls"
    setup(bare)
    assert "--require-hashes -r requirements/dev.lock" in calls.read_text()
    calls.unlink()
    setup(bare)
    assert not calls.exists()
    with (bare / "requirements" / "dev.lock").open("a") as lock:
        lock.write("# changed\n")
    setup(bare)
    assert calls.exists()
