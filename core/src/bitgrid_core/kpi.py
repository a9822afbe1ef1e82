"""The catalogue of key figures: how well a journal's days went, in integers.

Computed from recorded windows and decisions alone, so that everybody gets the same numbers from
the same records; they inform and never steer. Must not know journals, files or plants.
Invariants: an energy counts only windows in which PV, house and grid import are all known; a
quotient without a denominator is ``None``, never 0; sums of days add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from bitgrid_core.block import BLOCK_S, BLOCKS_PER_DAY
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.deciding import acted_level
from bitgrid_core.explain import LANGUAGES, short
from bitgrid_core.inputs import BlockClosed, Input, PolicyChanged
from bitgrid_core.model import OFF, DecisionEvent, Rule, Trigger
from bitgrid_core.policy import Policy
from bitgrid_core.rules.r3_safety import OVERTEMP
from bitgrid_core.signals import Quality

CATALOGUE_VERSION: Final = 1
_BLOCKS_PER_HOUR: Final = 3600 // BLOCK_S
_BLOCK_MIN: Final = BLOCK_S // 60


@dataclass(slots=True, kw_only=True)
class Sums:
    """What all figures are made of; powers are summed over blocks, in W × block.

    Attributes:
        blocks: windows seen.
        measured: windows in which PV, house and grid import were known; the powers are theirs.
        shared_w: grid import up to the loads' power.
        lost_w: export up to what the loads could have taken on top of what they took.
        ticks: decisions at a block's beginning.
        running: of them, those after which the load is on.
        wanted: of them, those in which R1 wanted another level.
        held: of these, those that R5 held back.
        explained: decisions with a sentence in every language; ``judged`` of them were asked.
    """

    blocks: int = 0
    measured: int = 0
    pv_w: int = 0
    house_w: int = 0
    import_w: int = 0
    export_w: int = 0
    loads_w: int = 0
    shared_w: int = 0
    lost_w: int = 0
    ticks: int = 0
    running: int = 0
    wanted: int = 0
    held: int = 0
    switches: int = 0
    overheated: int = 0
    judged: int = 0
    explained: int = 0

    def add(self, other: Sums) -> None:
        """Take another stretch of time on top."""
        for one in fields(Sums):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One entry of the catalogue.

    Attributes:
        name: stable; the unit stands last.
        unit: as people read it.
        formula: in words, over windows and decisions.
        version: rises when the formula changes.
        of: the figure from the sums, ``None`` where it is undefined.
    """

    name: str
    unit: str
    formula: str
    of: Callable[[Sums], int | None]
    version: int = 1


def _wh(total_w: int) -> int:
    return total_w // _BLOCKS_PER_HOUR


def _permille(part: int, whole: int) -> int | None:
    return max(0, part) * 1000 // whole if whole > 0 else None


def _autarky(sums: Sums) -> int | None:
    used_w = sums.house_w + sums.loads_w
    return _permille(used_w - sums.import_w, used_w)


def _switches_per_day(sums: Sums) -> int | None:
    return sums.switches * BLOCKS_PER_DAY * 1000 // sums.blocks if sums.blocks else None


CATALOGUE: Final = (
    Kpi(
        name="grid_import_wh",
        unit="Wh",
        formula="Σ mean grid import",
        of=lambda sums: _wh(sums.import_w),
    ),
    Kpi(
        name="grid_export_wh",
        unit="Wh",
        formula="Σ mean grid export; an absent export counts as 0",
        of=lambda sums: _wh(sums.export_w),
    ),
    Kpi(
        name="self_consumption_permille",
        unit="‰",
        formula="(PV − export) / PV",
        of=lambda sums: _permille(sums.pv_w - sums.export_w, sums.pv_w),
    ),
    Kpi(
        name="autarky_permille",
        unit="‰",
        formula="(house + loads − import) / (house + loads)",
        of=_autarky,
    ),
    Kpi(
        name="switches",
        unit="",
        formula="decisions that acted and led a load from off to on or from on to off",
        of=lambda sums: sums.switches,
    ),
    Kpi(
        name="switches_per_day_milli",
        unit="0.001/d",
        formula="switches × 1000 / (blocks / 144)",
        of=_switches_per_day,
    ),
    Kpi(
        name="load_runtime_min",
        unit="min",
        formula="10 min for each load and block that began with the load on",
        of=lambda sums: sums.running * _BLOCK_MIN,
    ),
    Kpi(
        name="load_energy_wh",
        unit="Wh",
        formula="Σ mean power of the flexible loads",
        of=lambda sums: _wh(sums.loads_w),
    ),
    Kpi(
        name="load_import_wh",
        unit="Wh",
        formula="Σ min(grid import, power of the flexible loads), block by block",
        of=lambda sums: _wh(sums.shared_w),
    ),
    Kpi(
        name="thermal_incidents",
        unit="",
        formula="decisions STOP_R3_OVERTEMP that switched a running load off",
        of=lambda sums: sums.overheated,
    ),
    Kpi(
        name="deadband_hit_permille",
        unit="‰",
        formula="ticks that R5 decided / ticks in which R1 wanted another level",
        of=lambda sums: _permille(sums.held, sums.wanted),
    ),
    Kpi(
        name="lost_surplus_wh",
        unit="Wh",
        formula="Σ min(grid export, top levels of all loads − their power), block by block",
        of=lambda sums: _wh(sums.lost_w),
    ),
    Kpi(
        name="explanation_coverage_permille",
        unit="‰",
        formula="decisions with a short explanation in every language / decisions",
        of=lambda sums: _permille(sums.explained, sums.judged),
    ),
)
"""Every key figure, in the order in which it is shown. Add, never rename."""


