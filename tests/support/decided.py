"""A journal with real decisions: synthetic windows through core's engine, each input a record."""

from __future__ import annotations

from bitgrid_core.block import BLOCK_S
from bitgrid_core.chain import Draft, Record
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_body
from bitgrid_core.inputs import BlockClosed, Input, PolicyChanged, to_record
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.policy import default_policy

FIRST_BLOCK = 2_862_000  # 2024-06-01T00:00Z
DAY = 144
START_MS = FIRST_BLOCK * BLOCK_S * 1000


def window(number: int) -> BlockAggregates:
    """One block of a day whose sun rises and falls in steps, so that the miner switches."""
    sun_w = max(0, 6000 - 100 * abs(number % DAY - DAY // 2))
    values = {
        "pv_power_w": sun_w,
        "house_load_w": 500,
        "grid_import_w": max(0, 500 - sun_w),
        "grid_export_w": max(0, sun_w - 500),
        "battery_soc_pct": 800,
    }
    own = {"load_power_w": 0, "load_temp_c": 40_000, "heartbeat": 1}
    return BlockAggregates(
        block_id=FIRST_BLOCK + number,
        local_day=20240601 + number // DAY,
        site={name: _steady(value) for name, value in values.items()},
        loads={"load-1": {name: _steady(value) for name, value in own.items()}},
    )


class Decider:
    """A journal that begins with its policy and grows block by block."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self._state = EngineState()
        self._next = 0
        self._take(PolicyChanged(policy=default_policy()))

    def decide(self, blocks: int) -> None:
        """Decide the next blocks."""
        for number in range(self._next, self._next + blocks):
            self._next = number
            self._take(BlockClosed(window=window(number)))
        self._next += 1

    def _take(self, item: Input) -> None:
        kind, body = to_record(item)
        self._state, events = step(self._state, item)
        drafts = [Draft(kind=kind, body=body)]
        drafts += [Draft(kind="decision", body=to_body(event)) for event in events]
        self.journal.append(drafts, START_MS + self._next * BLOCK_S * 1000)


def decided(blocks: int) -> list[Record]:
    """The records of a policy and so many decided blocks."""
    decider = Decider()
    decider.decide(blocks)
    return list(decider.journal.records())


def _steady(value: int) -> Aggregate:
    return Aggregate(mean=value, last=value, low=value, high=value, samples=10, age_ms=1000)
