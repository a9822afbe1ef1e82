"""A household's series in integers: consumption, PV and the PV forecast at a regular step.

A value holds from its own instant until the next one; ``None`` is a gap and stays one. Must
not know files, plants or topics. Invariants: the columns have equal length; a row in
``asleep`` has ``pv_w`` 0; ``resolution_s`` divides both the step and a block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from bitgrid_core import codec
from bitgrid_core.block import BLOCK_MS, BLOCK_S
from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made

MIN_STEP_S: Final = 60
MAX_STEP_S: Final = 3600
MAX_ROWS: Final = 1_100_000
"""Two years of minutes: a bound, so that a wrong file cannot fill the memory."""

Column = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What reading a series had to decide, so that it can be said.

    Attributes:
        pv_asleep: empty PV values at night, read as 0 W.
        pv_gaps: empty PV values by day.
        load_gaps: empty consumption values.
        forecast_gaps: empty forecast values; every row where there is no forecast.
        pv_negative: negative PV values, read as 0 W.
        forecast_negative: negative forecast values, read as 0 W.
        load_negative: negative consumption values within the noise of a meter, read as 0 W.
    """

    pv_asleep: int = 0
    pv_gaps: int = 0
    load_gaps: int = 0
    forecast_gaps: int = 0
    pv_negative: int = 0
    forecast_negative: int = 0
    load_negative: int = 0


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a series says about one instant; ``None`` is a gap."""

    load_w: int | None
    pv_w: int | None
    pv_forecast_w: int | None
    asleep: bool


_NOTHING: Final = Sample(load_w=None, pv_w=None, pv_forecast_w=None, asleep=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A regular household series.

    Attributes:
        source: what it was made from, for people.
        start_ms: instant of the first row.
        step_s: seconds that a row holds.
        load_w: consumption without flexible loads, in W.
        pv_w: PV power in W.
        pv_forecast_w: PV power as it was forecast for that row, in W.
        asleep: rows whose ``pv_w`` is 0 because the inverter sleeps.
        counts: what was decided while reading.
        resolution_s: longest step at which a plant sees every value of every block.
    """

    source: str
    start_ms: int
    step_s: int
    load_w: Column
    pv_w: Column
    pv_forecast_w: Column
    asleep: frozenset[int] = frozenset()
    counts: Counts = Counts()
    resolution_s: int = field(init=False)

    def __post_init__(self) -> None:
        assert len(self.load_w) == len(self.pv_w) == len(self.pv_forecast_w) > 0
        _check_step(self.start_ms, self.step_s)
        start_s = self.start_ms // 1000
        object.__setattr__(self, "resolution_s", math.gcd(self.step_s, BLOCK_S, start_s))

    @property
    def end_ms(self) -> int:
        """First instant about which the series says nothing any more."""
        return self.start_ms + len(self.load_w) * self.step_s * 1000

    @property
    def first_block_ms(self) -> int:
        """Start of the first block that lies wholly within the series."""
        return -(-self.start_ms // BLOCK_MS) * BLOCK_MS

    def at(self, at_ms: int) -> Sample:
        """The values that hold at an instant; gaps before the start and from the end on."""
        row = (at_ms - self.start_ms) // (self.step_s * 1000)
        if not 0 <= row < len(self.load_w):
            return _NOTHING
        return Sample(
            load_w=self.load_w[row],
            pv_w=self.pv_w[row],
            pv_forecast_w=self.pv_forecast_w[row],
            asleep=row in self.asleep,
        )

    def forecast_blocks(self, from_ms: int, count: int) -> Column:
        """Forecast PV of ``count`` blocks from ``from_ms`` on, in W, rounded down.

        A block of which any value is missing is a gap: nothing is filled in.
        """
        if self.resolution_s != BLOCK_S or from_ms % BLOCK_MS:
            return tuple(self._forecast_block(from_ms + n * BLOCK_MS) for n in range(count))
        column, since_ms, step_ms = self.pv_forecast_w, from_ms - self.start_ms, self.step_s * 1000
        rows = [(since_ms + n * BLOCK_MS) // step_ms for n in range(count)]  # one row a block
        return tuple([column[row] if 0 <= row < len(column) else None for row in rows])

    def _forecast_block(self, from_ms: int) -> int | None:
        step_ms = self.step_s * 1000
        first = (from_ms - self.start_ms) // step_ms
        last = (from_ms + BLOCK_MS - 1 - self.start_ms) // step_ms
        if first < 0 or last >= len(self.pv_forecast_w):
            return None
        if first == last:
            return self.pv_forecast_w[first]
        total = 0
        for row in range(first, last + 1):
            value = self.pv_forecast_w[row]
            if value is None:
                return None
            begin = max(from_ms, self.start_ms + row * step_ms)
            end = min(from_ms + BLOCK_MS, self.start_ms + (row + 1) * step_ms)
            total += value * (end - begin)
        return total // BLOCK_MS

    def digest(self) -> str:
        """SHA-256 over times and values, as 64 hex digits; equal series have equal digests."""
        return codec.digest(
            {
                "start_ms": self.start_ms,
                "step_s": self.step_s,
                "load_w": list(self.load_w),
                "pv_w": list(self.pv_w),
                "pv_forecast_w": list(self.pv_forecast_w),
                "asleep": list[codec.Json](sorted(self.asleep)),
            }
        )

    def statement(self) -> str:
        """How the series is brought to blocks and what was decided, in one line for people."""
        counts = self.counts
        rows = len(self.load_w)
        parts = [f"{rows:,} rows of {self.step_s} s: {_to_blocks(self.step_s)}"]
        parts += [
            f"{count:,} {what}"
            for count, what in (
                (counts.pv_asleep, "empty PV values at night read as inverter asleep (0 W)"),
                (counts.pv_negative, "negative PV values read as 0 W"),
                (counts.load_negative, "negative consumption values read as 0 W"),
                (counts.forecast_negative, "negative forecast values read as 0 W"),
            )
            if count
        ]
        parts.append(
            f"gaps kept as gaps: {counts.load_gaps:,} of consumption, {counts.pv_gaps:,} of PV"
            " by day"
        )
        if counts.forecast_gaps == rows:
            parts.append("no PV forecast")
        elif counts.forecast_gaps:
            parts.append(f"{counts.forecast_gaps:,} forecast values missing")
        return "; ".join(parts)


def _to_blocks(step_s: int) -> str:
    if step_s == BLOCK_S:
        return "one value for each block of 600 s"
    if step_s % BLOCK_S == 0:
        return f"each value held for {step_s // BLOCK_S} blocks of 600 s"
    if BLOCK_S % step_s == 0:
        return f"a block of 600 s is the mean of {BLOCK_S // step_s} values"
    return "each value held for its step, a block of 600 s is the mean weighted by time"


def _check_step(start_ms: int, step_s: int) -> None:
    if not (MIN_STEP_S <= step_s <= MAX_STEP_S and step_s % MIN_STEP_S == 0):
        raise BadInput(
            f"A step of {step_s} s does not fit blocks of {BLOCK_S} s.",
            f"Use whole minutes from {MIN_STEP_S} s to {MAX_STEP_S} s.",
        )
    if start_ms % (MIN_STEP_S * 1000):
        raise BadInput(
            "The series does not start at a whole minute.", "Move its times to whole minutes."
        )
