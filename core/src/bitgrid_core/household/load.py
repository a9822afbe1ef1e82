"""A flexible load with its actuator: levels, boot time, warmth, and the lease that ends by itself.

Pure: instants are arguments. Invariants: a load is on only inside a lease; the first state is
off; a command that is not newer than the last accepted one changes nothing, not even the lease.
A command that arrives at the very instant at which a lease ends still renews it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made
from bitgrid_core.household.command import Command
from bitgrid_core.model import OFF

LEASE_EXPIRED: Final = "LEASE_EXPIRED"
_WARMTH_STEP_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadConfig:
    """A load's profile as the plant plays it; a bitcoin miner by default.

    Attributes:
        id: as in topics.
        levels_w: name and power of each level, rising.
        boot_s: seconds after a start at ``boot_w`` and without telemetry.
        boot_w: power while booting.
        standby_w: power while off.
        ambient_mdegc: temperature that it cools down to.
        warmth_mdegc_per_w: steady temperature above ambient for each watt.
        warmth_s: time constant of warming and cooling.
        telemetry_when_off: reports temperature and heartbeat while off, too.
    """

    id: str = "load-1"
    levels_w: tuple[tuple[str, int], ...] = (("eco", 800), ("standard", 1300), ("super", 1674))
    boot_s: int = 60
    boot_w: int = 400
    standby_w: int = 0
    ambient_mdegc: int = 25_000
    warmth_mdegc_per_w: int = 28
    warmth_s: int = 300
    telemetry_when_off: bool = False

    def __post_init__(self) -> None:
        watts = [power for _, power in self.levels_w]
        names = {name for name, _ in self.levels_w}
        rising = all(low < high for low, high in pairwise(watts))
        if not watts or watts[0] <= 0 or not rising or OFF in names or len(names) != len(watts):
            raise BadInput(f"Levels of {self.id} are {self.levels_w}.", "Give rising watts.")
        if min(self.boot_s, self.boot_w, self.standby_w, self.warmth_mdegc_per_w) < 0:
            raise BadInput(f"A number of {self.id} is negative.", "Give numbers from 0 up.")
        if self.warmth_s <= 0:
            raise BadInput(f"{self.id} has no time constant.", "Give warmth_s from 1 s up.")

    def power_w(self, level: str) -> int | None:
        """Power at a level, ``None`` if there is no such level."""
        if level == OFF:
            return self.standby_w
        return next((power for name, power in self.levels_w if name == level), None)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadState:
    """A load between two steps.

    Attributes:
        level: where it is.
        since_ms: when it came there.
        reason: why, where it was not a command.
        boot: of the last accepted command, −1 before the first.
        seq: likewise.
        lease_end_ms: when it switches off by itself.
        running_ms: when it is, or was, done with booting.
        warmth_udegc: temperature in millionths of a degree, so that slow changes are not lost.
    """

    level: str = OFF
    since_ms: int
    reason: str = ""
    boot: int = -1
    seq: int = -1
    lease_end_ms: int = 0
    running_ms: int = 0
    warmth_udegc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The answer to one command.

    Attributes:
        command_id: of the command.
        result: ``done``, ``dropped`` (not newer than the last) or ``refused`` (no such level).
        observed: level right after it.
    """

    load: str
    command_id: str
    result: str
    observed: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReading:
    """What a load did in one step, and what it tells.

    Attributes:
        power_w: mean power over the step.
        level: at the end of the step.
        since_ms: when it came there.
        reason: why, where it was not a command.
        temp_mdegc: ``None`` where it reports none.
        heartbeat: whether it gave a sign of life.
        changed: level or reason are not what they were before the step.
    """

    load: str
    power_w: int
    level: str
    since_ms: int
    reason: str
    temp_mdegc: int | None
    heartbeat: bool
    changed: bool


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One step of time for one load.

    Attributes:
        now_ms: its start.
        dt_s: its length.
        cooling_permille: 1000 is a working fan, less is a fault.
        silent: the load answers nothing, a fault.
    """

    now_ms: int
    dt_s: int
    cooling_permille: int = 1000
    silent: bool = False


def cold(config: LoadConfig, now_ms: int) -> LoadState:
    """A load that has long been off: where every actuator begins, because it has no lease."""
    return LoadState(since_ms=now_ms, warmth_udegc=config.ambient_mdegc * 1000)


def without_lease(state: LoadState, now_ms: int) -> LoadState:
    """The load under an actuator that just began: off, because it knows of no lease."""
    return state if state.level == OFF else _off(state, now_ms, LEASE_EXPIRED)


def act(
    config: LoadConfig, state: LoadState, command: Command, now_ms: int
) -> tuple[LoadState, Ack]:
    """Take one command at the instant ``now_ms``."""
    if (command.boot, command.seq) <= (state.boot, state.seq):
        return state, _ack(command, "dropped", state)
    if config.power_w(command.level) is None:
        return state, _ack(command, "refused", state)
    if command.level != OFF and command.level == state.level:
        after = _renewed(state, command, now_ms + command.lease_s * 1000)
        return after, _ack(command, "done", after)
    after = replace(state, boot=command.boot, seq=command.seq)
    if command.level != OFF:
        after = _on(config, after, command, now_ms)
    elif state.level != OFF:
        after = _off(after, now_ms, "")
    return after, _ack(command, "done", after)


def advance(config: LoadConfig, state: LoadState, span: Span) -> tuple[LoadState, int]:
    """Let a step pass after its commands: the state at its end and the mean power over it."""
    end_ms = span.now_ms + span.dt_s * 1000
    off_from_ms = span.now_ms
    booting_ms = running_ms = 0
    after = state
    if state.level != OFF:
        off_from_ms = min(max(state.lease_end_ms, span.now_ms), end_ms)
        booting_ms = max(0, min(state.running_ms, off_from_ms) - span.now_ms)
        running_ms = off_from_ms - span.now_ms - booting_ms
        # Ending exactly with the step, the lease may still be renewed by the next step's command.
        if state.lease_end_ms < end_ms:
            after = _off(state, state.lease_end_ms, LEASE_EXPIRED)
    energy = booting_ms * config.boot_w
    energy += running_ms * (config.power_w(state.level) or 0)
    energy += (end_ms - off_from_ms) * config.standby_w
    power_w = energy // (span.dt_s * 1000)
    warmth = _warmth(config, state, span, power_w)
    if warmth != after.warmth_udegc:
        after = _warmed(after, warmth)
    return after, power_w


def observe(
    config: LoadConfig, states: tuple[LoadState, LoadState], span: Span, power_w: int
) -> LoadReading:
    """What the load tells at the end of a step that led from the first to the second state."""
    before, after = states
    end_ms = span.now_ms + span.dt_s * 1000
    awake = config.telemetry_when_off if after.level == OFF else after.running_ms < end_ms
    awake = awake and not span.silent
    return LoadReading(
        load=config.id,
        power_w=power_w,
        level=after.level,
        since_ms=after.since_ms,
        reason=after.reason,
        temp_mdegc=-(-after.warmth_udegc // 1000) if awake else None,
        heartbeat=awake,
        changed=(before.level, before.reason) != (after.level, after.reason),
    )


def _on(config: LoadConfig, state: LoadState, command: Command, now_ms: int) -> LoadState:
    """The state after a command to another level."""
    lease_end_ms = now_ms + command.lease_s * 1000
    starts = state.level == OFF
    return replace(
        state,
        level=command.level,
        since_ms=now_ms,
        reason="",
        lease_end_ms=lease_end_ms,
        running_ms=now_ms + config.boot_s * 1000 if starts else state.running_ms,
    )


def _renewed(state: LoadState, command: Command, lease_end_ms: int) -> LoadState:
    """The state under a longer lease; field by field, as a year renews thousands."""
    return LoadState(
        level=state.level,
        since_ms=state.since_ms,
        reason=state.reason,
        boot=command.boot,
        seq=command.seq,
        lease_end_ms=lease_end_ms,
        running_ms=state.running_ms,
        warmth_udegc=state.warmth_udegc,
    )


def _warmed(state: LoadState, warmth_udegc: int) -> LoadState:
    """The state at another temperature; field by field, as it changes in almost every step."""
    return LoadState(
        level=state.level,
        since_ms=state.since_ms,
        reason=state.reason,
        boot=state.boot,
        seq=state.seq,
        lease_end_ms=state.lease_end_ms,
        running_ms=state.running_ms,
        warmth_udegc=warmth_udegc,
    )


def _off(state: LoadState, at_ms: int, reason: str) -> LoadState:
    return replace(state, level=OFF, since_ms=at_ms, reason=reason, lease_end_ms=0, running_ms=0)


def _ack(command: Command, result: str, state: LoadState) -> Ack:
    return Ack(
        load=command.load, command_id=command.command_id, result=result, observed=state.level
    )


def _warmth(config: LoadConfig, state: LoadState, span: Span, power_w: int) -> int:
    """First-order warmth by the implicit Euler rule: stable and monotone at any step."""
    above = power_w * config.warmth_mdegc_per_w * 1000 // max(1, span.cooling_permille)
    aim_udegc = (config.ambient_mdegc + above) * 1000
    warmth, left_s = state.warmth_udegc, span.dt_s
    if warmth == aim_udegc:
        return warmth
    while left_s > 0:
        step_s = min(left_s, _WARMTH_STEP_S)
        warmth += (aim_udegc - warmth) * step_s // (config.warmth_s + step_s)
        left_s -= step_s
    return warmth
