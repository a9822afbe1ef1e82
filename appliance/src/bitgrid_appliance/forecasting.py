"""Where the core's PV forecast comes from: a service's that was received, else its own.

Knows the journal and the collector's windows; no broker, no clock, no rule. Invariants: a received
series is recorded as received before a block is decided with it; a block's record says what was used
and whose it is; the place of the site is in no record; what the own forecast has learnt is restored
to the same numbers, or it is absent until the sun has taught it again. Nothing else learns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from bitgrid_appliance.forecast_shapes import Payload, in_our_shape
from bitgrid_appliance.ports import CoreJournal
from bitgrid_core.block import BLOCK_MS, BLOCKS_PER_DAY, at_text, parse_at
from bitgrid_core.chain import Draft
from bitgrid_core.codec import Json
from bitgrid_core.context import BlockAggregates, Forecast
from bitgrid_core.errors import BadInput
from bitgrid_core.forecast import RECENT_BLOCKS, Learnt, LocalForecast
from bitgrid_core.policy import Policy
from bitgrid_core.signals import PRICE, PV_FORECAST, PV_POWER, Quality, Source
from bitgrid_core.sun import Site

RECEIVED: Final = {PV_FORECAST.name: "forecast", PRICE.name: "prices"}
"""Signals that come as series, and the kinds of their records."""
LEARNT: Final = "learnt"
_SIGNALS: Final = {"forecast": PV_FORECAST, "prices": PRICE}
_FUTURE_MS: Final = 30_000
_AGAIN_MS: Final = 3_600_000
"""A series that says nothing new is recorded again so often: its age counts."""
_TEACHING_BLOCKS: Final = 30 * BLOCKS_PER_DAY
"""What is read again of a journal that knows nothing learnt yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """What the own forecast is told.

    Attributes:
        place: to a whole degree.
        peak_w: nothing above this is forecast; ``None``: what was measured.
    """

    place: Site
    peak_w: int | None = None


def understood(
    names: tuple[str, ...], payload: Payload, now_ms: int, wall_ms: int | None = None
) -> Payload:
    """A measurement's payload; a forecast in a shape of the field in ours.

    Args:
        names: device and signal.
        payload: the message.
        now_ms: the instant for the core.
        wall_ms: by the wall, if that is the core's clock: a series from the future would hide all
            that come until then.

    Raises:
        BadInput: a forecast with an instant or a number that is none, or from the future.
    """
    if names[-1] != PV_FORECAST.name:
        return payload
    said = in_our_shape(payload, now_ms)
    at_ms = now_ms if wall_ms is None else parse_at(str(said.get("at")))
    if wall_ms is not None and at_ms > wall_ms + _FUTURE_MS:
        raise BadInput(f"The forecast is from {at_text(at_ms)}.", "Set the service's clock.")
    return said


