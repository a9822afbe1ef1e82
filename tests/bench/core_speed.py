"""Speed of the core: decisions a second, and the replay of a home-year beside its limit."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bitgrid_core import events
from bitgrid_core.chance import earliest_chance
from bitgrid_core.engine import EngineState, step
from bitgrid_core.explain import LANGUAGES, detail, short
from bitgrid_core.explain.chances import chance_sentence
from bitgrid_core.explain.changes import what_changes_in
from bitgrid_core.inputs import INPUT_KINDS, Input, from_record
from bitgrid_core.journal.sqlite import SqliteReader, StoredBody
from bitgrid_core.model import DecisionEvent
from bitgrid_core.policy import Policy
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
        "aim": "<= 2 x the limit",
    }


def decisions_a_second(journal: Path, blocks: int = 5000) -> dict[str, object]:
    """``step`` with all votes, and the event's canonical bytes."""
    made = 0
    began = perf_counter()
    state = EngineState()
    for item in _inputs(journal, blocks):
        state, decided = step(state, item)
        for event in decided:
            events.to_bytes(event)
            made += 1
    seconds = perf_counter() - began
    return {"decisions": made, "a_second": round(made / seconds)}


def explained_decision(journal: Path, blocks: int = 10_000) -> dict[str, object]:
    """One decision with its canonical bytes and everything that is told of it, in µs.

    That is both languages of the sentence, of every rule's line, of what would change it, and
    the earliest next chance: more than the core publishes.
    """
    took = []
    state = EngineState()
    for item in _inputs(journal, blocks):
        began = perf_counter()
        state, decided = step(state, item)
        for event in decided:
            events.to_bytes(event)
            assert state.policy is not None  # a policy comes before the first decision
            _tell(event, state.policy)
        if decided:
            took.append((perf_counter() - began) / len(decided))
    took.sort()
    return {
        "decisions": len(took),
        "p50_us": round(1e6 * took[len(took) // 2]),
        "p99_us": round(1e6 * took[len(took) * 99 // 100]),
        "aim": "p99 < 1000 us",
    }


def _tell(event: DecisionEvent, policy: Policy) -> None:
    for lang in LANGUAGES:
        short(event, lang)
        detail(event, lang)
    what_changes_in(event, policy)
    chance = earliest_chance(event, policy)
    for lang in LANGUAGES:
        chance_sentence(chance, lang)


def _inputs(journal: Path, blocks: int) -> list[Input]:
    with SqliteReader(journal) as reader:
        return [
            from_record(record.kind, record.body)
            for record in reader.records(1, 2 * blocks)
            if record.kind in INPUT_KINDS
        ]


def _limit(records: list[StoredBody]) -> None:
    for record in records:
        value = json.loads(record.body_bytes)
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        hashlib.sha256(text.encode("utf-8")).digest()


def _seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began
