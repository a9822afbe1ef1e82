"""What the laboratory found, as a table for people and a document for machines.

Integers in the document; people see kWh. Knows no file and no process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bitgrid_core.block import BLOCKS_PER_DAY, at_text
from bitgrid_core.codec import Json
from bitgrid_core.household.foresight import IMPORT_WEIGHT, Optimum, net_wh
from bitgrid_core.household.lab import Bench, Outcome
from bitgrid_core.kpi import CATALOGUE_VERSION, Sums, figures

_DAYS_SHOWN: Final = 5
_UNSEEN_WH: Final = 50
"""What a tenth of a kWh does not show."""
_COLUMNS: Final = (
    ("used kWh", "load_energy_wh", 1000),
    ("extra import", "extra_import_wh", 1000),
    ("import kWh", "grid_import_wh", 1000),
    ("export kWh", "grid_export_wh", 1000),
    ("lost kWh", "lost_surplus_wh", 1000),
    ("switches", "switches", 1),
    ("own use %", "self_consumption_permille", 10),
    ("autarky %", "autarky_permille", 10),
)
_SHARE: Final = ("of optimum %", "optimum_permille", 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that was played.

    Attributes:
        bench: the days.
        base: the house without any load.
        outcomes: the policy that the others are compared with, then the others.
        optima: by the policy's name; empty if nobody asked.
    """

    bench: Bench
    base: Outcome
    outcomes: tuple[Outcome, ...]
    optima: Mapping[str, Optimum] = field(default_factory=dict)

    @property
    def first(self) -> Outcome:
        """The policy that the others are compared with."""
        return self.outcomes[0]

    @property
    def others(self) -> tuple[Outcome, ...]:
        """The policies that are compared with it."""
        return self.outcomes[1:]

    def figures(self, outcome: Outcome) -> dict[str, int | None]:
        """The catalogue's figures, and what only a laboratory can know.

        ``extra_import_wh`` is the grid import above that of the same days without any load;
        ``stored_wh`` is what the battery holds at the end above its beginning, against that run;
        ``net_wh`` is the figure that perfect foresight maximises.
        """
        import_w = outcome.total.import_w - self.base.total.import_w
        known = figures(outcome.total) | {
            "extra_import_wh": _wh(import_w),
            "stored_wh": outcome.stored_wh - self.base.stored_wh,
        }
        best = self.optima.get(outcome.name)
        if best is None:
            return known
        net = net_wh(outcome, self.base)
        return known | {"net_wh": net, "optimum_permille": best.share_permille(net)}


def document(found: Found) -> dict[str, Json]:
    """Everything as integers: figures of each policy, and each day against the first."""
    bench = found.bench
    whole: dict[str, Json] = {
        "catalogue": CATALOGUE_VERSION,
        "source": bench.series.source,
        "from": at_text(bench.start_ms),
        "blocks": bench.blocks,
        "measured_blocks": found.first.total.measured,
        "pv_scale_permille": bench.pv_scale_permille,
        "battery_wh": bench.battery.capacity_wh,
        "policies": [_policy(found, outcome) for outcome in found.outcomes],
        "days": {outcome.name: _days(outcome, found.first) for outcome in found.others},
    }
    if found.optima:
        whole["optimum"] = _optimum(found.optima[found.first.name])
    return whole


def table(found: Found) -> str:
    """The figures for people, and the days on which the second policy differs most."""
    bench, first, others = found.bench, found.first, found.others
    width = max(len(outcome.name) for outcome in found.outcomes)
    days = bench.blocks / BLOCKS_PER_DAY
    columns = (*_COLUMNS, _SHARE) if found.optima else _COLUMNS
    lines = [
        (
            f"{bench.series.source}: {days:g} days from {at_text(bench.start_ms)[:16]}, PV × "
            f"{bench.pv_scale_permille / 1000:g}, battery {bench.battery.capacity_wh / 1000:g} kWh "
            f"(simulated), {first.total.measured} of {bench.blocks} blocks measured in full."
        ),
        "",
        f"{'':<{width}}" + "".join(f"{title:>14}" for title, _name, _by in columns),
    ]
    shown = [found.figures(outcome) for outcome in found.outcomes]
    lines += [
        f"{outcome.name:<{width}}" + "".join(_people(row[name], by) for _t, name, by in columns)
        for outcome, row in zip(found.outcomes, shown, strict=True)
    ]
    if len(others) == 1:
        moved = "".join(
            _difference_shown(shown[0][name], shown[1][name], by) for _t, name, by in columns
        )
        lines += [f"{'difference':<{width}}{moved}", "", _said(others[0].name, *shown)]
    if found.optima:
        lines += ["", _foresight(found.optima[first.name])]
    if others:
        lines += ["", *_days_that_differ(others[0], first)]
    return "\n".join(lines)


