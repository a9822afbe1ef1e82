"""Many lives: spread over the cores, resumed where they were interrupted, summed up and kept.

A state file holds one line per finished life of the present sources; when the sources change, it
begins anew. Only the sum is kept with the project.
"""

import gc
import hashlib
import json
import multiprocessing
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from support.edge.checkers import EVENT_CHECKERS, MOMENT_CHECKERS
from support.edge.faults import Kind
from support.edge.life import live
from support.edge.report import Report
from support.tree import ROOT, sources

RESULT = ROOT / "tests" / "soak" / "edge.json"
STATE = ROOT / "tests" / "soak" / ".edge-state.jsonl"
COVERED = ("core", "appliance", "mirror-agent")
HOUSE_DAYS = 10_000
DAYS = 2
"""Days of one life: the second begins with what the first left behind."""
COMMAND = "make soak"
CHECKERS = (
    *(check.__name__ for check in (*EVENT_CHECKERS, *MOMENT_CHECKERS)),
    *("restart_goes_on_where_it_was", "core_never_breaks", "every_decision_is_explained"),
    *("journal_verifies", "replay_is_identical"),
    *("agent_never_breaks", "mirrored_copy_verifies", "mirrored_copy_replays"),
)
"""Everything that may complain."""

Document: TypeAlias = dict[str, Any]


def digest_of_sources(root: Path = ROOT) -> str:
    """SHA-256 over names and contents of everything that a result covers."""
    found = hashlib.sha256()
    for path in (path for member in COVERED for path in sources(member)):
        data = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode())
        found.update(data)
    return found.hexdigest()


def commit() -> str:
    """The commit that is checked out, or nothing where there is no git."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def to_line(report: Report) -> Document:
    """A finished life as a line of the state file."""
    return {
        "seed": report.seed,
        "days": report.days,
        "cpu_ms": report.cpu_ms,
        "counts": report.counts,
        "faults": report.faults,
        "violations": report.violations,
        "said": report.text() if report.complaints else "",
    }


def finished(state: Path, digest: str) -> list[Document]:
    """The lives of these sources that are done; an unfinished last line is not."""
    if not state.exists():
        return []
    lines = state.read_text(encoding="utf-8").split("\n")[:-1]
    if not lines or json.loads(lines[0]).get("digest") != digest:
        return []
    return [json.loads(line) for line in lines[1:]]


def run(seeds: Iterable[int], days: int, state: Path, tell: Callable[[str], None]) -> Document:
    """Live what is not done yet, on all cores; the sum of everything that is.

    Args:
        seeds: of the lives.
        days: of each.
        state: file of finished lives.
        tell: told the progress now and then.
    """
    digest, begun_s = digest_of_sources(), time.monotonic()
    wanted = set(seeds)
    done = {one["seed"]: one for one in finished(state, digest) if one["days"] == days}
    left = sorted(wanted - done.keys())
    with state.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"digest": digest}) + "\n")
        for one in done.values():
            file.write(json.dumps(one) + "\n")
        file.flush()
        with multiprocessing.Pool(initializer=gc.freeze) as pool:
            for report in pool.imap_unordered(partial(live, days=days), left):
                done[report.seed] = to_line(report)
                file.write(json.dumps(done[report.seed]) + "\n")
                file.flush()
                tell(progress(len(wanted & done.keys()), len(wanted), report))
    lives = [done[seed] for seed in sorted(wanted)]
    return summed(lives, digest, round(time.monotonic() - begun_s))


def progress(count: int, wanted: int, report: Report) -> str:
    """One line for people, and everything that a checker said."""
    line = f"{count * report.days} of {wanted * report.days} house-days"
    return f"{line}\n{report.text()}" if report.complaints else line


def summed(lives: list[Document], digest: str, duration_s: int) -> Document:
    """What is kept of a campaign."""
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter({kind.value: 0 for kind in Kind})
    violations: Counter[str] = Counter(dict.fromkeys(CHECKERS, 0))
    for one in lives:
        counts.update(one["counts"])
        faults.update(one["faults"])
        violations.update(one["violations"])
    seeds = [one["seed"] for one in lives]
    return {
        "v": 1,
        "house_days": sum(one["days"] for one in lives),
        "lives": len(lives),
        "seeds": [min(seeds), max(seeds)] if seeds else [],
        "commit": commit(),
        "digest": digest,
        "duration_s": duration_s,
        "cpu_s": sum(one["cpu_ms"] for one in lives) // 1000,
        "violations": dict(sorted(violations.items())),
        "faults": dict(sorted(faults.items())),
        "counts": dict(sorted(counts.items())),
        "said": [one["said"] for one in lives if one["said"]][:20],
    }


def faults_of(result: Document, least_days: int = HOUSE_DAYS) -> list[str]:
    """Why a kept result is no proof; nothing where it is one."""
    found = [f"{name}: {count}" for name, count in result["violations"].items() if count]
    found += [f"{name} never looked" for name in CHECKERS if name not in result["violations"]]
    found += [f"{kind} was never met" for kind in Kind if not result["faults"].get(kind.value)]
    if result["house_days"] < least_days:
        found.append(f"{result['house_days']} house-days are fewer than {least_days}")
    if not result["counts"].get("replayed") or not result["counts"].get("starts"):
        found.append("nothing was started or nothing replayed")
    return found
