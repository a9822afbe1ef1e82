"""A small site that lives through everything: inputs for the engine, and journals made of them.

Deterministic: a seed gives the same inputs on every machine. Blocks have gaps, stale and missing
signals; leases end, people override and change their minds, policies change under running
loads, blocks are missed, windows arrive too late.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from bitgrid_core.block import block_start_ms
from bitgrid_core.chain import Draft
from bitgrid_core.codec import Json
from bitgrid_core.context import Aggregate, BlockAggregates
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    ClockJumped,
    Confirmed,
    Input,
    JournalLost,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
    SafetyMeasured,
    TimeBoxExceeded,
    to_record,
)
from bitgrid_core.journal import Journal
from bitgrid_core.model import OFF, Autonomy, Override
from bitgrid_core.policy import Policy, parse_policy
from bitgrid_core.signals import Quality

FIRST_BLOCK = 2_862_000
LEVELS = ("eco", "standard", "super")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """How a site is to live.

    Attributes:
        seed: decides everything.
        blocks: how many blocks pass.
        loads: 1 to 3.
        events: how often in a thousand blocks each of the rarer things happens.
        quiet: only windows, none of the rarer things.
    """

    seed: int = 1
    blocks: int = 60
    loads: int = 2
    events: int = 80
    quiet: bool = False


@dataclass(slots=True)
class _Life:
    """What the generator remembers of the site's loads."""

    rng: Random
    loads: list[str]
    running: set[str] = field(default_factory=set)


def policy(loads: int = 2, changed: Mapping[str, object] | None = None) -> Policy:
    """A policy that starts and stops often: short counters, a low surplus."""
    document: dict[str, object] = {
        "min_predicted_pv_kw": "0.5",
        "min_runtime_blocks": 2,
        "loads": [
            {"id": f"load-{number}", "priority": number, "throttle_starts": number != 2}
            for number in range(1, loads + 1)
        ],
    }
    return parse_policy(document | dict(changed or {}))


