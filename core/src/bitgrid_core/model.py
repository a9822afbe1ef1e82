"""The words of a decision as values: state, memory, vote, event.

Everything is frozen and holds integers, text and tuples only; units stand last in the names.
``None`` is a value that is not there — never estimated, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from bitgrid_core.frozen import quickly_made
from bitgrid_core.signals import Quality

OFF: Final = "off"

Numbers: TypeAlias = tuple[tuple[str, int], ...]
"""Named integers, sorted by name."""


class Action(StrEnum):
    """What a rule votes for, and what the decision does."""

    START = "START"
    THROTTLE = "THROTTLE"
    STOP = "STOP"
    NOOP = "NOOP"


class Rule(StrEnum):
    """Who spoke. ``SYS`` stands for what is no rule: time box, lease, journal, clock."""

    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"
    R5 = "R5"
    OVERRIDE = "OVERRIDE"
    MANUAL = "MANUAL"
    SYS = "SYS"


class Trigger(StrEnum):
    """Why a decision was made at this moment."""

    TICK = "tick"
    SAFETY = "safety"
    OVERRIDE = "override"
    CONFIRM = "confirm"
    LEASE = "lease"


class Effect(StrEnum):
    """Whether the decision changed anything."""

    ACTED = "acted"
    PROPOSED = "proposed"
    HELD_BY_AUTONOMY = "held_by_autonomy"


class Autonomy(StrEnum):
    """How much the appliance may do by itself."""

    MANUAL = "MANUAL"
    ASSISTED = "ASSISTED"
    SEMI = "SEMI"
    FULL = "FULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """A load that safety stopped stays off until ``until_block`` has passed.

    Attributes:
        cause: ``OVERTEMP`` or ``COMM_TIMEOUT``.
        until_block: last block of the lockout.
    """

    cause: str
    until_block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's wish for one load, always with an end.

    Attributes:
        action: ``START``, ``STOP`` or ``LIMIT``.
        level: level to start at, or not to exceed; ``None`` for ``STOP``.
        until_block: last block of the override.
    """

    action: str
    level: str | None
    until_block: int


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one load remembers between blocks.

    Attributes:
        level: present level, ``off`` or one of the profile's.
        blocks_since_switch: blocks since off↔on; the block after a switch is 1; ``None``: never.
        blocks_since_level: the same for any change of level, switches included.
        blocks_surplus_low: consecutive earlier blocks with too little surplus while running.
        starts_today: starts on the site-local day ``starts_day``.
        starts_day: that day as yyyymmdd, 0 before the first start.
        lockout: the lockout, or ``None``.
        override: the override in force, or ``None``.
    """

    level: str = OFF
    blocks_since_switch: int | None = None
    blocks_since_level: int | None = None
    blocks_surplus_low: int = 0
    starts_today: int = 0
    starts_day: int = 0
    lockout: Lockout | None = None
    override: Override | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyState:
    """The immutable picture of one block as one load sees it. Single source of truth.

    Powers are means over the closed window, the rest last values. ``earlier_loads_w`` is the
    power decided in this block for loads of higher priority, ``lower_loads_w`` the measured
    power of running loads of lower priority. ``quality`` lists the signals that are not ``ok``.
    """

    block_id: int
    local_day: int = 0
    pv_power_w: int | None = None
    house_load_w: int | None = None
    grid_import_w: int | None = None
    grid_export_w: int | None = None
    battery_soc_permille: int | None = None
    battery_charge_w: int | None = None
    price_ct_per_mwh: int | None = None
    price_peak_ct_per_mwh: int | None = None
    pv_forecast_w: int | None = None
    load_power_w: int | None = None
    load_temp_mdegc: int | None = None
    heartbeat_age_ms: int | None = None
    earlier_loads_w: int = 0
    lower_loads_w: int = 0
    quality: tuple[tuple[str, Quality], ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one rule says.

    Attributes:
        rule: who says it.
        action: ``None`` for *no opinion*.
        reason: reason code; for *no opinion* the reason for that.
        level: level that the action leads to; ``None`` for ``NOOP`` and *no opinion*.
        numbers: what was compared, inside units, sorted by name.
        signals: names of the signals that were missing.
    """

    rule: Rule
    action: Action | None
    reason: str
    level: str | None = None
    numbers: Numbers = ()
    signals: tuple[str, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome for one load: what happens and in whose name."""

    action: Action
    level: str
    rule: Rule
    reason: str
    effect: Effect = Effect.ACTED

    @property
    def code(self) -> str:
        """Stable decision code, for example ``START_R1_SURPLUS_OK``."""
        match self.rule:
            case Rule.OVERRIDE:
                return f"{self.action}_{self.reason}"
            case Rule.MANUAL:
                return "NOOP_MANUAL_MODE"
            case _:
                return f"{self.action}_{self.rule}_{self.reason}"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEvent:
    """A decision with everything that a replay needs; no text, no software version.

    Attributes:
        n: number among the events of the same block, load and trigger.
        state: what the load saw.
        memory: what it remembered *before* the decision.
        policy: digest of the policy in force.
    """

    block_id: int
    load: str
    trigger: Trigger
    n: int
    decision: Decision
    autonomy: Autonomy
    votes: tuple[Vote, ...]
    state: EnergyState
    memory: Memory
    policy: str

    @property
    def id(self) -> str:
        """``block/load/trigger/n``."""
        return f"{self.block_id}/{self.load}/{self.trigger}/{self.n}"

    @property
    def switches(self) -> bool:
        """Whether the load goes from off to on or from on to off."""
        acted = self.decision.effect is Effect.ACTED
        return acted and (self.memory.level == OFF) != (self.decision.level == OFF)
