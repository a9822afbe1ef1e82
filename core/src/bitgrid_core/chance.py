"""The earliest next chance: when time lets a decision turn, if the measurements were as wished.

A load that is off is asked about in the best conditions, a running one without sun and charge:
then only what time holds — lockout, pause, run time, override, autonomy — is left to say no. Found
by deciding the coming blocks with the rules themselves. Pure. Safety and too much grid import stop
a load earlier: they are no matter of time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bitgrid_core.arbiter import remember
from bitgrid_core.counterfactual import following
from bitgrid_core.deciding import Frame, acted_level
from bitgrid_core.model import OFF, DecisionEvent, Effect, EnergyState
from bitgrid_core.policy import Policy, Strategy
from bitgrid_core.rules import situation

HORIZON_BLOCKS: Final = 150
"""The longest override and what may follow it."""
_PLENTY_W: Final = 1_000_000


class Kind(StrEnum):
    """What is known of the chance."""

    IN_BLOCK = "in_block"
    TOMORROW = "tomorrow"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """When the load may start, or a running one may go off for want of sun or charge.

    Attributes:
        kind: whether a block is known, a new day is needed, or a person.
        starts: whether it is about a start; else about the end of a run.
        blocks: for ``IN_BLOCK``: how many blocks after the decided one.
    """

    kind: Kind
    starts: bool
    blocks: int = 0


def earliest_chance(event: DecisionEvent, policy: Policy) -> Chance:
    """The earliest block in which a load that is off may start, or a running one lack its reason.

    Args:
        event: the decision.
        policy: the one whose digest the event carries.
    """
    load = policy.load(event.load)
    before = situation(event.state, event.memory, policy, load)
    after, level = remember(before, event), acted_level(event)
    frame = Frame(policy=policy, digest=event.policy, autonomy=event.autonomy)
    wished = _as_wished(event.state, policy, starts=level == OFF)
    held = Kind.BY_HAND
    for blocks, then, _memory in following(frame, load, (wished, after), HORIZON_BLOCKS):
        level_then = then.decision.level
        if then.decision.effect is not Effect.HELD_BY_AUTONOMY and (level_then == OFF) != (
            level == OFF
        ):
            return Chance(kind=Kind.IN_BLOCK, starts=level == OFF, blocks=blocks)
        if then.decision.reason == "DAILY_LIMIT":
            held = Kind.TOMORROW
    return Chance(kind=held, starts=level == OFF)


def _as_wished(state: EnergyState, policy: Policy, *, starts: bool) -> EnergyState:
    """The same block with sun and reserve in plenty, or without any; safety has no objection."""
    power_w = _PLENTY_W if starts else 0
    full = starts or policy.strategy is Strategy.SURPLUS
    return replace(
        state,
        pv_power_w=power_w,
        house_load_w=0,
        grid_import_w=0,
        grid_export_w=0,
        battery_soc_permille=1000 if full else 0,
        battery_charge_w=0,
        price_ct_per_mwh=None,
        price_peak_ct_per_mwh=None,
        pv_forecast_w=power_w,
        load_temp_mdegc=0,
        heartbeat_age_ms=0,
        earlier_loads_w=0,
        lower_loads_w=0,
        quality=(),
    )