def _said(name: str, before: Mapping[str, int | None], after: Mapping[str, int | None]) -> str:
    """The difference in one sentence."""
    used, grid, switches = (
        (after[key] or 0) - (before[key] or 0)
        for key in ("load_energy_wh", "grid_import_wh", "switches")
    )
    return (
        f"With {name} the loads would have used {_more(used)}, the house would have bought "
        f"{_more(grid)}, and there would have been {_switches(switches)}."
    )


def _switches(more: int) -> str:
    if more == 0:
        return "as many switches"
    return f"{abs(more)} {'fewer' if more < 0 else 'more'} switches"


def _more(wh: int) -> str:
    if abs(wh) < _UNSEEN_WH:
        return "as much"
    return f"{abs(wh) / 1000:,.1f} kWh {'less' if wh < 0 else 'more'}"


def _foresight(best: Optimum) -> str:
    return (
        f"Perfect foresight would have used {best.used_wh / 1000:,.0f} kWh with "
        f"{round(best.extra_import_wh / 1000)} kWh extra import. The share counts an extra kWh of "
        f"import {IMPORT_WEIGHT} times against what was used."
    )


def _people(value: int | None, by: int) -> str:
    if value is None:
        return f"{'–':>14}"
    return f"{value:>14,}" if by == 1 else f"{value / by:>14,.1f}"


def _difference_shown(before: int | None, after: int | None, by: int) -> str:
    if before is None or after is None:
        return f"{'–':>14}"
    moved = after - before
    return f"{moved:>+14,}" if by == 1 else f"{moved / by:>+14,.1f}"


def _policy(found: Found, outcome: Outcome) -> Json:
    kpis: dict[str, Json] = {**found.figures(outcome)}
    return {"name": outcome.name, "kpis": kpis}


def _optimum(best: Optimum) -> Json:
    return {
        "net_wh": best.net_wh,
        "used_wh": best.used_wh,
        "extra_import_wh": best.extra_import_wh,
        "import_weight": IMPORT_WEIGHT,
    }


def _days(outcome: Outcome, first: Outcome) -> Json:
    """Each day's difference against the first policy; days that do not differ are left out."""
    rows: list[Json] = [[*row] for row in _differing(outcome, first)]
    return {"columns": ["day", "load_energy_wh", "grid_import_wh", "switches"], "rows": rows}


def _differing(outcome: Outcome, first: Outcome) -> list[tuple[int, int, int, int]]:
    rows = [(day, *_difference(outcome, first, day)) for day in sorted(outcome.days)]
    return [row for row in rows if any(row[1:])]


def _difference(outcome: Outcome, first: Outcome, day: int) -> tuple[int, int, int]:
    one, other = outcome.days[day], first.days.get(day, Sums())
    return (
        _wh(one.loads_w - other.loads_w),
        _wh(one.import_w - other.import_w),
        one.switches - other.switches,
    )


def _days_that_differ(outcome: Outcome, first: Outcome) -> list[str]:
    rows = _differing(outcome, first)
    if not rows:
        return [f"{outcome.name} against {first.name}: no day differs."]
    most = sorted(rows, key=lambda row: (-abs(row[1]), -abs(row[2]), row[0]))[:_DAYS_SHOWN]
    played = sum(day.blocks > 0 for day in outcome.days.values())
    count = f"{len(rows)} of {played} days differ; days that differ most:"
    lines = [f"{outcome.name} against {first.name}: {count}"]
    return lines + [
        f"  {day // 10000}-{day // 100 % 100:02d}-{day % 100:02d}  used {load / 1000:+.1f} kWh"
        f"  import {grid / 1000:+.1f} kWh  switches {switches:+d}"
        for day, load, grid, switches in most
    ]


def _wh(total_w: int) -> int:
    """Wh of W × block, towards zero, so that a difference and its opposite are as large."""
    return total_w // 6 if total_w >= 0 else -(-total_w // 6)
