"""What a house draws where no meter says it: what comes in less what goes elsewhere.

``pv + import + discharge − export − charge − flexible loads``, from the means of one window. Pure.
Invariants: a sum with a missing part is missing, so that a dead meter stops the loads as it would
in any other house; age and quality are the worst part's; below 0, where the parts were not measured
at the same moment, it is 0. Each part is rounded by itself, so it is exact to 1 W per part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bitgrid_core.context.aggregates import Aggregate
from bitgrid_core.policy import Policy
from bitgrid_core.signals import (
    BATTERY_CHARGE,
    BATTERY_DISCHARGE,
    GRID_EXPORT,
    GRID_IMPORT,
    HOUSE_LOAD,
    LOAD_POWER,
    PV_POWER,
    Doubt,
    Quality,
    Signal,
)

_WORST_FIRST: Final = (Quality.SUSPECT, Quality.MISSING, Quality.STALE)
_NEVER: Final = Aggregate(None, None, None, None, 0, None, Quality.MISSING)
_SIGNS: Final[tuple[tuple[Signal, int], ...]] = (
    (PV_POWER, 1),
    (GRID_IMPORT, 1),
    (GRID_EXPORT, -1),
)
_BATTERY_SIGNS: Final[tuple[tuple[Signal, int], ...]] = (
    (BATTERY_DISCHARGE, 1),
    (BATTERY_CHARGE, -1),
)


def derived_house_load(
    site: Mapping[str, Aggregate], loads: Mapping[str, Mapping[str, Aggregate]], policy: Policy
) -> dict[str, Aggregate]:
    """``house_load_w`` of a window, by that name.

    Args:
        site: the site's signals, net import and export among them.
        loads: by load id, then by signal name.
        policy: says which loads there are and whether there is a battery.
    """
    signs = _SIGNS + (_BATTERY_SIGNS if policy.has_battery else ())
    parts = [(site.get(signal.name, _NEVER), sign) for signal, sign in signs]
    parts += [(loads[load.id].get(LOAD_POWER.name, _NEVER), -1) for load in policy.loads]
    ages = [part.age_ms for part, _sign in parts if part.age_ms is not None]
    quality, doubt = _worst([part for part, _sign in parts])
    found = Aggregate(
        _sum([(part.mean, sign) for part, sign in parts]),
        _sum([(part.last, sign) for part, sign in parts]),
        None,
        None,
        min(part.samples for part, _sign in parts),
        max(ages) if len(ages) == len(parts) else None,
        quality,
        doubt,
    )
    return {HOUSE_LOAD.name: found}


def _sum(values: list[tuple[int | None, int]]) -> int | None:
    known = [sign * value for value, sign in values if value is not None]
    return max(0, sum(known)) if len(known) == len(values) else None


def _worst(parts: list[Aggregate]) -> tuple[Quality, Doubt | None]:
    for quality in _WORST_FIRST:
        for part in parts:
            if part.quality is quality:
                return quality, part.doubt
    return Quality.OK, None
