"""A PV forecast that needs nobody: what the sky lets through now, it lets through for a while.

Persistence of the clear-sky index: the last half hour of measured PV, as a share of what a
cloudless sky gives, times what it will give in the coming blocks; the share drifts back to the
site's usual one with the hours. The site is given coarsely, everything else is measured.

Floats stay inside; integers go in and come out. Invariants: pure, time is an argument; a value
that was not measured is not filled in; what it learns are two plain numbers that only a forecast
uses — the forecast itself reaches the rules as any other does, received and recorded, so that a
replay needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from bitgrid_core.block import BLOCK_MS, BLOCKS_PER_DAY, block_start_ms
from bitgrid_core.context.measurement import Forecast
from bitgrid_core.signals import PV_FORECAST
from bitgrid_core.sun import Site, clear_sky_w_m2

RECENT_BLOCKS: Final = 3
"""Blocks of measured PV that say what the sky is like."""
MAX_AHEAD: Final = 2 * BLOCKS_PER_DAY
_PERSISTS: Final = 0.9 ** (1 / 6)
"""What is left of a deviation from the usual after a block: nine tenths after an hour."""
_LOW_SUN_W_M2: Final = 50.0
"""With less than this a share of it says nothing."""
_HIGH_SUN_W_M2: Final = 100.0
"""From here on a block teaches what is usual."""
_USUAL_BLOCKS: Final = 300
"""Blocks of sun after which a change is mostly learnt: about a week."""
_PEAK_BLOCKS: Final = 8
"""A higher peak is approached by so small a part of the difference per block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What the site's own PV has taught.

    Attributes:
        usual_mw: mean yield in mW for 1000 W/m² of clear sky, clouds included; ``None`` before
            the first sun.
        peak_w: highest block mean, approached slowly so that one wrong block is none.
    """

    usual_mw: int | None = None
    peak_w: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalForecast:
    """A forecaster at one instant; ``after`` gives the next.

    Attributes:
        site: where the roof is, to a tenth of a degree.
        learnt: from all blocks before.
        recent: measured mean W of the newest blocks, by block id.
    """

    site: Site
    learnt: Learnt = Learnt()
    recent: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def after(self, block_id: int, pv_w: int | None) -> LocalForecast:
        """The forecaster that also knows the mean PV measured *during* ``block_id``."""
        oldest = block_id - RECENT_BLOCKS + 1
        recent = {block: w for block, w in self.recent.items() if oldest <= block < block_id}
        if pv_w is None:
            return replace(self, recent=recent)
        recent[block_id] = pv_w
        sky = _sky(self.site, block_id)
        return replace(self, recent=recent, learnt=_taught(self.learnt, pv_w, sky))

    def ahead(self, block_id: int, count: int) -> tuple[int | None, ...]:
        """Mean PV in W of ``count`` blocks from ``block_id`` on, rounded down.

        ``None`` by day while nothing is known of the roof; at night it is 0.
        """
        assert 0 < count <= MAX_AHEAD
        now, usual_mw = self._yield(block_id), self.learnt.usual_mw
        found: list[int | None] = []
        for index in range(count):
            sky = _sky(self.site, block_id + index)
            if sky <= 0:
                found.append(0)
            elif usual_mw is None:
                found.append(None)
            else:
                usual = usual_mw / 1000
                deviation = 0.0 if now is None else (now - usual) * _PERSISTS ** (index + 0.5)
                found.append(min(self.learnt.peak_w, int((usual + deviation) * sky / 1000)))
        return tuple(found)

    def series(self, block_id: int, count: int) -> Forecast:
        """The same as a received forecast, published where the block begins."""
        begins_ms = block_start_ms(block_id)
        return Forecast(
            signal=PV_FORECAST,
            at_ms=begins_ms,
            from_ms=begins_ms,
            step_ms=BLOCK_MS,
            values=self.ahead(block_id, count),
        )

    def _yield(self, block_id: int) -> float | None:
        """W for 1000 W/m² of clear sky in the newest blocks, or ``None`` if they say nothing."""
        fresh = {b: w for b, w in self.recent.items() if block_id - RECENT_BLOCKS <= b < block_id}
        sky = sum(_sky(self.site, block) for block in fresh)
        if not fresh or sky < _LOW_SUN_W_M2 * len(fresh):
            return None
        return 1000 * sum(fresh.values()) / sky


def learnt_from(site: Site, blocks: Iterable[tuple[int, int | None]]) -> LocalForecast:
    """The forecaster after these (block id, mean PV in W), oldest first."""
    found = LocalForecast(site=site)
    for block_id, pv_w in blocks:
        found = found.after(block_id, pv_w)
    return found


def _taught(learnt: Learnt, pv_w: int, sky: float) -> Learnt:
    peak_w = learnt.peak_w
    if pv_w > peak_w:
        peak_w = pv_w if peak_w == 0 else peak_w - (peak_w - pv_w) // _PEAK_BLOCKS
    if sky < _HIGH_SUN_W_M2:
        return replace(learnt, peak_w=peak_w)
    usual_mw = int(1_000_000 * pv_w / sky)
    if learnt.usual_mw is not None:
        usual_mw = learnt.usual_mw + (usual_mw - learnt.usual_mw) // _USUAL_BLOCKS
    return Learnt(usual_mw=usual_mw, peak_w=peak_w)


def _sky(site: Site, block_id: int) -> float:
    """Clear-sky irradiance in the middle of a block."""
    return clear_sky_w_m2(block_start_ms(block_id) + BLOCK_MS // 2, site)