class Forecasting:
    """One core's forecasts between two restarts."""

    def __init__(self, journal: CoreJournal, policy: Policy, roof: Roof | None) -> None:
        """Restore what was received and learnt.

        Raises:
            BadInput: a record cannot be read.
        """
        self._received = {series.signal.name: series for series in _newest_received(journal)}
        self._recorded = dict(self._received)
        self._waiting: dict[str, Draft] = {}
        self._policy = policy
        self._peak_w = None if roof is None else roof.peak_w
        self._local: LocalForecast | None = None
        self._learnt_day: int | None = None
        if roof is not None and policy.has_forecast:
            self._local, self._learnt_day = _restored(journal, roof.place)
        longest_ms = max((one.thresholds.forecast_lookahead_ms for one in policy.loads), default=0)
        self._blocks_ahead = -(-longest_ms // BLOCK_MS)

    @property
    def received(self) -> tuple[Forecast, ...]:
        """The newest series of each signal."""
        return tuple(self._received.values())

    def heard(self, series: Forecast, payload: Payload) -> None:
        """Have a received series recorded, unless that was done within the hour."""
        name, known = series.signal.name, self._recorded.get(series.signal.name)
        self._received[name] = series
        is_known = known is not None and replace(known, at_ms=series.at_ms) == series
        if known is not None and is_known and series.at_ms - known.at_ms < _AGAIN_MS:
            return
        private: dict[str, Json] = {"source": str(payload.get("source", ""))}
        self._waiting[name] = Draft(kind=RECEIVED[name], body=_body(series), private=private)
        self._recorded[name] = series

    def completed(self, window: BlockAggregates) -> BlockAggregates:
        """The window, with the own forecast where no received one knows half of what is asked."""
        if self._local is None:
            return window
        self._note_learnt(self._local, window.block_id)
        self._local = self._local.after(window.block_id - 1, _pv_w(window))
        known = sum(value is not None for value in window.pv_forecast_w)
        if not self._blocks_ahead or 2 * known >= self._blocks_ahead:
            return window
        values = self._local.ahead(window.block_id, self._blocks_ahead)
        if None in values:
            return window
        capped = tuple(
            value if value is None or self._peak_w is None else min(value, self._peak_w)
            for value in values
        )
        sources = {**window.sources, PV_FORECAST.name: Source.LOCAL}
        return replace(window, pv_forecast_w=capped, sources=sources)

    def drafts(self) -> list[Draft]:
        """What must be recorded before the next input, until it is ``noted``."""
        return list(self._waiting.values())

    def noted(self, drafts: Iterable[Draft]) -> None:
        """Those are recorded."""
        done = {id(draft) for draft in drafts}
        self._waiting = {key: one for key, one in self._waiting.items() if id(one) not in done}

    def _note_learnt(self, local: LocalForecast, block_id: int) -> None:
        """Once a day, so that a restart reads a day and not a journal."""
        day = block_id // BLOCKS_PER_DAY
        if day != self._learnt_day:
            self._learnt_day = day
            body: dict[str, Json] = {
                "through_block": block_id - 2,
                "usual_mw": local.learnt.usual_mw,
                "peak_w": local.learnt.peak_w,
            }
            self._waiting[LEARNT] = Draft(kind=LEARNT, body=body)


def _pv_w(window: BlockAggregates) -> int | None:
    found = window.site.get(PV_POWER.name)
    return found.mean if found is not None and found.quality is Quality.OK else None


def _body(series: Forecast) -> dict[str, Json]:
    return {
        "at": at_text(series.at_ms),
        "from": at_text(series.from_ms),
        "step_s": series.step_ms // 1000,
        "values": list(series.values),
    }


def _newest_received(journal: CoreJournal) -> Iterator[Forecast]:
    for kind, signal in _SIGNALS.items():
        newest = journal.newest(kind)
        if newest is not None:
            body = newest.body
            yield Forecast(
                signal=signal,
                at_ms=parse_at(str(body["at"])),
                from_ms=parse_at(str(body["from"])),
                step_ms=1000 * cast("int", body["step_s"]),
                values=tuple(cast("list[int | None]", body["values"])),
            )


def _restored(journal: CoreJournal, place: Site) -> tuple[LocalForecast, int | None]:
    """The forecaster as it was, and the day on which it was noted last."""
    begun = LocalForecast(site=place)
    newest, block = journal.newest(LEARNT), journal.newest("block")
    if block is None:
        return begun, None
    last = cast("int", block.body["block_id"])
    if newest is None:
        return _taught(begun, journal, (last - _TEACHING_BLOCKS, last)), None
    through = cast("int", newest.body["through_block"])
    recent = dict(_measured(journal, (through + 2 - RECENT_BLOCKS, through + 1)))
    learnt = Learnt(
        usual_mw=cast("int | None", newest.body["usual_mw"]),
        peak_w=cast("int", newest.body["peak_w"]),
    )
    known = {block_id: pv_w for block_id, pv_w in recent.items() if pv_w is not None}
    local = replace(begun, learnt=learnt, recent=known)
    return _taught(local, journal, (through + 2, last)), (through + 2) // BLOCKS_PER_DAY


def _taught(local: LocalForecast, journal: CoreJournal, blocks: tuple[int, int]) -> LocalForecast:
    for measured, pv_w in _measured(journal, blocks):
        local = local.after(measured, pv_w)
    return local


def _measured(journal: CoreJournal, blocks: tuple[int, int]) -> Iterator[tuple[int, int | None]]:
    """Mean PV by the block during which it was measured, of windows closed for ``blocks``."""
    for record in journal.of_kind("block", blocks):
        window = BlockAggregates.from_body(cast("Mapping[str, Json]", record.body))
        yield window.block_id - 1, _pv_w(window)
