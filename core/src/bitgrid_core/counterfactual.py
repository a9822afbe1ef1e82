"""What would change a decision: the smallest single change of one input.

Found by asking the rules themselves: every input is set to the values at which some rule's
comparison turns, the decision is made again, and the smallest change that leads to another
level is kept per input. Waiting is an input too. Where no single change suffices, the
smallest pair is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from bitgrid_core.arbiter import advance
from bitgrid_core.engine import Frame, acted_level, decide
from bitgrid_core.model import DecisionEvent, EnergyState, Memory
from bitgrid_core.policy import LoadProfile, Policy
from bitgrid_core.rules import situation
from bitgrid_core.rules.situation import Situation

WAIT: Final = "wait_blocks"
MAX_WAIT_BLOCKS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One input set to another value.

    Attributes:
        name: field of ``EnergyState``, ``surplus_w``, or ``wait_blocks``.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Changes that, together, lead to another level.

    Attributes:
        changes: one, or two where one does not suffice.
        level: the level that would follow.
    """

    changes: tuple[Change, ...]
    level: str


def counterfactuals(event: DecisionEvent, policy: Policy) -> list[Counterfactual]:
    """The smallest change per input, inputs in the order in which a person thinks of them.

    Args:
        event: the decision.
        policy: the one whose digest the event carries.

    Returns:
        One per input that can change the level alone; else the smallest pair, if any.
    """
    load = policy.load(event.load)
    frame = Frame(policy=policy, digest=event.policy, autonomy=event.autonomy)
    now = situation(event.state, event.memory, policy, load)
    options = {
        name: sorted(changes, key=lambda change: change.distance)
        for name, changes in _grouped(now).items()
    }
    singles = [
        found
        for changes in options.values()
        if (found := _first_that_works(((change,) for change in changes), event, frame, load))
    ]
    if singles:
        return singles
    pairs = (
        (one, two)
        for first, second in combinations(options.values(), 2)
        for one in first
        for two in second
    )
    found = _first_that_works(pairs, event, frame, load)
    return [] if found is None else [found]


def _first_that_works(
    options: Iterator[tuple[Change, ...]], event: DecisionEvent, frame: Frame, load: LoadProfile
) -> Counterfactual | None:
    here = acted_level(event)
    for changes in options:
        state, memory = event.state, event.memory
        for change in changes:
            state, memory = _changed(state, memory, change)
        again, _memory = decide(frame, load, state, memory)
        if acted_level(again) != here:
            return Counterfactual(changes=changes, level=acted_level(again))
    return None


def _changed(state: EnergyState, memory: Memory, change: Change) -> tuple[EnergyState, Memory]:
    match change.name:
        case "wait_blocks":
            later = replace(state, block_id=state.block_id + change.after)
            return later, advance(memory, change.after)
        case "surplus_w":
            delta_w = change.after - (change.before or 0)
            return replace(state, pv_power_w=(state.pv_power_w or 0) + delta_w), memory
        case _:
            return replace(state, **{change.name: change.after}), memory  # type: ignore[arg-type]  # a field of the state


def _grouped(now: Situation) -> dict[str, list[Change]]:
    """Every input's turning points, from the load's own thresholds."""
    limits, state = now.limits, now.state
    levels_w = [level.power_w for level in now.load.levels]
    steps_w = [power_w + limits.step_up_margin_w for power_w in levels_w]
    surplus_w = [limits.surplus_throttle_min_w, limits.surplus_min_w, *levels_w, *steps_w]
    soc = [limits.soc_hard_min_permille + 1, limits.soc_soft_min_permille + 1]
    spike = limits.price_spike_ct_per_mwh
    points = {
        "surplus_w": (now.surplus_w, surplus_w),
        "battery_soc_permille": (state.battery_soc_permille, soc),
        "pv_forecast_w": (state.pv_forecast_w, [limits.min_predicted_pv_w]),
        "price_ct_per_mwh": (state.price_ct_per_mwh, [limits.price_max_ct_per_mwh + 1]),
        "price_peak_ct_per_mwh": (state.price_peak_ct_per_mwh, [spike]),
        "grid_import_w": (state.grid_import_w, [_import_turn_w(now)]),
        "load_temp_mdegc": (
            state.load_temp_mdegc,
            [limits.max_temp_mdegc + 1, limits.resume_temp_mdegc],
        ),
        "heartbeat_age_ms": (state.heartbeat_age_ms, [limits.comm_timeout_ms + 1]),
    }
    grouped = {
        name: _around(name, before, values)
        for name, (before, values) in points.items()
        if before is not None or name not in ("price_ct_per_mwh", "price_peak_ct_per_mwh")
    }
    waits = range(1, MAX_WAIT_BLOCKS + 1)
    return {WAIT: [Change(name=WAIT, before=0, after=blocks) for blocks in waits]} | grouped


def _around(name: str, before: int | None, values: list[int]) -> list[Change]:
    """Both sides of every turning point."""
    sides = sorted({side for value in values for side in (value - 1, value)})
    return [
        Change(name=name, before=before, after=side)
        for side in sides
        if side != before and (side >= 0 or name == "surplus_w")
    ]


def _import_turn_w(now: Situation) -> int:
    """Grid import at which R2's limit is exceeded by one watt."""
    others_w = (now.state.grid_export_w or 0) + now.state.lower_loads_w
    return now.limits.max_grid_import_w + others_w + 1
