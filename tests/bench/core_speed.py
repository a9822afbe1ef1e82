"""Speed of the core: decisions a second, and the replay of a home-year beside its limit."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bitgrid_core import events
from bitgrid_core.engine import EngineState, step
from bitgrid_core.inputs import INPUT_KINDS, from_record
from bitgrid_core.journal.sqlite import SqliteReader, StoredBody
from bitgrid_core.replay import replay

RUNS = 3


def replay_of_a_year(journal: Path) -> dict[str, object]:
    """Replay with every event re-encoded and compared, beside loads + dumps + sha256.

    The limit loop does for the same records what no replay can do without: parse, write, hash.
    Both run in turn; the best of each counts.
    """
    with SqliteReader(journal) as reader:
        records = list(reader.bodies())
    report = replay(records)
    assert report.same, report.deviations[:3]
    replays, limits = [], []
    for _ in range(RUNS):
        replays.append(_seconds(lambda: replay(records)))
        limits.append(_seconds(lambda: _limit(records)))
    return {
        "blocks": report.blocks,
        "decisions": report.decisions,
        "switches": report.switches,
        "replay_s": round(min(replays), 2),
        "limit_s": round(min(limits), 2),
        "ratio": round(min(replays) / min(limits), 2),
        "aim": "<= 3 s and <= 3 x the limit",
    }


def decisions_a_second(journal: Path, blocks: int = 5000) -> dict[str, object]:
    """``step`` with all votes, and the event's canonical bytes."""
    with SqliteReader(journal) as reader:
        inputs = [
            from_record(record.kind, record.body)
            for record in reader.records(1, 2 * blocks)
            if record.kind in INPUT_KINDS
        ]
    made = 0
    began = perf_counter()
    state = EngineState()
    for item in inputs:
        state, decided = step(state, item)
        for event in decided:
            events.to_bytes(event)
            made += 1
    seconds = perf_counter() - began
    return {"decisions": made, "a_second": round(made / seconds)}


def _limit(records: list[StoredBody]) -> None:
    for record in records:
        value = json.loads(record.body_bytes)
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        hashlib.sha256(text.encode("utf-8")).digest()


def _seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began
