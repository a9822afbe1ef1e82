"""What would change a decision: the smallest single change of one input.

Found by asking the rules themselves: every input is set to the values at which some rule's
comparison turns, the decision is made again, and the smallest change that leads to another
level is kept per input. Waiting is an input too: all blocks until then are decided as well.
Where no single change suffices, the smallest pair is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from bitgrid_core.arbiter import advance
from bitgrid_core.deciding import Frame, acted_level, decide
from bitgrid_core.model import DecisionEvent, Effect, EnergyState, Memory
from bitgrid_core.policy import Policy, Strategy
from bitgrid_core.rules import situation
from bitgrid_core.rules.r3_safety import OVERTEMP
from bitgrid_core.rules.situation import Situation

WAIT: Final = "wait_blocks"
MAX_WAIT_BLOCKS: Final = 24


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Changes that, together, lead to another level.

    Attributes:
        changes: one, or two where one does not suffice.
        level: the level that would follow.
        proposed: whether a person would have to say yes to it.
    """

    changes: tuple[Change, ...]
    level: str
    proposed: bool = False


def outcome(event: DecisionEvent) -> str:
    """The level that the decision leads to, or would with a person's yes."""
    proposed = event.decision.effect is Effect.PROPOSED
    return event.decision.level if proposed else acted_level(event)


def counterfactuals(event: DecisionEvent, policy: Policy) -> list[Counterfactual]:
    """The smallest change per input, inputs in the order in which a person thinks of them.

    Args:
        event: the decision.
        policy: the one whose digest the event carries.

    Returns:
        One per input that can change the level alone; else the smallest pair, if any.
    """
    search = _Search(event, policy)
    options = _grouped(search.now)
    singles = [
        found
        for changes in options.values()
        if (found := search.first((change,) for change in changes))
    ]
    waited = search.wait(())
    if waited is not None:
        singles.insert(0, waited)
    if singles:
        return singles
    pairs = (
        (one, two)
        for first, second in combinations(options.values(), 2)
        for one in first
        for two in second
    )
    found = search.first(pairs) or search.first_wait(options)
    return [] if found is None else [found]


class _Search:
    """Asks the rules again and again about one event."""

    def __init__(self, event: DecisionEvent, policy: Policy) -> None:
        self._event = event
        self._load = policy.load(event.load)
        self._frame = Frame(policy=policy, digest=event.policy, autonomy=event.autonomy)
        self._here = outcome(event)
        self.now = situation(event.state, event.memory, policy, self._load)
        self._time_matters = _time_matters(self.now)

    def first(self, options: Iterable[tuple[Change, ...]]) -> Counterfactual | None:
        """The first changes that lead to another level."""
        for changes in options:
            again, _after = self._decide(self._changed(changes), self._event.memory)
            if outcome(again) != self._here:
                return _found(changes, again)
        return None

    def first_wait(self, options: dict[str, list[Change]]) -> Counterfactual | None:
        """The first change that leads to another level after some blocks."""
        singles = ((change,) for changes in options.values() for change in changes)
        return next((found for changes in singles if (found := self.wait(changes))), None)

    def wait(self, changes: tuple[Change, ...]) -> Counterfactual | None:
        """The first later block with another level, deciding at every block before it."""
        if not self._time_matters:
            return None
        state = self._changed(changes)
        _event, after = self._decide(state, self._event.memory)
        for blocks in range(1, MAX_WAIT_BLOCKS + 1):
            later = replace(state, block_id=state.block_id + blocks)
            event, after = self._decide(later, advance(after, 1))
            if outcome(event) != self._here:
                return _found((*changes, Change(name=WAIT, before=0, after=blocks)), event)
        return None

    def _decide(self, state: EnergyState, memory: Memory) -> tuple[DecisionEvent, Memory]:
        return decide(self._frame, self._load, state, memory)

    def _changed(self, changes: tuple[Change, ...]) -> EnergyState:
        state = self._event.state
        for change in changes:
            if change.name == "surplus_w":
                without_pv_w = surplus_without_pv_w(self.now)
                assert without_pv_w is not None, "offered only where the rest is known"
                state = replace(state, pv_power_w=change.after - without_pv_w)
            else:
                state = replace(state, **{change.name: change.after})  # type: ignore[arg-type]  # a field's name
        return state


def _found(changes: tuple[Change, ...], event: DecisionEvent) -> Counterfactual:
    proposed = event.decision.effect is Effect.PROPOSED
    return Counterfactual(changes=changes, level=outcome(event), proposed=proposed)