def inputs(config: SiteConfig) -> Iterator[Input]:
    """Everything that happens to the site, in order."""
    rng = Random(config.seed)
    life = _Life(rng=rng, loads=[f"load-{n}" for n in range(1, config.loads + 1)])
    yield PolicyChanged(policy=policy(config.loads))
    block_id = FIRST_BLOCK
    for _ in range(config.blocks):
        if not config.quiet:
            yield from _rarer(life, config, block_id)
            if _happens(rng, config.events):
                missed = rng.randint(1, 5)
                yield BlocksMissed(first_block=block_id, last_block=block_id + missed - 1)
                block_id += missed
        yield BlockClosed(window=window(rng, block_id, life.loads))
        if not config.quiet and block_id % 2:
            yield Confirmed(load=life.loads[block_id % len(life.loads)], block_id=block_id)
        if not config.quiet and _happens(rng, config.events // 2):
            yield BlockClosed(window=window(rng, block_id - rng.randint(0, 3), life.loads))
        block_id += 1


def windows(config: SiteConfig) -> list[BlockAggregates]:
    """Only the windows of a site's inputs."""
    return [item.window for item in inputs(config) if isinstance(item, BlockClosed)]


def window(rng: Random, block_id: int, loads: Iterable[str]) -> BlockAggregates:
    """A window of half a day in which the sun comes and goes by the hour."""
    sun = max(0, 6000 - 400 * abs(block_id % 24 - 12) - rng.choice((0, 0, 1500, 4000)))
    used = rng.randint(200, 900)
    site = {
        "pv_power_w": _aggregate(rng, sun),
        "house_load_w": _aggregate(rng, used),
        "grid_import_w": _aggregate(rng, rng.choice((0, 0, 0, 300, 1800))),
        "grid_export_w": _aggregate(rng, max(0, sun - used)),
        "battery_soc_pct": _aggregate(rng, rng.choice((490, 570, 640, *[900] * 9))),
        "battery_charge_w": _aggregate(rng, rng.randint(0, 300)),
    }
    return BlockAggregates(
        block_id=block_id,
        local_day=20_240_601 + block_id // 144 % 28,
        site={name: item for name, item in site.items() if item is not None},
        loads={load: _telemetry(rng) for load in loads},
        pv_forecast_w=tuple(rng.choice((None, sun, sun + 500)) for _ in range(6)),
    )


def fill(journal: Journal, items: Iterable[Input]) -> EngineState:
    """Step through inputs and record them: one append for each, with what it caused."""
    state = EngineState()
    at_ms = block_start_ms(FIRST_BLOCK)
    for item in items:
        state, events = step(state, item)
        kind, body = to_record(item)
        if isinstance(item, BlockClosed):
            at_ms = max(at_ms, block_start_ms(item.window.block_id))
        by_person = kind in ("override", "autonomy")
        names: dict[str, Json] = {"by": "user-1", "name": "Ada"} if by_person else {}
        decisions = [Draft(kind="decision", body=to_body(event)) for event in events]
        journal.append([Draft(kind=kind, body=body, private=names), *decisions], at_ms)
    return state


def _rarer(life: _Life, config: SiteConfig, block_id: int) -> Iterator[Input]:
    rng, load = life.rng, life.rng.choice(life.loads)
    if _happens(rng, config.events):
        yield LeaseEnded(load=load, block_id=block_id - rng.randint(0, 1))
        yield LeaseEnded(load=rng.choice(life.loads), block_id=block_id)
    if _happens(rng, config.events):
        yield AutonomySet(autonomy=rng.choice(list(Autonomy)))
    if _happens(rng, 2 * config.events):
        yield OverrideSet(load=load, override=_override(rng, block_id), block_id=block_id)
    yield from _between_ticks(Random(f"{config.seed}/{block_id}"), config, load, block_id)
    if _happens(rng, config.events // 2):
        yield PolicyChanged(policy=_changed(rng, len(life.loads)))


def _between_ticks(rng: Random, config: SiteConfig, load: str, block_id: int) -> Iterator[Input]:
    """What comes between two ticks, by a stream of its own."""
    if block_id == FIRST_BLOCK:
        return
    if _happens(rng, config.events):
        signal = rng.choice(("load_temp_c", "load_temp_c", "heartbeat"))
        yield SafetyMeasured(
            load=load,
            signal=signal,
            value=rng.choice((None, 60_001, 86_000)),
            at_ms=block_start_ms(block_id) + 1,
            block_id=block_id - rng.randint(0, 1),
            quality=rng.choice(list(Quality)),
        )
    if _happens(rng, config.events // 2):
        yield SafetyMeasured(
            load=None, signal="grid_import_w", value=None, at_ms=0, block_id=block_id,
            quality=Quality.SUSPECT,
        )  # fmt: skip
    yield from _of_system(rng, config, block_id)


def _of_system(rng: Random, config: SiteConfig, block_id: int) -> Iterator[Input]:
    """What happens to the appliance itself, before and after the block's own tick."""
    if _happens(rng, config.events // 4):
        yield ClockJumped(drift_ms=rng.choice((-90_000, 31_000)))
    if _happens(rng, config.events // 4):
        yield JournalLost(block_id=block_id - rng.randint(0, 1))
    if _happens(rng, config.events // 4):
        yield TimeBoxExceeded(block_id=block_id - rng.randint(0, 1), took_ms=5_001)


def _override(rng: Random, block_id: int) -> Override | None:
    action = rng.choice(("START", "STOP", "LIMIT", None))
    if action is None:
        return None
    level = (
        None if action == "STOP" else rng.choice((*LEVELS, OFF) if action == "LIMIT" else LEVELS)
    )
    return Override(action=action, level=level, until_block=block_id + rng.randint(0, 8))


def _changed(rng: Random, loads: int) -> Policy:
    """Another policy for the same loads; sometimes a load has one level only."""
    levels = rng.choice(({"eco": 800}, {"eco": 700, "standard": 1400}, None))
    document: dict[str, object] = {"id": "load-1", "priority": 1}
    first = document if levels is None else document | {"levels_w": levels}
    rest = [{"id": f"load-{n}", "priority": n} for n in range(2, loads + 1)]
    changed = {
        "version": rng.randint(2, 9),
        "loads": [first, *rest],
        "max_starts_per_day": rng.choice((None, 2)),
        "surplus_lost_blocks": rng.randint(1, 3),
        "forecast_lookahead_min": rng.choice((30, 60)),
    }
    return policy(loads, changed)


def _happens(rng: Random, permille: int) -> bool:
    return rng.randrange(1000) < permille


def _aggregate(rng: Random, value: int) -> Aggregate | None:
    """A signal's window: mostly there, sometimes old, without value, or never seen."""
    fate = rng.randrange(100)
    if fate == 0:
        return None
    if fate == 1:
        return Aggregate(None, value, None, None, 0, 120_000, Quality.STALE)
    if fate == 2:
        return Aggregate(None, None, None, None, 0, None, Quality.MISSING)
    return Aggregate(value, value, value - value // 9, value + value // 9, 20, 30_000)


def _telemetry(rng: Random) -> dict[str, Aggregate]:
    found = {
        "load_power_w": _aggregate(rng, rng.choice((0, 800, 1300, 1674))),
        "load_temp_c": _aggregate(rng, 55_000 + rng.randint(0, 20) ** 3 * 4),
        "heartbeat": _heartbeat(rng),
    }
    return {name: item for name, item in found.items() if item is not None}


def _heartbeat(rng: Random) -> Aggregate | None:
    """The newest count, mostly fresh; beyond a minute the load counts as silent."""
    if rng.randrange(40) == 0:
        return None
    return Aggregate(1, 7, 1, 7, 20, rng.randint(0, 8) ** 5 * 2)
