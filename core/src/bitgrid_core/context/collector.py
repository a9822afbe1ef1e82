"""Gathers the measurements of one window and closes it into aggregates.

Mutable, but without clock, file or network: time is an argument. Values older than a
signal's limit become *stale*; a newest sample that is suspect makes the signal *suspect*, until it
is too old to say anything. No suspect sample enters a mean or becomes a last value. Where a meter
reports phases, import and export are their net; where there is no house meter, the house load is
derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bitgrid_core.block import BLOCK_MS, block_start_ms
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.context.house_load import derived_house_load
from bitgrid_core.context.measurement import Forecast, Measurement, judged
from bitgrid_core.context.phases import net_of_phases
from bitgrid_core.context.plausibility import Watch
from bitgrid_core.policy import Policy
from bitgrid_core.signals import PRICE, PV_FORECAST, Doubt, Quality, Signal, Source
from bitgrid_core.units import mean_cautious

_FUTURE_MS = 30_000
"""A sample stamped further ahead than this is not believed."""
_OK: Final = Quality.OK


class _Track:
    """Running sums of one signal."""

    __slots__ = (
        "asleep",
        "count",
        "doubt",
        "high",
        "last",
        "last_at_ms",
        "low",
        "newest",
        "newest_at_ms",
        "total",
        "watch",
    )

    def __init__(self, signal: Signal) -> None:
        self.watch = Watch(signal.habits)
        self.asleep = False
        self.doubt: Doubt | None = None
        self.last: int | None = None
        self.last_at_ms: int | None = None
        self.newest = Quality.MISSING
        self.newest_at_ms = -1
        self.count = 0
        self.total = 0
        self.low: int | None = None
        self.high: int | None = None

    def add(
        self,
        value: int | None,
        quality: Quality,
        doubt: Doubt | None,
        at_ms: int,
        opened_ms: int,
    ) -> None:
        """Take one sample; one from before the window counts only as last value."""
        if value is not None:
            found = self.watch.judge(value, at_ms)
            if found is not None:
                quality, doubt = Quality.SUSPECT, found
        if at_ms >= self.newest_at_ms:
            self.newest, self.newest_at_ms, self.doubt = quality, at_ms, doubt
        if value is None or doubt is not None:
            return
        if self.last_at_ms is None or at_ms >= self.last_at_ms:
            self.last, self.last_at_ms = value, at_ms
        if at_ms >= opened_ms:
            self.count += 1
            self.total += value
            if self.low is None or value < self.low:
                self.low = value
            if self.high is None or value > self.high:
                self.high = value

    def close(self, signal: Signal, boundary_ms: int) -> Aggregate:
        """The window's aggregate at its end, and a new window; a year makes half a million."""
        last, quality, age_ms = self.last, self.newest, None
        if self.last_at_ms is not None:
            age_ms = boundary_ms - self.last_at_ms
            if age_ms < 0:  # noqa: PLR1730 - a call for each of half a million costs a second
                age_ms = 0
        doubt = None
        if quality is _OK:
            if age_ms is None:
                quality = Quality.MISSING
            elif age_ms > signal.max_age_ms:
                quality = Quality.STALE
        elif quality is Quality.SUSPECT:
            if boundary_ms - self.newest_at_ms > signal.max_age_ms:
                # else a load whose sensor died with a last cry never returned
                quality = Quality.STALE
            else:
                doubt = self.doubt
        count, low, high = self.count, self.low, self.high
        if count == 0:
            return Aggregate(None, last, None, None, 0, age_ms, quality, doubt)
        mean = self.total if count == 1 else mean_cautious(self.total, count, signal.caution)
        self.count = self.total = 0
        self.low = self.high = None
        return Aggregate(mean, last, low, high, count, age_ms, quality, doubt)


class BlockCollector:
    """The measurements since the last boundary, for one policy's site."""

    def __init__(self, policy: Policy, opened_ms: int) -> None:
        """Start empty at ``opened_ms``; only signals of known loads are kept."""
        self._opened_ms = opened_ms
        self._site: dict[str, tuple[Signal, _Track]] = {}
        self._loads: dict[str, dict[str, tuple[Signal, _Track]]] = {
            load.id: {} for load in policy.loads
        }
        self._series: dict[str, Forecast] = {}
        self._derives = policy if policy.house_load_derived else None
        longest_ms = max(
            (load.thresholds.forecast_lookahead_ms for load in policy.loads), default=0
        )
        self._blocks_ahead = -(-longest_ms // BLOCK_MS)

    def add(self, sample: Measurement | Forecast, now_ms: int) -> bool:
        """Take a sample; ``False`` if it is not of this site or from the future."""
        if sample.at_ms > now_ms + _FUTURE_MS:
            return False
        if isinstance(sample, Forecast):
            return self._add_series(sample)
        track = self._track(sample.device, sample.signal)
        if track is None:
            return False
        track.add(sample.value, sample.quality, sample.doubt, sample.at_ms, self._opened_ms)
        if track.last_at_ms == sample.at_ms:
            track.asleep = sample.source == Source.ASLEEP
        return True

    def hear(
        self,
        device: str,
        signal: Signal,
        value: int | None,
        at_ms: int,
        *,
        asleep: bool = False,
    ) -> None:
        """Take a value inside without the way over a message, judged as a message's is."""
        tracks = self._loads.get(device) if signal.of_load else self._site
        found = None if tracks is None else tracks.get(signal.name)
        track = self._track(device, signal) if found is None else found[1]
        if track is None:
            return
        quality, doubt = _OK, None
        if value is None or not signal.low <= value <= signal.high:
            quality = judged(signal, value)
            doubt = Doubt.RANGE if quality is Quality.SUSPECT else None
            value = None
        track.add(value, quality, doubt, at_ms, self._opened_ms)
        if track.last_at_ms == at_ms:
            track.asleep = asleep

    def _track(self, device: str, signal: Signal) -> _Track | None:
        tracks = self._loads.get(device) if signal.of_load else self._site
        if tracks is None:
            return None
        found = tracks.get(signal.name)
        if found is None:
            found = tracks[signal.name] = (signal, _Track(signal))
        return found[1]

    def close(self, block_id: int, local_day: int) -> BlockAggregates:
        """The window that ends where ``block_id`` begins; the next one is opened."""
        boundary_ms = block_start_ms(block_id)
        site = _close(self._site, boundary_ms)
        loads = {load: _close(tracks, boundary_ms) for load, tracks in self._loads.items()}
        derived = net_of_phases(site)
        if self._derives is not None:
            derived |= derived_house_load(site | derived, loads, self._derives)
        aggregates = BlockAggregates(
            block_id=block_id,
            local_day=local_day,
            site=site | derived if derived else site,
            loads=loads,
            pv_forecast_w=self._ahead(PV_FORECAST, boundary_ms),
            prices_ct_per_mwh=self._ahead(PRICE, boundary_ms),
            sources=self._sources(derived),
        )
        self._opened_ms = boundary_ms
        return aggregates

    def _sources(self, derived: Mapping[str, Aggregate]) -> dict[str, Source]:
        """Of what is not measured."""
        found = {name: Source.ASLEEP for name, (_, track) in self._site.items() if track.asleep}
        return found | dict.fromkeys(derived, Source.DERIVED)

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
        return series.blocks_from(boundary_ms, self._blocks_ahead)


def _close(tracks: dict[str, tuple[Signal, _Track]], boundary_ms: int) -> dict[str, Aggregate]:
    return {name: track.close(signal, boundary_ms) for name, (signal, track) in tracks.items()}
