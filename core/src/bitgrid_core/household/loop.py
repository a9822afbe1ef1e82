"""The closed loop in one process: household → context → engine → household, without a broker.

The same parts as the appliance's, wired by hand, so that a year takes seconds: the **same** engine
and rules, never a second one. Pure: time is the household's. Invariant: what the collector hears
are the values that the messages would have carried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from bitgrid_core.block import BLOCK_MS, BLOCK_S, BLOCKS_PER_DAY, at_text, block_at
from bitgrid_core.context import BlockCollector
from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.frozen import quickly_made
from bitgrid_core.household.command import Command
from bitgrid_core.household.house import House
from bitgrid_core.household.plant import PlantReading
from bitgrid_core.inputs import BlockClosed, Input, PolicyChanged
from bitgrid_core.model import OFF, DecisionEvent
from bitgrid_core.policy import Policy

LEASE_S: Final = 2 * BLOCK_S
"""Longer than a block: in here nobody loses a lease unless the household makes him."""

Tell: TypeAlias = Callable[[House, PlantReading, BlockCollector], None]
"""Tells a collector of a step that led to this house."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStep:
    """One input, what was decided on it, and what the plant did before.

    Attributes:
        readings: of the block that the input closed, one for each step of the plant.
    """

    item: Input
    events: tuple[DecisionEvent, ...]
    state: EngineState
    readings: tuple[PlantReading, ...] = ()


def closed_loop(
    house: House, policy: Policy, blocks: int, tell: Tell = House.tell
) -> Iterator[LoopStep]:
    """Drive a household for a number of blocks, in the longest steps that its series allows.

    Raises:
        BadInput: the series ends before that.
    """
    first = PolicyChanged(policy=policy)
    state, events = step(EngineState(), first)
    yield LoopStep(item=first, events=events, state=state)
    collector = BlockCollector(policy, house.now_ms)
    dt_s = house.series.resolution_s
    commands: list[Command] = []
    for number in range(blocks):
        readings = []
        for _ in range(BLOCK_S // dt_s):
            house, reading = house.move(commands, dt_s)
            commands = []
            readings.append(reading)
            tell(house, reading, collector)
        block_id = block_at(house.now_ms)
        item = BlockClosed(window=collector.close(block_id, utc_day(block_id)))
        state, events = step(state, item)
        commands = [_command(event, number) for event in events if _matters(event)]
        yield LoopStep(item=item, events=events, state=state, readings=tuple(readings))


def utc_day(block_id: int) -> int:
    """The UTC date of a block as yyyymmdd."""
    return _date(block_id // BLOCKS_PER_DAY)


@lru_cache(maxsize=4)
def _date(day: int) -> int:
    return int(at_text(day * BLOCKS_PER_DAY * BLOCK_MS)[:10].replace("-", ""))


def _matters(event: DecisionEvent) -> bool:
    """Whether the load must hear of it: one that is off and stays off needs no lease."""
    return event.memory.level != OFF or acted_level(event) != OFF


def _command(event: DecisionEvent, number: int) -> Command:
    return Command(
        load=event.load,
        command_id=event.id,
        boot=1,
        seq=number,
        level=acted_level(event),
        lease_s=LEASE_S,
    )