def surplus_without_pv_w(now: Situation) -> int | None:
    """What the surplus would be without any PV, or ``None`` if the rest is not known."""
    return situation(replace(now.state, pv_power_w=0), now.memory, now.policy, now.load).surplus_w


def _time_matters(now: Situation) -> bool:
    """Whether anything in the memory runs out or counts up."""
    memory, limits = now.memory, now.limits
    if memory.lockout is not None or memory.override is not None:
        return True
    holds = max(limits.min_runtime_blocks, limits.min_pause_blocks, limits.deadband_hold_blocks)
    counts = (memory.blocks_since_switch, memory.blocks_since_level)
    recent = any(count is not None and count < holds for count in counts)
    late = now.load.start_grace_ms > 0 and now.running
    return recent or late or (now.running and limits.surplus_lost_blocks > 1)


def _grouped(now: Situation) -> dict[str, list[Change]]:
    """Every input's turning points, from the load's own thresholds, nearest first.

    Only inputs that some rule compares for such a load: forecast and price peak while it is
    off, grid import while it runs; PV itself or the surplus, by strategy.
    """
    limits, state = now.limits, now.state
    points: dict[str, tuple[int | None, list[int]]] = {}
    if now.policy.strategy is Strategy.SOC_BAND:
        points["pv_power_w"] = (state.pv_power_w, _pv_turns_w(now))
    elif surplus_without_pv_w(now) is not None:
        points["surplus_w"] = (now.surplus_w, _surplus_turns_w(now))
    if now.policy.has_battery:
        points["battery_soc_permille"] = (state.battery_soc_permille, _soc_turns(now))
    imports_w = _import_turns_w(now) if now.running else []
    imports_w += [0] if state.grid_import_w is None else []
    points["grid_import_w"] = (state.grid_import_w, imports_w)
    if not now.running:
        points["pv_forecast_w"] = (state.pv_forecast_w, [limits.min_predicted_pv_w])
    if state.price_peak_ct_per_mwh is not None and not now.running:
        spike = limits.price_spike_ct_per_mwh
        points["price_peak_ct_per_mwh"] = (state.price_peak_ct_per_mwh, [spike])
    if state.price_ct_per_mwh is not None:
        price = limits.price_max_ct_per_mwh + 1
        points["price_ct_per_mwh"] = (state.price_ct_per_mwh, [price])
    hot = now.memory.lockout is not None and now.memory.lockout.cause == OVERTEMP
    temps = [limits.max_temp_mdegc + 1, *([limits.resume_temp_mdegc] if hot else [])]
    points["load_temp_mdegc"] = (state.load_temp_mdegc, temps)
    points["heartbeat_age_ms"] = (state.heartbeat_age_ms, [limits.comm_timeout_ms + 1])
    return {name: _around(name, before, values) for name, (before, values) in points.items()}


def _surplus_turns_w(now: Situation) -> list[int]:
    """Surpluses at which R1 wants another level, and at which *eco* is carried for R2."""
    limits = now.limits
    levels_w = [level.power_w for level in now.load.levels]
    steps_w = [power_w + limits.step_up_margin_w for power_w in levels_w] if now.running else []
    return [limits.surplus_throttle_min_w, limits.surplus_min_w, *levels_w, *steps_w]


def _pv_turns_w(now: Situation) -> list[int]:
    """PV from which a load may start below *standard*, or at which *eco* is carried for R2."""
    turns_w = [] if now.state.pv_power_w is not None else [0]
    if not now.running:
        return [*turns_w, now.limits.pv_start_w]
    without_pv_w = surplus_without_pv_w(now)
    return turns_w if without_pv_w is None else [*turns_w, now.load.eco.power_w - without_pv_w]


def _soc_turns(now: Situation) -> list[int]:
    """States of charge at which R2, R4 or R1 change their mind."""
    limits = now.limits
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


def _around(name: str, before: int | None, values: list[int]) -> list[Change]:
    """Both sides of every turning point, nearest first."""
    sides = sorted({side for value in values for side in (value - 1, value)})
    signed = name in ("surplus_w", "price_ct_per_mwh", "price_peak_ct_per_mwh")
    found = [
        Change(name=name, before=before, after=side)
        for side in sides
        if side != before and (signed or side >= 0)
    ]
    return sorted(found, key=lambda change: change.distance)


def _import_turns_w(now: Situation) -> list[int]:
    """Grid imports at which R2's limit is exceeded, and at which *eco* no longer helps."""
    others_w = (now.state.grid_export_w or 0) + now.state.lower_loads_w
    limit_w = now.limits.max_grid_import_w + others_w
    saved_w = now.load.powers_w[now.memory.level] - now.load.eco.power_w
    return [limit_w + 1, limit_w + saved_w]
