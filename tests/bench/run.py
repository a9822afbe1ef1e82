"""``make bench``: measures side by side and keeps the last result in ``tests/bench/last.json``.

Nothing here asserts a time: a ratio that is off its aim is for a person to read.
"""

import json
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from bench.core_speed import decisions_a_second, explained_decision, replay_of_a_year  # noqa: E402
from bench.laboratory import grid_of_policies  # noqa: E402
from bench.memory import idle_memory  # noqa: E402
from bench.safety_path import safety_path  # noqa: E402
from bench.year import year_journal  # noqa: E402

RESULT = ROOT / "tests" / "bench" / "last.json"


def main() -> int:
    """Run every measurement, print and keep the result."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.sqlite"
        _say(f"A home-year's journal is written to {journal} …")
        year_journal(journal)
        result: dict[str, object] = {
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "commit": _commit(),
            "python": platform.python_version(),
            "decisions": _measured("decisions", decisions_a_second(journal)),
            "explained": _measured("decision with explanation", explained_decision(journal)),
            "replay": _measured("replay of a home-year", replay_of_a_year(journal)),
            "safety_path": _measured("measurement over the limit to stop", safety_path()),
            "laboratory": _measured("laboratory, 20 policies over a year", grid_of_policies()),
            "idle_memory": _measured("memory of `bitgrid run`, idle", idle_memory()),
        }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    _say(f"Kept in {RESULT.relative_to(ROOT)}.")
    return 0


def _measured(name: str, figures: dict[str, object]) -> dict[str, object]:
    _say(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    return figures


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
