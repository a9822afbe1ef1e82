"""Policy as values: thresholds in integers, load profiles with their levels."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.model import OFF, Memory


class Strategy(StrEnum):
    """How R1 works: on surplus, or by the bands of the battery's state of charge."""

    SURPLUS = "surplus"
    SOC_BAND = "soc_band"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The numbers that the rules compare with, inside units. Defaults as in the design.

    Bounds and people's keys stand in ``parsing``.
    """

    surplus_throttle_min_w: int = 800
    surplus_min_w: int = 1500
    surplus_lost_blocks: int = 1
    step_up_margin_w: int = 100
    price_max_ct_per_mwh: int = 25_000
    soc_hard_min_permille: int = 500
    soc_soft_min_permille: int = 580
    max_grid_import_w: int = 500
    max_temp_mdegc: int = 85_000
    resume_temp_mdegc: int = 75_000
    comm_timeout_ms: int = 60_000
    safety_lockout_ms: int = 1_800_000
    forecast_lookahead_ms: int = 3_600_000
    min_predicted_pv_w: int = 2000
    price_spike_ct_per_mwh: int = 30_000
    min_runtime_blocks: int = 3
    min_pause_blocks: int = 2
    deadband_hold_blocks: int = 2
    max_starts_per_day: int | None = None
    soc_stop_permille: int = 500
    soc_eco_start_permille: int = 580
    soc_standard_permille: int = 800
    soc_standard_stop_permille: int = 750
    soc_super_permille: int = 900
    soc_super_stop_permille: int = 850
    pv_start_w: int = 6000


SOC_BAND_FIELDS: Final = (
    "soc_stop_permille",
    "soc_eco_start_permille",
    "soc_standard_permille",
    "soc_standard_stop_permille",
    "soc_super_permille",
    "soc_super_stop_permille",
    "pv_start_w",
)
"""The thresholds that only ``Strategy.SOC_BAND`` compares with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One power level of a load."""

    name: str
    power_w: int


@dataclass(frozen=True, kw_only=True)
class LoadProfile:
    """A flexible load: its levels in rising order, its habits, its thresholds.

    Attributes:
        id: opaque id such as ``load-1``.
        kind: ``miner`` or ``heating_rod``.
        priority: 1 is served first; unique per site.
        levels: without ``off``, rising power, the first is *eco*.
        start_grace_ms: how long after a start telemetry may be absent.
        telemetry_when_off: whether temperature and heartbeat are mandatory while off.
        throttle_starts: whether THROTTLE may start the load at *eco*.
        thresholds: the policy's, with the load's own on top.
    """

    id: str
    kind: str = "miner"
    priority: int = 1
    levels: tuple[Level, ...]
    start_grace_ms: int = 300_000
    telemetry_when_off: bool = False
    throttle_starts: bool = True
    thresholds: Thresholds = field(default_factory=Thresholds)

    @cached_property
    def powers_w(self) -> dict[str, int]:
        """Power of each level by name, ``off`` included."""
        return {OFF: 0} | {level.name: level.power_w for level in self.levels}

    @property
    def eco(self) -> Level:
        """The lowest running level."""
        return self.levels[0]

    def telemetry_mandatory(self, memory: Memory) -> bool:
        """Whether temperature and heartbeat must be there at a block boundary.

        Always if the profile says so; else while the load runs, once its grace after the start
        is over. A start that nobody remembers is long over.
        """
        if self.telemetry_when_off:
            return True
        if memory.level == OFF:
            return False
        since = memory.blocks_since_switch
        return since is None or since * BLOCK_MS >= self.start_grace_ms

    def highest_carried(self, surplus_w: int) -> str:
        """Name of the highest level whose power does not exceed the surplus, else ``off``."""
        carried = OFF
        for level in self.levels:
            if level.power_w > surplus_w:
                break
            carried = level.name
        return carried


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the owner set, for one site.

    Attributes:
        version: the owner's own number, from 1.
        strategy: how R1 works.
        has_battery: whether the state of charge is a mandatory signal.
        battery_yields: ``False`` for an inverter that charges the battery first.
        dynamic_price: whether a price signal is expected.
        has_forecast: whether a PV forecast is expected.
        house_meter_includes_loads: whether the loads' power is part of ``house_load_w``.
        house_load_derived: there is no house meter: ``house_load_w`` is what the other meters leave.
        thresholds: for every load without its own.
        loads: rising priority number.
    """

    version: int = 1
    strategy: Strategy = Strategy.SURPLUS
    has_battery: bool = True
    battery_yields: bool = True
    dynamic_price: bool = False
    has_forecast: bool = True
    house_meter_includes_loads: bool = False
    house_load_derived: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)
    loads: tuple[LoadProfile, ...] = ()

    def load(self, load_id: str) -> LoadProfile:
        """The profile with that id.

        Raises:
            KeyError: no such load.
        """
        for profile in self.loads:
            if profile.id == load_id:
                return profile
        raise KeyError(load_id)
