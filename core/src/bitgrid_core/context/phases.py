"""Net import of a meter that reports each phase with a sign.

What a house pays for is the sum over its phases at the same moment, not what each draws: 2 kW
fed in on one and 1.5 kW drawn on another are 0.5 kW of export. Pure. Invariants: direction
instead of sign outside of this module; a sum with a missing part is missing; means are rounded
up per phase, so that doubt is import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bitgrid_core.context.aggregates import Aggregate
from bitgrid_core.signals import GRID_EXPORT, GRID_IMPORT, GRID_PHASES, Doubt, Quality

_WORST_FIRST: Final = (Quality.SUSPECT, Quality.MISSING, Quality.STALE)
_NAMES: Final = frozenset(phase.name for phase in GRID_PHASES)
_NEVER: Final = Aggregate(None, None, None, None, 0, None, Quality.MISSING)


def net_of_phases(site: Mapping[str, Aggregate]) -> dict[str, Aggregate]:
    """``grid_import_w`` and ``grid_export_w`` of a window's phases; nothing without phases.

    Mean and last are the sums of the phases'; the extremes of a sum are not known from the
    extremes of its parts and stay empty. Age and quality are the worst phase's.
    """
    if _NAMES.isdisjoint(site):
        return {}
    phases = [site.get(phase.name, _NEVER) for phase in GRID_PHASES]
    mean, last = _sum([one.mean for one in phases]), _sum([one.last for one in phases])
    ages = [one.age_ms for one in phases if one.age_ms is not None]
    quality, doubt = _worst(phases)
    return {
        signal.name: Aggregate(
            _towards(sign, mean),
            _towards(sign, last),
            None,
            None,
            min(one.samples for one in phases),
            max(ages) if len(ages) == len(phases) else None,
            quality,
            doubt,
        )
        for signal, sign in ((GRID_IMPORT, 1), (GRID_EXPORT, -1))
    }


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _towards(sign: int, net_w: int | None) -> int | None:
    return None if net_w is None else max(0, sign * net_w)


def _worst(phases: list[Aggregate]) -> tuple[Quality, Doubt | None]:
    for quality in _WORST_FIRST:
        for one in phases:
            if one.quality is quality:
                return quality, one.doubt
    return Quality.OK, None
