"""What the laboratory found, as a table for people and a document for machines.

Integers in the document; people see kWh. The first outcome is the house without loads, the second
the policy that the others are compared with. Knows no file and no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bitgrid_core.block import BLOCKS_PER_DAY, at_text
from bitgrid_core.codec import Json
from bitgrid_core.household.lab import Bench, Outcome
from bitgrid_core.kpi import CATALOGUE_VERSION, Sums, figures

_DAYS_SHOWN: Final = 5
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


def document(bench: Bench, outcomes: Sequence[Outcome]) -> dict[str, Json]:
    """Everything as integers: figures of each policy, and each day against the first."""
    base, first, *others = outcomes
    battery = bench.battery
    return {
        "catalogue": CATALOGUE_VERSION,
        "source": bench.series.source,
        "from": at_text(bench.start_ms),
        "blocks": bench.blocks,
        "measured_blocks": first.total.measured,
        "pv_scale_permille": bench.pv_scale_permille,
        "battery_wh": battery.capacity_wh,
        "policies": [_policy(outcome, base) for outcome in (first, *others)],
        "days": {outcome.name: _days(outcome, first) for outcome in others},
    }


def found(outcome: Outcome, base: Outcome) -> dict[str, int | None]:
    """The catalogue's figures, and what only a laboratory can know.

    ``extra_import_wh`` is the grid import above that of the same days without any load;
    ``stored_wh`` is what the battery holds at the end above its beginning, against that run.
    """
    import_w = outcome.total.import_w - base.total.import_w
    return figures(outcome.total) | {
        "extra_import_wh": _wh(import_w),
        "stored_wh": outcome.stored_wh - base.stored_wh,
    }


def table(bench: Bench, outcomes: Sequence[Outcome]) -> str:
    """The figures for people, and the days on which the second policy differs most."""
    base, first, *others = outcomes
    width = max(len(outcome.name) for outcome in outcomes)
    days = bench.blocks / BLOCKS_PER_DAY
    lines = [
        (
            f"{bench.series.source}: {days:g} days from {at_text(bench.start_ms)[:16]}, PV × "
            f"{bench.pv_scale_permille / 1000:g}, battery {bench.battery.capacity_wh / 1000:g} kWh "
            f"(simulated), {first.total.measured} of {bench.blocks} blocks measured in full."
        ),
        "",
        f"{'':<{width}}" + "".join(f"{title:>14}" for title, _name, _by in _COLUMNS),
    ]
    lines += [_line(outcome, base, width) for outcome in (first, *others)]
    if others:
        lines += ["", f"{others[0].name} against {first.name}, days that differ most:"]
        lines += _days_that_differ(others[0], first)
    return "\n".join(lines)


def _line(outcome: Outcome, base: Outcome, width: int) -> str:
    values = found(outcome, base)
    shown = [_people(values[name], by) for _title, name, by in _COLUMNS]
    return f"{outcome.name:<{width}}" + "".join(f"{value:>14}" for value in shown)


def _people(value: int | None, by: int) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if by == 1 else f"{value / by:,.1f}"


def _policy(outcome: Outcome, base: Outcome) -> Json:
    kpis: dict[str, Json] = {**found(outcome, base)}
    return {"name": outcome.name, "kpis": kpis}


def _days(outcome: Outcome, first: Outcome) -> Json:
    """Each day's difference against the first policy; days that do not differ are left out."""
    rows: list[Json] = []
    for day in sorted(outcome.days):
        load_wh, import_wh, switches = _difference(outcome, first, day)
        if load_wh or import_wh or switches:
            rows.append([day, load_wh, import_wh, switches])
    return {"columns": ["day", "load_energy_wh", "grid_import_wh", "switches"], "rows": rows}


def _difference(outcome: Outcome, first: Outcome, day: int) -> tuple[int, int, int]:
    one, other = outcome.days[day], first.days.get(day, Sums())
    return (
        _wh(one.loads_w - other.loads_w),
        _wh(one.import_w - other.import_w),
        one.switches - other.switches,
    )


def _days_that_differ(outcome: Outcome, first: Outcome) -> list[str]:
    differing = [(day, *_difference(outcome, first, day)) for day in outcome.days]
    differing.sort(key=lambda row: (-abs(row[1]), row[0]))
    lines = [
        f"  {day // 10000}-{day // 100 % 100:02d}-{day % 100:02d}  used {load / 1000:+.1f} kWh"
        f"  import {grid / 1000:+.1f} kWh  switches {switches:+d}"
        for day, load, grid, switches in differing[:_DAYS_SHOWN]
        if load or grid or switches
    ]
    return lines or ["  none"]


def _wh(total_w: int) -> int:
    """Wh of W × block, towards zero, so that a difference and its opposite are as large."""
    return total_w // 6 if total_w >= 0 else -(-total_w // 6)
