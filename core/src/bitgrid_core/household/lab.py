"""The laboratory: what would other policies have done in one's own recorded days?

A household's series is played again under each policy, and the plant answers to the changed
decisions. Decisions come from the engine itself, so nothing here knows a rule. Must not know
files, processes or screens. Invariants: the same series, house and policy give the same figures;
an energy is the plant's, counted as in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from bitgrid_core.block import BLOCK_MS, BLOCKS_PER_DAY
from bitgrid_core.errors import BadInput
from bitgrid_core.household.battery import BatteryConfig
from bitgrid_core.household.house import House
from bitgrid_core.household.load import LoadConfig
from bitgrid_core.household.loop import closed_loop
from bitgrid_core.household.plant import PlantConfig
from bitgrid_core.household.series import Series
from bitgrid_core.kpi import Sums, Tally, total_of
from bitgrid_core.policy import Policy, parse_policy
from bitgrid_core.policy.parsing import KEYS

MAX_TRIALS: Final = 1000
NO_LOADS: Final = "no loads"
"""Name of the run that all others are compared with for the import that they caused."""

_STORAGE: Final = BatteryConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all trials have in common.

    Attributes:
        series: the recorded household.
        pv_scale_permille: its roof as a multiple of the recorded one.
        battery: for policies that have one.
        start_ms: first instant, the start of a block.
        blocks: how many are played.
    """

    series: Series
    pv_scale_permille: int = 1000
    battery: BatteryConfig = _STORAGE
    start_ms: int
    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One policy under a name."""

    name: str
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a trial came to.

    Attributes:
        name: of its policy.
        days: sums by UTC date.
        stored_wh: what the battery holds at the end above what it held at the beginning.
        drawn_ws: what the loads drew while PV and consumption were known, by the plant's books.
        bought_ws: what came from the grid meanwhile.
    """

    name: str
    days: Mapping[int, Sums]
    stored_wh: int
    drawn_ws: int
    bought_ws: int

    @property
    def total(self) -> Sums:
        """The sums of all days."""
        return total_of(self.days)


def bench_of(
    series: Series,
    days: int | None = None,
    *,
    battery: BatteryConfig = _STORAGE,
    pv_scale_permille: int = 1000,
) -> Bench:
    """A bench over a series, from its first whole block for so many days, or all of it.

    Raises:
        BadInput: the series is shorter than that.
    """
    start_ms = series.first_block_ms
    left = (series.end_ms - start_ms) // BLOCK_MS
    blocks = left if days is None else days * BLOCKS_PER_DAY
    if not 0 < blocks <= left:
        raise BadInput(
            f"{series.source} holds {left // BLOCKS_PER_DAY} days, not {days}.",
            "Give --days that it holds.",
        )
    return Bench(
        series=series,
        pv_scale_permille=pv_scale_permille,
        battery=battery,
        start_ms=start_ms,
        blocks=blocks,
    )


def plant_of_policy(bench: Bench, policy: Policy) -> PlantConfig:
    """The plant that a policy speaks of: its loads, and a battery if it has one."""
    return PlantConfig(
        pv_scale_permille=bench.pv_scale_permille,
        battery=replace(bench.battery, yields=policy.battery_yields)
        if policy.has_battery
        else None,
        loads=tuple(
            LoadConfig(
                id=load.id,
                levels_w=tuple((level.name, level.power_w) for level in load.levels),
                telemetry_when_off=load.telemetry_when_off,
            )
            for load in policy.loads
        ),
        meter_includes_loads=policy.house_meter_includes_loads,
        house_meter=not policy.house_load_derived,
    )


def play(bench: Bench, trial: Trial) -> Outcome:
    """Play the days under one policy.

    Raises:
        BadInput: the series does not hold that many blocks.
    """
    house = House.begin(bench.series, plant_of_policy(bench, trial.policy), bench.start_ms)
    tally = Tally(judge=None)
    soc_permille: int | None = None
    step_s = bench.series.resolution_s
    drawn_w = bought_w = 0
    for done in closed_loop(house, trial.policy, bench.blocks):
        tally.take(done.item)
        for event in done.events:
            tally.decided(event)
        for reading in done.readings:
            soc_permille = reading.soc_permille
            if reading.pv_known and reading.house_known:
                drawn_w += reading.flows.loads
                bought_w += reading.flows.grid_import
    return Outcome(
        name=trial.name,
        days=tally.days,
        stored_wh=_stored_wh(bench, soc_permille),
        drawn_ws=drawn_w * step_s,
        bought_ws=bought_w * step_s,
    )


def without_loads(policy: Policy) -> Trial:
    """The same house without any flexible load."""
    return Trial(name=NO_LOADS, policy=replace(policy, loads=()))


def varied(document: Mapping[str, object], wishes: Iterable[str]) -> list[Trial]:
    """A grid of policies: every combination of the wished values.

    Args:
        document: the policy in people's units.
        wishes: each ``key=value,value,…``; a load's own value of that key is replaced, too.

    Raises:
        BadInput: an unknown key, a value that the policy cannot have, or too large a grid.
    """
    axes = [_axis(wish) for wish in wishes]
    size = 1
    for _key, values in axes:
        size *= len(values)
    if size > MAX_TRIALS:
        raise BadInput(f"{size:,} policies are too many.", f"Vary at most {MAX_TRIALS:,} at once.")
    names = [key for key, _values in axes]
    found = []
    for combination in product(*(values for _key, values in axes)):
        changes = dict(zip(names, combination, strict=True))
        name = " ".join(f"{key}={value}" for key, value in changes.items())
        found.append(Trial(name=name, policy=parse_policy(_changed(document, changes))))
    return found


def _axis(wish: str) -> tuple[str, list[str]]:
    key, _, text = wish.partition("=")
    values = [value.strip() for value in text.split(",") if value.strip()]
    if key not in KEYS:
        raise BadInput(f"{key!r} cannot be varied.", f"Use one of: {', '.join(KEYS)}.")
    if not values:
        raise BadInput(f"{wish!r} names no value.", f"Write {key}=1,2,3.")
    return key, values


def _changed(document: Mapping[str, object], changes: Mapping[str, str]) -> dict[str, object]:
    changed: dict[str, object] = {**document, **changes}
    loads = document.get("loads")
    if isinstance(loads, list):
        changed["loads"] = [
            {key: changes.get(key, value) for key, value in load.items()}
            if isinstance(load, Mapping)
            else load
            for load in loads
        ]
    return changed


def _stored_wh(bench: Bench, soc_permille: int | None) -> int:
    if soc_permille is None:
        return 0
    battery = bench.battery
    return (soc_permille - battery.soc_start_permille) * battery.capacity_wh // 1000
