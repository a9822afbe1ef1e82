"""``make mutants``: would the tests notice? Changes the deciding code bit by bit and sees.

Runs mutmut over rules, arbiter and engine in a scratch copy and keeps the result in
``tests/mutation/last.json``. A mutant that survives is killed by a new test or explained in
``tests/mutation/explained.json`` by its change; anything else fails. Given the same folder again,
``python tests/mutation/run.py FOLDER``, it tries what is left of an interrupted run, what changed,
and what survived: a killed mutant stays killed as long as its function and the tests stay.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from mutation.covered import COVERED, digest  # noqa: E402

HERE = ROOT / "tests" / "mutation"
RESULT, EXPLAINED = HERE / "last.json", HERE / "explained.json"
TESTS = (
    "tests/unit/core/test_pins.py",
    "tests/unit/core/test_arbiter.py",
    "tests/unit/core/test_engine.py",
    "tests/unit/core/test_engine_state.py",
    "tests/unit/core/test_between_ticks.py",
    "tests/unit/core/test_system_stops.py",
    "tests/e2e/test_decide_table.py",
    "tests/e2e/test_decide_vectors.py",
    "tests/e2e/test_decide_precedence.py",
    "tests/e2e/test_decide_soc_band.py",
    "tests/e2e/test_decide_wishes.py",
)
"""Quick ones that say most about these modules; the properties would only kill more."""
_KILLED = (1, 3)
"""What pytest ends with when a test fails, or cannot even be collected."""
_PARTS = ("conftest.py", "support", "vectors", "unit", "e2e", "property")
_CONFIG = """\
[tool.pytest.ini_options]
pythonpath = ["tests"]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]
markers = ["slow: -", "soak: -"]
asyncio_mode = "auto"

[tool.mutmut]
source_paths = ["src"]
only_mutate = {only}
pytest_add_cli_args = ["-q", "-k", "not command_itself"]
pytest_add_cli_args_test_selection = {tests}
use_git_change_detection = false
"""


def main() -> int:
    """Prepare, run, compare, keep."""
    began = time.monotonic()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    _prepare(folder)
    _retry(folder)
    children = str(os.cpu_count() or 1)
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", children], cwd=folder, check=True
    )
    counts, survivors = _survivors(folder)
    explained: dict[str, str] = json.loads(EXPLAINED.read_text(encoding="utf-8"))
    open_ones = {name: change for name, change in survivors.items() if change not in explained}
    result = {
        "commit": _commit(),
        "code": digest(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "mutants": sum(counts.values()),
        "counts": dict(sorted(counts.items())),
        "explained": len(survivors) - len(open_ones),
        "unexplained": open_ones,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, change in open_ones.items():
        print(f"{name} survived:\n{change}\n")
    print(f"{result['mutants']} mutants, {counts}; {len(open_ones)} survivors are not explained.")
    return 1 if open_ones else 0


def _prepare(folder: Path) -> None:
    shutil.copytree(ROOT / "core" / "src", folder / "src", dirs_exist_ok=True)
    (folder / "tests").mkdir(exist_ok=True)
    for part in _PARTS:
        source, copy = ROOT / "tests" / part, folder / "tests" / part
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        else:
            shutil.copy(source, copy)
    only = [f"src/{name}" for name in COVERED]
    text = _CONFIG.format(only=json.dumps(only), tests=json.dumps(TESTS))
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def _retry(folder: Path) -> None:
    """What survived an earlier run in this folder is tried again: there may be new tests."""
    for path in (folder / "mutants" / "src").rglob("*.meta"):
        document = json.loads(path.read_text(encoding="utf-8"))
        codes = document["exit_code_by_key"]
        document["exit_code_by_key"] = {
            name: code if code in _KILLED else None for name, code in codes.items()
        }
        path.write_text(json.dumps(document, indent=4), encoding="utf-8")


def _survivors(folder: Path) -> tuple[Counter[str], dict[str, str]]:
    """How many of each outcome, and the survivors' changes by name."""
    lines = _mutmut(folder, "results", "--all", "true").splitlines()
    outcomes = dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)
    left = [name for name, outcome in outcomes.items() if outcome not in ("killed", "timeout")]
    return Counter(outcomes.values()), {name: _change(folder, name) for name in left}


def _change(folder: Path, name: str) -> str:
    """The changed lines alone, without numbers: they stay when other code moves."""
    shown = _mutmut(folder, "show", name).splitlines()
    kept = [line.rstrip() for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "\n".join(kept)


def _mutmut(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
