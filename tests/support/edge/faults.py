"""Which faults a day brings: some episodes in fine steps, each with a few faults that overlap."""

import random
from dataclasses import dataclass
from enum import StrEnum

from bitgrid_core.block import BLOCK_MS, BLOCK_S, BLOCKS_PER_DAY


class Kind(StrEnum):
    """What can go wrong, and what people do."""

    LOST = "messages lost"
    LATE = "messages late"
    DUPLICATED = "messages duplicated"
    REORDERED = "messages reordered"
    INSANE = "insane messages"
    BROKER_AWAY = "broker away"
    PARTITION = "adapter cut off"
    DISK_LOST = "disk lost"
    DISK_SLOW = "disk slow"
    KILLED = "core killed, back within its lease"
    KILLED_LONG = "core killed, back after its lease"
    KILLED_MIDWAY = "core killed between two durable steps"
    STOPPED = "core ended and started"
    ADAPTER_RESTARTED = "adapter restarted"
    CLOCK_AHEAD = "wall clock jumps ahead and back"
    CLOCK_BEHIND = "wall clock jumps back and ahead"
    CLOCK_SKEWED = "adapter's clock differs"
    SENSOR_STUCK = "sensor stuck"
    SENSOR_JUMPS = "sensor jumps"
    SENSOR_MISSING = "sensor missing"
    SENSOR_SILENT = "sensor silent"
    LOAD_HOT = "load hot"
    LOAD_SILENT = "load silent"
    PEOPLE = "people ask"
    POLICY_CHANGED = "policy changed"


SITE_SIGNALS = (
    *("pv_power_w", "house_load_w", "grid_import_w", "grid_export_w"),
    *("battery_soc_pct", "battery_charge_w"),
)
LOAD_SIGNALS = ("load_power_w", "load_temp_c", "heartbeat")
_OFTEN = (Kind.PEOPLE, Kind.LOAD_HOT, Kind.KILLED_MIDWAY, Kind.SENSOR_MISSING)
_STEPS_S = (20, 20, 20, 20, 30, 30, 60, 60, 60, 10, 5)
_SUNNY = range(7 * 6, 17 * 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: what.
        from_ms: true time at which it begins.
        to_ms: when it ends; of no meaning where it happens at once.
        signal: whose sensor, where it is one.
        size_ms: by how much a clock is wrong.
        stays: nobody ever sets it right.
    """

    kind: Kind
    from_ms: int
    to_ms: int
    signal: str = ""
    size_ms: int = 0
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Some blocks in fine steps."""

    from_ms: int
    to_ms: int
    step_s: int
    faults: tuple[Fault, ...]


def day_of(draw: random.Random, start_ms: int) -> list[Episode]:
    """The episodes of one day, in order, without overlap."""
    episodes: list[Episode] = []
    free = 0
    for _ in range(draw.choice((1, 2, 3, 3))):
        sunny = draw.random() < 0.75
        block = max(free, draw.choice(_SUNNY) if sunny else draw.randrange(BLOCKS_PER_DAY))
        blocks = draw.choice((1, 1, 2))
        if block + blocks >= BLOCKS_PER_DAY:
            break
        from_ms = start_ms + block * BLOCK_MS
        episodes.append(_episode(draw, from_ms, blocks))
        free = block + blocks + draw.choice((0, 1))
    return episodes


def _episode(draw: random.Random, from_ms: int, blocks: int) -> Episode:
    to_ms = from_ms + blocks * BLOCK_MS
    kinds = [draw.choice(tuple(Kind)) for _ in range(draw.choice((1, 2, 2, 3, 3, 6)))]
    kinds += [draw.choice(_OFTEN)] * (draw.random() < 0.5)
    faults = tuple(_fault(draw, kind, from_ms, to_ms) for kind in dict.fromkeys(kinds))
    step_s = draw.choice(_STEPS_S)
    return Episode(from_ms=from_ms, to_ms=to_ms, step_s=step_s, faults=faults)


def _fault(draw: random.Random, kind: Kind, from_ms: int, to_ms: int) -> Fault:
    begin_ms = draw.randrange(from_ms, to_ms - BLOCK_MS // 4, 1000)
    end_ms = min(begin_ms + 1000 * draw.choice((20, 45, 59, 61, 90, 200, 400, 900)), to_ms)
    if kind is Kind.KILLED:
        end_ms = begin_ms + 1000 * draw.randrange(1, 55)
    elif kind is Kind.KILLED_LONG:
        end_ms = begin_ms + 1000 * draw.randrange(65, 400)
    signal = draw.choice((*SITE_SIGNALS, *LOAD_SIGNALS))
    size_s = draw.choice((2, 29, 31, 90, 600, 3600, 3600, 7200))
    if kind is Kind.CLOCK_SKEWED:
        size_s = draw.choice((-60, -20, -5, 5, 20, 29, 31, 90))
    return Fault(
        kind=kind,
        from_ms=begin_ms,
        to_ms=end_ms,
        signal=signal,
        size_ms=size_s * 1000,
        stays=size_s % BLOCK_S == 0 and draw.random() < 0.3,
    )
