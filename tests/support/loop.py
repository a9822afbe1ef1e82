"""The closed loop in one process: household → context → engine → household, without a broker.

The same parts as the appliance's, wired by hand, so that a year takes seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bitgrid_core.block import BLOCK_S, at_text, block_at
from bitgrid_core.context import BlockCollector, parse_measurement
from bitgrid_core.deciding import acted_level
from bitgrid_core.engine import EngineState, step
from bitgrid_core.household import Command, House, PlantReading
from bitgrid_core.inputs import BlockClosed, Input, PolicyChanged
from bitgrid_core.model import DecisionEvent
from bitgrid_core.policy import Policy

LEASE_S = 2 * BLOCK_S


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStep:
    """One input, what was decided on it, and what the plant did before."""

    item: Input
    events: tuple[DecisionEvent, ...]
    state: EngineState
    reading: PlantReading | None = None


def closed_loop(house: House, policy: Policy, blocks: int) -> Iterator[LoopStep]:
    """Drive a household for a number of blocks, one plant step per block."""
    state, events = step(EngineState(), PolicyChanged(policy=policy))
    yield LoopStep(item=PolicyChanged(policy=policy), events=events, state=state)
    collector = BlockCollector(policy, house.now_ms)
    commands: list[Command] = []
    for number in range(blocks):
        house, happened = house.step(commands, BLOCK_S)
        for message in happened.messages:
            kind, _, rest = message.topic.partition("/")
            if kind == "measurement":
                device, _, signal = rest.partition("/")
                collector.add(parse_measurement(device, signal, message.payload), house.now_ms)
        item = BlockClosed(window=collector.close(block_at(house.now_ms), _day(house.now_ms)))
        state, events = step(state, item)
        commands = [_command(event, number) for event in events]
        yield LoopStep(item=item, events=events, state=state, reading=happened.reading)


def _command(event: DecisionEvent, number: int) -> Command:
    return Command(
        load=event.load,
        command_id=event.id,
        boot=1,
        seq=number,
        level=acted_level(event),
        lease_s=LEASE_S,
    )


def _day(now_ms: int) -> int:
    """The UTC date as yyyymmdd."""
    return int(at_text(now_ms)[:10].replace("-", ""))
