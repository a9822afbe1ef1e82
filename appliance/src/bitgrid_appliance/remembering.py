"""What a restarted core still knows of its signals: the newest values of the last closed window.

Raw samples are not kept, but a window's record says each signal's last value and its age. Put
back into an empty collector they count for no mean; they only grow old, as without the restart.
Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bitgrid_appliance.ports import CoreJournal
from bitgrid_core.block import block_start_ms, parse_at
from bitgrid_core.context import (
    Aggregate,
    BlockAggregates,
    BlockCollector,
    Forecast,
    Measurement,
)
from bitgrid_core.policy import Policy
from bitgrid_core.signals import SIGNALS, Quality, Source

_SITE = "site"


def collector_after(
    policy: Policy, window: BlockAggregates | None, received: Iterable[Forecast] = ()
) -> BlockCollector:
    """The collector as it was when ``window`` had been closed; an empty one without.

    Args:
        policy: of the site.
        window: the last closed one.
        received: the newest series that were recorded.
    """
    if window is None:
        return collector_from(policy, 0, received)
    boundary_ms = block_start_ms(window.block_id)
    collector = collector_from(policy, boundary_ms, received)
    for sample in _samples(window, boundary_ms):
        collector.add(sample, boundary_ms)
    return collector


def collector_from(policy: Policy, opened_ms: int, received: Iterable[Forecast]) -> BlockCollector:
    """A collector that has heard nothing but these series."""
    collector = BlockCollector(policy, opened_ms)
    for series in received:
        collector.add(series, series.at_ms)
    return collector


def last_window(journal: CoreJournal) -> BlockAggregates | None:
    """The newest closed window."""
    newest = journal.newest("block")
    return BlockAggregates.from_body(newest.body) if newest else None


def last_at_ms(journal: CoreJournal) -> int:
    """When the newest record was made; 0 for an empty journal."""
    seq = journal.head().seq
    newest = next(iter(journal.records(seq, seq)), None) if seq else None
    return parse_at(newest.at) if newest else 0


def _samples(window: BlockAggregates, boundary_ms: int) -> Iterator[Measurement]:
    measured = {
        name: found
        for name, found in window.site.items()
        if window.sources.get(name) is not Source.DERIVED
    }
    yield from _of_device((_SITE, measured), boundary_ms, window.sources)
    for load, signals in window.loads.items():
        yield from _of_device((load, signals), boundary_ms, {})


def _of_device(
    heard: tuple[str, Mapping[str, Aggregate]], boundary_ms: int, sources: Mapping[str, Source]
) -> Iterator[Measurement]:
    device, signals = heard
    for name, found in signals.items():
        signal = SIGNALS[name]
        if found.last is not None and found.age_ms is not None:
            yield Measurement(
                signal=signal,
                device=device,
                value=found.last,
                at_ms=boundary_ms - found.age_ms,
                source=sources.get(name, "journal"),
                quality=Quality.OK,
            )
        if found.quality in (Quality.MISSING, Quality.SUSPECT):
            yield Measurement(
                signal=signal,
                device=device,
                value=None,
                at_ms=boundary_ms - 1,
                source="journal",
                quality=found.quality,
            )
