"""Where a decision can turn: the values at which some rule's comparison changes, and the blocks.

Pure. Knows the rules' thresholds and nothing of what follows from them: whoever wants to know asks
the rules themselves at these points. Invariant: between two neighbouring points nothing turns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.model import Memory, Vote
from bitgrid_core.policy import Strategy
from bitgrid_core.rules import situation
from bitgrid_core.rules.r3_safety import OVERTEMP
from bitgrid_core.rules.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One input set to another value.

    Attributes:
        name: field of ``EnergyState``, ``surplus_w`` (by way of PV), or ``wait_blocks``.
        before: value now; ``None`` if it is missing.
        after: value that would do.
    """

    name: str
    before: int | None
    after: int

    @property
    def distance(self) -> int:
        """How far the value has to move."""
        return abs(self.after - (self.before or 0))


def changes_of(now: Situation, name: str) -> list[Change]:
    """Both sides of every turning point of one input, nearest first; none if no rule compares it.

    The points are the load's own thresholds. Forecast and price peak are compared while it is
    off, grid import while it runs; PV itself or the surplus, by strategy.
    """
    values = _TURNS[name](now)
    if not values:
        return []
    before = now.surplus_w if name == _SURPLUS else getattr(now.state, name)
    sides = {side for value in values for side in (value - 1, value)} - {before}
    if name not in _SIGNED:
        sides = {side for side in sides if side >= 0}
    near = before or 0
    ordered = sorted(sides, key=lambda side: (abs(side - near), side))
    return [Change(name=name, before=before, after=side) for side in ordered]


def surplus_without_pv_w(now: Situation) -> int | None:
    """What the surplus would be without any PV, or ``None`` if the rest is not known."""
    if now.surplus_w is not None and now.state.pv_power_w is not None:
        return now.surplus_w - now.state.pv_power_w
    return situation(replace(now.state, pv_power_w=0), now.memory, now.policy, now.load).surplus_w


def compared_by(vote: Vote, now: Situation) -> frozenset[str]:
    """The inputs without whose change a load that is off stays off because of this vote."""
    found = {_INPUT_OF[name] for name, _value in vote.numbers if name in _INPUT_OF}
    found |= {_INPUT_OF[name] for name in vote.signals if name in _INPUT_OF}
    if vote.reason == "LOCKOUT":
        found.add("load_temp_mdegc")
    if now.policy.strategy is Strategy.SOC_BAND:
        if _SURPLUS in found:
            found.add("pv_power_w")
        if vote.reason == "FORECAST_PV_INSUFFICIENT":
            found.add("battery_soc_permille")  # a battery from *standard* on asks for no sun
    return frozenset(found)


def next_turn(now: Situation, memory: Memory) -> int | None:
    """In how many blocks time alone may turn something next; ``None``: not at all.

    Args:
        now: the situation that was decided.
        memory: what is remembered after that decision.
    """
    limits, block_id = now.limits, now.state.block_id
    turns: list[int] = []
    for count, holds in (
        (memory.blocks_since_switch, (limits.min_runtime_blocks, limits.min_pause_blocks)),
        (memory.blocks_since_switch, (limits.deadband_hold_blocks, _grace_blocks(now))),
        (memory.blocks_since_level, (limits.deadband_hold_blocks,)),
    ):
        if count is not None:
            turns += [hold - count for hold in holds]
    if memory.lockout is not None:
        turns.append(memory.lockout.until_block - block_id + 1)
    if memory.override is not None:
        turns.append(memory.override.until_block - block_id + 1)
    if limits.surplus_lost_blocks > 1 and memory.blocks_surplus_low:
        turns.append(1)
    return min((turn for turn in turns if turn > 0), default=None)


