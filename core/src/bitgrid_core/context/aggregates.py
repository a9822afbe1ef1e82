"""One closed window as it is recorded: the input of a block's decisions.

The proof begins here: raw samples are not kept. In a record an aggregate is the list
``[mean, last, min, max, count, age_ms]``, with the quality behind it unless it is ``ok``, and
behind ``suspect`` the reason, where it is known. ``sources`` names signals of the site that do not
come from where they usually do, and is left out where all of them do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, cast

from bitgrid_core.codec import Json
from bitgrid_core.frozen import quickly_made
from bitgrid_core.signals import Doubt, Quality, Source


class Aggregate(NamedTuple):
    """What one signal did in one window; a tuple, since a year of replay makes half a million.

    Attributes:
        mean: over the window, towards the cautious side; ``None`` without samples.
        last: newest value, from this window or before.
        low: smallest sample of the window.
        high: largest sample of the window.
        samples: how many the window has.
        age_ms: age of ``last`` at the boundary.
        quality: ``ok`` if the value may be used.
        doubt: why a suspect one is suspect.
    """

    mean: int | None
    last: int | None
    low: int | None
    high: int | None
    samples: int
    age_ms: int | None
    quality: Quality = Quality.OK
    doubt: Doubt | None = None


_USUAL: Mapping[str, Source] = MappingProxyType({})
_SHORT = 6
"""Entries of a list whose quality is ``ok``."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAggregates:
    """The closed window before ``block_id``.

    Attributes:
        block_id: the block that is decided with it.
        local_day: site-local date at the block's start, yyyymmdd.
        site: by signal name.
        loads: by load id, then by signal name.
        pv_forecast_w: per block from ``block_id`` on, over the look-ahead.
        prices_ct_per_mwh: the same for the price; the first is now.
        sources: of the site's signals and the forecast, where it is not the usual one.
    """

    block_id: int
    local_day: int
    site: Mapping[str, Aggregate]
    loads: Mapping[str, Mapping[str, Aggregate]]
    pv_forecast_w: tuple[int | None, ...] = ()
    prices_ct_per_mwh: tuple[int | None, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=lambda: _USUAL)

    def to_body(self) -> dict[str, Json]:
        """The body of a ``block`` record."""
        body: dict[str, Json] = {
            "block_id": self.block_id,
            "local_day": self.local_day,
            "site": {name: _list(item) for name, item in self.site.items()},
            "loads": {
                load: {name: _list(item) for name, item in signals.items()}
                for load, signals in self.loads.items()
            },
            "pv_forecast_w": list(self.pv_forecast_w),
            "prices_ct_per_mwh": list(self.prices_ct_per_mwh),
        }
        if self.sources:
            body["sources"] = {name: source.value for name, source in self.sources.items()}
        return body

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> BlockAggregates:
        """The aggregates of a ``block`` record's body.

        Raises:
            KeyError, TypeError, ValueError: not such a body.
        """
        loads = cast("dict[str, dict[str, list[object]]]", body["loads"])
        return cls(
            block_id=cast("int", body["block_id"]),
            local_day=cast("int", body["local_day"]),
            site=_aggregates(cast("dict[str, list[object]]", body["site"])),
            loads={load: _aggregates(signals) for load, signals in loads.items()},
            pv_forecast_w=tuple(cast("list[int | None]", body["pv_forecast_w"])),
            prices_ct_per_mwh=tuple(cast("list[int | None]", body["prices_ct_per_mwh"])),
            sources=_sources(body),
        )


def _sources(body: Mapping[str, Json]) -> Mapping[str, Source]:
    named = cast("dict[str, str]", body.get("sources") or {})
    return {name: Source(source) for name, source in named.items()} if named else _USUAL


def _list(item: Aggregate) -> list[Json]:
    values: list[Json] = list(item[:_SHORT])
    if item.quality is not Quality.OK or item.doubt is not None:
        values.append(item.quality.value)
    if item.doubt is not None:
        values.append(item.doubt.value)
    return values


def _aggregates(signals: Mapping[str, list[object]]) -> dict[str, Aggregate]:
    return {name: _aggregate(values) for name, values in signals.items()}


def _aggregate(values: list[object]) -> Aggregate:
    if len(values) <= _SHORT:
        return Aggregate._make((*values, Quality.OK, None))
    quality, *doubt = cast("list[str]", values[_SHORT:])
    why = Doubt(doubt[0]) if doubt else None
    return Aggregate._make((*values[:_SHORT], Quality(quality), why, *doubt[1:]))
