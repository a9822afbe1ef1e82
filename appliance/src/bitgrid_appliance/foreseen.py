"""What an input, or a tick, would lead to: decided, but neither recorded nor in force yet.

Values only; who records first and then acts is the runtime's.
"""

from __future__ import annotations

from dataclasses import dataclass

from bitgrid_appliance.clock import Tick
from bitgrid_core.chain import Draft
from bitgrid_core.engine import EngineState
from bitgrid_core.inputs import Input
from bitgrid_core.model import DecisionEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An input between two ticks, and what it leads to; neither recorded nor in force yet.

    Attributes:
        item: the input.
        state: after it.
        events: decided on it.
    """

    item: Input
    state: EngineState
    events: tuple[DecisionEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Whatever is due at a tick, and what it leads to; neither recorded nor in force yet.

    Attributes:
        tick: the tick.
        state: after it.
        drafts: what is to be recorded.
        events: what was decided.
        lease_ends: what loads did by themselves, with it.
    """

    tick: Tick
    state: EngineState
    drafts: tuple[Draft, ...]
    events: tuple[DecisionEvent, ...]
    lease_ends: list[tuple[str, int]]

    @property
    def behind_the_block(self) -> int:
        """How many records stand behind the one of the closed window."""
        kinds = [draft.kind for draft in self.drafts]
        return len(kinds) - 1 - kinds.index("block")
