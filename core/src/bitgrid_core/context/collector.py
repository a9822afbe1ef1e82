"""Gathers the measurements of one window and closes it into aggregates.

Mutable, but without clock, file or network: time is an argument. Values older than a
signal's limit become *stale*; a newest sample that is suspect makes the signal *suspect*, until
it is too old to say anything.
"""

from __future__ import annotations

from bitgrid_core.block import BLOCK_MS, block_start_ms
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.context.measurement import Forecast, Measurement
from bitgrid_core.policy import Policy
from bitgrid_core.signals import PRICE, PV_FORECAST, Quality, Signal
from bitgrid_core.units import mean_cautious

_FUTURE_MS = 30_000
"""A sample stamped further ahead than this is not believed."""


class _Track:
    """Running sums of one signal."""

    __slots__ = ("count", "high", "last", "last_at_ms", "low", "newest", "newest_at_ms", "total")

    def __init__(self) -> None:
        self.last: int | None = None
        self.last_at_ms: int | None = None
        self.newest = Quality.MISSING
        self.newest_at_ms = -1
        self.clear()

    def clear(self) -> None:
        """Begin a new window; the last value stays."""
        self.count = 0
        self.total = 0
        self.low: int | None = None
        self.high: int | None = None

    def add(self, sample: Measurement, opened_ms: int) -> None:
        """Take one sample; one from before the window counts only as last value."""
        if sample.at_ms >= self.newest_at_ms:
            self.newest, self.newest_at_ms = sample.quality, sample.at_ms
        if sample.value is None:
            return
        if self.last_at_ms is None or sample.at_ms >= self.last_at_ms:
            self.last, self.last_at_ms = sample.value, sample.at_ms
        if sample.at_ms >= opened_ms:
            self.count += 1
            self.total += sample.value
            self.low = sample.value if self.low is None else min(self.low, sample.value)
            self.high = sample.value if self.high is None else max(self.high, sample.value)

    def close(self, signal: Signal, boundary_ms: int) -> Aggregate:
        """The window's aggregate at its end."""
        mean = mean_cautious(self.total, self.count, signal.caution) if self.count else None
        age_ms = None if self.last_at_ms is None else max(0, boundary_ms - self.last_at_ms)
        quality = self._quality(signal, age_ms, boundary_ms)
        return Aggregate(mean, self.last, self.low, self.high, self.count, age_ms, quality)

    def _quality(self, signal: Signal, age_ms: int | None, boundary_ms: int) -> Quality:
        silent_ms = boundary_ms - self.newest_at_ms
        if self.newest is Quality.SUSPECT and silent_ms > signal.max_age_ms:
            return Quality.STALE  # else a load whose sensor died with a last cry never returned
        if self.newest is not Quality.OK:
            return self.newest
        if age_ms is None:
            return Quality.MISSING
        return Quality.STALE if age_ms > signal.max_age_ms else Quality.OK


class BlockCollector:
    """The measurements since the last boundary, for one policy's site."""

    def __init__(self, policy: Policy, opened_ms: int) -> None:
        """Start empty at ``opened_ms``; only signals of known loads are kept."""
        self._policy = policy
        self._opened_ms = opened_ms
        self._site: dict[str, tuple[Signal, _Track]] = {}
        self._loads: dict[str, dict[str, tuple[Signal, _Track]]] = {
            load.id: {} for load in policy.loads
        }
        self._series: dict[str, Forecast] = {}

    def add(self, sample: Measurement | Forecast, now_ms: int) -> bool:
        """Take a sample; ``False`` if it is not of this site or from the future."""
        if sample.at_ms > now_ms + _FUTURE_MS:
            return False
        if isinstance(sample, Forecast):
            return self._add_series(sample)
        tracks = self._loads.get(sample.device) if sample.signal.of_load else self._site
        if tracks is None:
            return False
        if sample.signal.name not in tracks:
            tracks[sample.signal.name] = (sample.signal, _Track())
        tracks[sample.signal.name][1].add(sample, self._opened_ms)
        return True

    def close(self, block_id: int, local_day: int) -> BlockAggregates:
        """The window that ends where ``block_id`` begins; the next one is opened."""
        boundary_ms = block_start_ms(block_id)
        aggregates = BlockAggregates(
            block_id=block_id,
            local_day=local_day,
            site=_close(self._site, boundary_ms),
            loads={load: _close(tracks, boundary_ms) for load, tracks in self._loads.items()},
            pv_forecast_w=self._ahead(PV_FORECAST, boundary_ms),
            prices_ct_per_mwh=self._ahead(PRICE, boundary_ms),
        )
        self._opened_ms = boundary_ms
        for tracks in (self._site, *self._loads.values()):
            for _signal, track in tracks.values():
                track.clear()
        return aggregates

    def _add_series(self, series: Forecast) -> bool:
        known = self._series.get(series.signal.name)
        if known is not None and known.at_ms > series.at_ms:
            return False
        self._series[series.signal.name] = series
        return True

    def _ahead(self, signal: Signal, boundary_ms: int) -> tuple[int | None, ...]:
        series = self._series.get(signal.name)
        if series is None or boundary_ms - series.at_ms > signal.max_age_ms:
            return ()
        longest_ms = max(
            (load.thresholds.forecast_lookahead_ms for load in self._policy.loads), default=0
        )
        blocks = -(-longest_ms // BLOCK_MS)
        return tuple(series.value_at(boundary_ms + index * BLOCK_MS) for index in range(blocks))


def _close(tracks: dict[str, tuple[Signal, _Track]], boundary_ms: int) -> dict[str, Aggregate]:
    return {name: track.close(signal, boundary_ms) for name, (signal, track) in tracks.items()}
