"""What all five rules look at: state, memory, policy, and the few sums made from them.

Invariants: battery discharge is never surplus; a load's own power is never subtracted from
what it sees; a sum with a missing part is ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bitgrid_core.frozen import quickly_made
from bitgrid_core.model import OFF, Action, EnergyState, Memory, Numbers, Rule, Vote
from bitgrid_core.policy import LoadProfile, Policy, Thresholds
from bitgrid_core.signals import Quality

NO_OBJECTION: Final = "NO_OBJECTION"
LOAD_RUNNING: Final = "LOAD_RUNNING"
SIGNAL_MISSING: Final = "SIGNAL_MISSING"
_TEMP_SUSPECT: Final = ("load_temp_c", Quality.SUSPECT)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One load at one block.

    Attributes:
        state: what the load sees.
        memory: what it remembers.
        policy: the site's policy.
        load: the load's profile.
        limits: the load's thresholds.
        running: whether the load is on.
        surplus_w: PV − house − reserved charge − earlier loads, or ``None``.
        net_import_w: import − export − lower loads' power, or ``None``.
    """

    state: EnergyState
    memory: Memory
    policy: Policy
    load: LoadProfile
    limits: Thresholds
    running: bool
    surplus_w: int | None
    net_import_w: int | None


def situation(state: EnergyState, memory: Memory, policy: Policy, load: LoadProfile) -> Situation:
    """The situation of a load, with its sums."""
    return Situation(
        state=state,
        memory=memory,
        policy=policy,
        load=load,
        limits=load.thresholds,
        running=memory.level != OFF,
        surplus_w=_surplus_w(state, policy),
        net_import_w=_net_import_w(state),
    )


def _surplus_w(state: EnergyState, policy: Policy) -> int | None:
    if state.pv_power_w is None or state.house_load_w is None:
        return None
    reserved = state.battery_charge_w if charges_first(policy) else 0
    if reserved is None:
        return None
    return state.pv_power_w - state.house_load_w - reserved - state.earlier_loads_w


def _net_import_w(state: EnergyState) -> int | None:
    if state.grid_import_w is None:
        return None
    return state.grid_import_w - (state.grid_export_w or 0) - state.lower_loads_w


def charges_first(policy: Policy) -> bool:
    """Whether the battery's charging power is reserved; without a battery nothing is."""
    return policy.has_battery and not policy.battery_yields


def missing_surplus_signals(now: Situation) -> tuple[str, ...]:
    """Names of the signals that the surplus lacks."""
    state = now.state
    parts = [("pv_power_w", state.pv_power_w), ("house_load_w", state.house_load_w)]
    if charges_first(now.policy):
        parts.append(("battery_charge_w", state.battery_charge_w))
    return tuple(name for name, value in parts if value is None)


def missing_mandatory_signals(now: Situation) -> tuple[str, ...]:
    """Names of the mandatory signals that this load may not run without.

    A load that is off may be silent; a temperature out of physical range is no silence, and
    nobody knows how hot such a load is.
    """
    state = now.state
    found = []
    if state.pv_power_w is None:
        found.append("pv_power_w")
    if state.house_load_w is None:
        found.append("house_load_w")
    if state.grid_import_w is None:
        found.append("grid_import_w")
    if state.battery_soc_permille is None and now.policy.has_battery:
        found.append("battery_soc_pct")
    if state.battery_charge_w is None and charges_first(now.policy):
        found.append("battery_charge_w")  # without it nobody knows the surplus of such a site
    mandatory = now.load.telemetry_mandatory(now.memory)
    if state.load_temp_mdegc is None and (mandatory or _TEMP_SUSPECT in state.quality):
        found.append("load_temp_c")
    if state.heartbeat_age_ms is None and mandatory:
        found.append("heartbeat")
    return tuple(found)


def silent(rule: Rule, reason: str) -> Vote:
    """A vote without opinion and without numbers."""
    return Vote(rule=rule, action=None, reason=reason)


def numbers(**compared: int) -> Numbers:
    """What a vote compared, by name, in canonical order."""
    return tuple(sorted(compared.items()))


def no_change(rule: Rule, reason: str, **compared: int) -> Vote:
    """A vote for leaving the load as it is."""
    return Vote(rule=rule, action=Action.NOOP, reason=reason, numbers=numbers(**compared))


def stop(rule: Rule, reason: str, **compared: int) -> Vote:
    """A vote for OFF."""
    return Vote(
        rule=rule, action=Action.STOP, reason=reason, level=OFF, numbers=numbers(**compared)
    )


def throttle(now: Situation, rule: Rule, reason: str, **compared: int) -> Vote:
    """A vote for *eco*."""
    return Vote(
        rule=rule,
        action=Action.THROTTLE,
        reason=reason,
        level=now.load.eco.name,
        numbers=numbers(**compared),
    )


def stop_or_stay_off(now: Situation, rule: Rule, reason: str, **compared: int) -> Vote:
    """STOP a running load; a load that is off *stays off because* of the same reason."""
    vote = stop if now.running else no_change
    return vote(rule, reason, **compared)


def price_too_high(now: Situation) -> Vote | None:
    """R1's row of the price, which both strategies have; ``None`` if it does not match."""
    price, price_max = now.state.price_ct_per_mwh, now.limits.price_max_ct_per_mwh
    if price is None or price <= price_max:
        return None
    return stop_or_stay_off(
        now, Rule.R1, "PRICE_TOO_HIGH", price_ct_per_mwh=price, price_max_ct_per_mwh=price_max
    )


def unknown(rule: Rule, signals: tuple[str, ...]) -> Vote:
    """No opinion, for want of signals."""
    return Vote(rule=rule, action=None, reason=SIGNAL_MISSING, signals=signals)