def _grace_blocks(now: Situation) -> int:
    return -(-now.load.start_grace_ms // BLOCK_MS)


def _surplus(now: Situation) -> list[int]:
    """Surpluses at which R1 wants another level, and at which *eco* is carried for R2."""
    if now.policy.strategy is Strategy.SOC_BAND or surplus_without_pv_w(now) is None:
        return []
    limits = now.limits
    levels_w = [level.power_w for level in now.load.levels]
    steps_w = [power_w + limits.step_up_margin_w for power_w in levels_w] if now.running else []
    return [limits.surplus_throttle_min_w, limits.surplus_min_w, *levels_w, *steps_w]


def _pv(now: Situation) -> list[int]:
    """PV from which a load may start below *standard*, or at which *eco* is carried for R2."""
    if now.policy.strategy is not Strategy.SOC_BAND:
        return []
    turns_w = [] if now.state.pv_power_w is not None else [0]
    if not now.running:
        return [*turns_w, now.limits.pv_start_w]
    without_pv_w = surplus_without_pv_w(now)
    return turns_w if without_pv_w is None else [*turns_w, now.load.eco.power_w - without_pv_w]


def _soc(now: Situation) -> list[int]:
    """States of charge at which R2, R4 or R1 change their mind."""
    limits = now.limits
    if not now.policy.has_battery:
        return []
    if now.policy.strategy is Strategy.SOC_BAND:
        return [
            limits.soc_stop_permille,
            limits.soc_eco_start_permille,
            limits.soc_standard_permille,
            limits.soc_standard_stop_permille,
            limits.soc_super_permille,
            limits.soc_super_stop_permille,
        ]
    soft = [] if now.running else [limits.soc_soft_min_permille + 1]
    return [limits.soc_hard_min_permille + 1, *soft]


def _grid_import(now: Situation) -> list[int]:
    """Grid imports at which R2's limit is exceeded, and at which *eco* no longer helps."""
    unknown = [0] if now.state.grid_import_w is None else []
    if not now.running:
        return unknown
    others_w = (now.state.grid_export_w or 0) + now.state.lower_loads_w
    limit_w = now.limits.max_grid_import_w + others_w
    saved_w = now.load.powers_w[now.memory.level] - now.load.eco.power_w
    return [limit_w + 1, limit_w + saved_w, *unknown]


def _forecast(now: Situation) -> list[int]:
    return [] if now.running else [now.limits.min_predicted_pv_w]


def _price(now: Situation) -> list[int]:
    known = now.state.price_ct_per_mwh is not None
    return [now.limits.price_max_ct_per_mwh + 1] if known else []


def _price_peak(now: Situation) -> list[int]:
    known = now.state.price_peak_ct_per_mwh is not None
    return [now.limits.price_spike_ct_per_mwh] if known and not now.running else []


def _temperature(now: Situation) -> list[int]:
    hot = now.memory.lockout is not None and now.memory.lockout.cause == OVERTEMP
    return [now.limits.max_temp_mdegc + 1, *([now.limits.resume_temp_mdegc] if hot else [])]


def _silence(now: Situation) -> list[int]:
    return [now.limits.comm_timeout_ms + 1]


_SURPLUS: Final = "surplus_w"
_SIGNED: Final = (_SURPLUS, "price_ct_per_mwh", "price_peak_ct_per_mwh")
_TURNS: Final[dict[str, Callable[[Situation], list[int]]]] = {
    _SURPLUS: _surplus,
    "pv_power_w": _pv,
    "pv_forecast_w": _forecast,
    "price_peak_ct_per_mwh": _price_peak,
    "price_ct_per_mwh": _price,
    "battery_soc_permille": _soc,
    "grid_import_w": _grid_import,
    "load_temp_mdegc": _temperature,
    "heartbeat_age_ms": _silence,
}
INPUTS: Final = tuple(_TURNS)
"""In the order in which an owner would look at them."""

_INPUT_OF: Final = {
    **{name: name for name in INPUTS},
    "soc_permille": "battery_soc_permille",
    "net_import_w": "grid_import_w",
    # a vote names what it misses by the signal
    "pv_power_w": _SURPLUS,
    "house_load_w": _SURPLUS,
    "battery_charge_w": _SURPLUS,
    "battery_soc_pct": "battery_soc_permille",
    "load_temp_c": "load_temp_mdegc",
    "heartbeat": "heartbeat_age_ms",
}