def total_of(days: Mapping[int, Sums]) -> Sums:
    """The sums of all days."""
    total = Sums()
    for day in days.values():
        total.add(day)
    return total


def figures(sums: Sums) -> dict[str, int | None]:
    """Every key figure of some sums, by name."""
    return {kpi.name: kpi.of(sums) for kpi in CATALOGUE}


def catalogue_table() -> str:
    """The catalogue as the table of the documentation."""
    lines = ["| name | unit | version | formula |", "|---|---|---|---|"]
    lines += [f"| `{k.name}` | {k.unit} | {k.version} | {k.formula} |" for k in CATALOGUE]
    return "\n".join(lines) + "\n"


def is_explained(event: DecisionEvent) -> bool:
    """Whether a decision has its sentence in every language."""
    return all(short(event, lang) for lang in LANGUAGES)


class Tally:
    """Counts windows and decisions in the order in which they are recorded, by day.

    A window belongs to the day of the block that it measured, a decision to that of the block
    that it decided.
    """

    def __init__(self, judge: Callable[[DecisionEvent], bool] | None = is_explained) -> None:
        """Start at zero; without a judge explanations are left out of account."""
        self.days: dict[int, Sums] = {}
        self._judge = judge
        self._today: Sums | None = None
        self._policy: Policy | None = None
        self._top_w = 0

    def total(self) -> Sums:
        """The sums of all days."""
        return total_of(self.days)

    def take(self, item: Input) -> None:
        """Count an input: windows carry the energies, a policy says what the loads could take."""
        if isinstance(item, BlockClosed):
            window = item.window
            day = self.days.get(window.local_day)
            if day is None:
                day = self.days[window.local_day] = Sums()
            self._measure(window, self._today or day)
            self._today = day
        elif isinstance(item, PolicyChanged):
            self._policy = item.policy
            self._top_w = sum(load.levels[-1].power_w for load in item.policy.loads)

    def decided(self, event: DecisionEvent) -> None:
        """Count a decision."""
        sums = self._today
        if sums is None:  # before the first window there is no day
            sums = self._today = self.days.setdefault(event.state.local_day, Sums())
        sums.switches += event.switches
        if self._judge is not None:
            sums.judged += 1
            sums.explained += self._judge(event)
        decision = event.decision
        if decision.rule is Rule.R3 and decision.reason == OVERTEMP:
            sums.overheated += event.switches
        if event.trigger is Trigger.TICK:
            sums.ticks += 1
            sums.running += acted_level(event) != OFF
            wanted = event.votes[-1].level
            if wanted is not None and wanted != event.memory.level:
                sums.wanted += 1
                sums.held += decision.rule is Rule.R5

    def _measure(self, window: BlockAggregates, sums: Sums) -> None:
        sums.blocks += 1
        site = window.site
        pv_w = _mean(site.get("pv_power_w"))
        house_w = _mean(site.get("house_load_w"))
        import_w = _mean(site.get("grid_import_w"))
        if pv_w is None or house_w is None or import_w is None:
            return
        export_w = _mean(site.get("grid_export_w")) or 0
        loads_w = sum(_mean(own.get("load_power_w")) or 0 for own in window.loads.values())
        if self._policy is not None and self._policy.house_meter_includes_loads:
            house_w = max(0, house_w - loads_w)
        sums.measured += 1
        sums.pv_w += pv_w
        sums.house_w += house_w
        sums.import_w += import_w
        sums.export_w += export_w
        sums.loads_w += loads_w
        sums.shared_w += min(import_w, loads_w)
        sums.lost_w += min(export_w, max(0, self._top_w - loads_w))


def _mean(item: Aggregate | None) -> int | None:
    return item.mean if item is not None and item.quality is Quality.OK else None
