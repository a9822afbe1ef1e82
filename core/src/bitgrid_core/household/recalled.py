"""A household's series from a journal's own windows, where nobody recorded it as a file.

Pure. What the loads did is left out, so that another policy may decide; what nobody measured is
a gap and stays one. Invariant: a household played from it under the same policy measures the same
PV and consumption, block by block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bitgrid_core.block import BLOCK_S, block_start_ms
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.errors import BadInput
from bitgrid_core.household.series import MAX_ROWS, Counts, Series
from bitgrid_core.inputs import BlockClosed, Input, PolicyChanged
from bitgrid_core.signals import Quality


def recorded_series(items: Iterable[Input], source: str) -> tuple[Series, int | None]:
    """The household that a journal recorded, and the battery's first state of charge in ‰.

    What the loads did is left out; what nobody measured is a gap.

    Raises:
        BadInput: no window there, or more than two years of minutes between first and last.
    """
    rows = _Rows()
    for item in items:
        if isinstance(item, PolicyChanged):
            rows.includes_loads = item.policy.house_meter_includes_loads
        elif isinstance(item, BlockClosed):
            rows.take(item.window)
    return rows.series(source), rows.soc_permille


@dataclass(slots=True, kw_only=True)
class _Rows:
    """The windows of a journal, by the block that they measured."""

    load_w: dict[int, int | None] = field(default_factory=dict)
    pv_w: dict[int, int | None] = field(default_factory=dict)
    forecast_w: dict[int, int | None] = field(default_factory=dict)
    soc_permille: int | None = None
    includes_loads: bool = False

    def take(self, window: BlockAggregates) -> None:
        """One window; a forecast made later for the same block counts."""
        measured = window.block_id - 1
        house_w = _mean(window.site.get("house_load_w"))
        if house_w is not None and self.includes_loads:
            powers = (_mean(own.get("load_power_w")) or 0 for own in window.loads.values())
            house_w = max(0, house_w - sum(powers))
        self.load_w[measured] = house_w
        self.pv_w[measured] = _mean(window.site.get("pv_power_w"))
        self.forecast_w |= {
            window.block_id + ahead: w
            for ahead, w in enumerate(window.pv_forecast_w)
            if w is not None
        }
        soc = window.site.get("battery_soc_pct")
        if self.soc_permille is None and soc is not None:
            self.soc_permille = soc.last

    def series(self, source: str) -> Series:
        """All of it in steps of a block."""
        if not self.pv_w:
            raise BadInput(f"{source} holds no window.", "Let it run for a block.")
        first, last = min(self.pv_w), max(self.pv_w)
        if last - first >= MAX_ROWS:
            raise BadInput(f"{source} spans too long a time.", "Name --from and --to.")
        blocks = range(first, last + 1)
        pv_w = tuple(self.pv_w.get(block) for block in blocks)
        load_w = tuple(self.load_w.get(block) for block in blocks)
        forecast_w = tuple(self.forecast_w.get(block) for block in blocks)
        counts = Counts(
            pv_gaps=pv_w.count(None),
            load_gaps=load_w.count(None),
            forecast_gaps=forecast_w.count(None),
        )
        return Series(
            source=source,
            start_ms=block_start_ms(first),
            step_s=BLOCK_S,
            load_w=load_w,
            pv_w=pv_w,
            pv_forecast_w=forecast_w,
            counts=counts,
        )


def _mean(item: Aggregate | None) -> int | None:
    return item.mean if item is not None and item.quality is Quality.OK else None
