"""One measured value, from a message's fields to integers — or refused.

A value outside its physical range is *suspect* and carries no value; a message that is not a
measurement at all is ``BadInput``, which its receiver counts and drops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bitgrid_core.block import BLOCK_MS, parse_at
from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made
from bitgrid_core.signals import PV_FORECAST, PV_POWER, SIGNALS, Doubt, Quality, Signal
from bitgrid_core.units import to_inside

MAX_FORECAST_VALUES: Final = 1000
_STEP_S: Final = (60, 86_400)
_FIRST_MS: Final = 946_684_800_000
_LAST_MS: Final = 4_102_444_800_000
"""A series is recorded with its instants, and must be read again: 2000 to 2100."""
_MAX_TEXT: Final = 200
_NIGHT_DRAW_W: Final = 100
"""An inverter's own draw at night is read as small negative PV; that is 0 W of PV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value of one signal at one instant.

    Attributes:
        signal: which kind of value.
        device: who measured it; for a load's signal the load's id.
        value: inside unit; ``None`` unless the quality is ``ok``.
        at_ms: when it was measured.
        source: where it comes from, for example ``household`` or ``asleep``.
        quality: what is known of it.
        doubt: why it is suspect.
    """

    signal: Signal
    device: str
    value: int | None
    at_ms: int
    source: str
    quality: Quality
    doubt: Doubt | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A series of future values as received: PV power or price.

    Attributes:
        signal: ``pv_forecast_kw`` or ``energy_price_ct_kwh``.
        at_ms: when it was published.
        from_ms: start of the first value.
        step_ms: length of each value.
        values: inside unit; ``None`` where the publisher had none.
    """

    signal: Signal
    at_ms: int
    from_ms: int
    step_ms: int
    values: tuple[int | None, ...]

    def value_at(self, at_ms: int) -> int | None:
        """The forecast for an instant, or ``None`` outside the series."""
        index = (at_ms - self.from_ms) // self.step_ms
        return self.values[index] if 0 <= index < len(self.values) else None

    def blocks_from(self, at_ms: int, count: int) -> tuple[int | None, ...]:
        """The forecast for so many blocks from an instant on."""
        first, rest = divmod(at_ms - self.from_ms, BLOCK_MS)
        if self.step_ms == BLOCK_MS and rest == 0 and 0 <= first <= len(self.values) - count:
            return self.values[first : first + count]
        return tuple([self.value_at(at_ms + n * BLOCK_MS) for n in range(count)])


def parse_measurement(
    device: str, signal_name: str, fields: Mapping[str, object]
) -> Measurement | Forecast:
    """A message's fields as a measurement or a forecast.

    Args:
        device: from the topic.
        signal_name: from the topic.
        fields: ``value, unit, at, source, quality``; a series also has ``from, step_s``.

    Raises:
        BadInput: unknown signal, wrong unit, no time, or not a number.
    """
    signal = SIGNALS.get(signal_name)
    if signal is None:
        raise BadInput(f"Signal {signal_name!r} is unknown.", f"Use one of: {', '.join(SIGNALS)}.")
    at_ms = parse_at(_text(fields, "at"))
    if isinstance(fields.get("value"), list):
        return _series(signal, fields, at_ms)
    value, quality, doubt = _value(signal, fields)
    return Measurement(
        signal=signal,
        device=device,
        value=value,
        at_ms=at_ms,
        source=_text(fields, "source"),
        quality=quality,
        doubt=doubt,
    )


def _value(
    signal: Signal, fields: Mapping[str, object]
) -> tuple[int | None, Quality, Doubt | None]:
    try:
        quality = Quality(str(fields.get("quality", "ok")))
    except ValueError:
        raise BadInput(
            f"Quality {fields.get('quality')!r} is unknown.", "Use ok, stale, missing or suspect."
        ) from None
    raw = fields.get("value")
    said = Doubt.SAID if quality is Quality.SUSPECT else None
    if raw is None:
        return None, Quality.MISSING if quality is Quality.OK else quality, said
    value = to_inside(raw, _text(fields, "unit"), signal.inside, signal.caution)
    if signal is PV_POWER and -_NIGHT_DRAW_W <= value < 0:
        value = 0
    if judged(signal, value) is not Quality.OK:
        return None, Quality.SUSPECT, Doubt.RANGE
    return (value, quality, None) if quality is Quality.OK else (None, quality, said)


def judged(signal: Signal, value: int | None) -> Quality:
    """What is known of a value inside: missing, out of its physical range, or ok."""
    if value is None:
        return Quality.MISSING
    return Quality.OK if signal.low <= value <= signal.high else Quality.SUSPECT


def _series(signal: Signal, fields: Mapping[str, object], at_ms: int) -> Forecast:
    raw, step_s = fields["value"], fields.get("step_s")
    if not isinstance(raw, list) or len(raw) > MAX_FORECAST_VALUES:
        raise BadInput("The forecast is too long.", f"Send at most {MAX_FORECAST_VALUES} values.")
    if (
        isinstance(step_s, bool)
        or not isinstance(step_s, int)
        or not _STEP_S[0] <= step_s <= _STEP_S[1]
    ):
        raise BadInput(f"Forecast step {step_s!r} is not 60 … 86400 s.", "Send step_s.")
    unit, from_ms = _text(fields, "unit"), parse_at(_text(fields, "from"))
    if not (_FIRST_MS <= at_ms < _LAST_MS and _FIRST_MS <= from_ms < _LAST_MS):
        raise BadInput("The forecast is not of this century.", "Check the clock that made it.")
    return Forecast(
        signal=signal,
        at_ms=at_ms,
        from_ms=from_ms,
        step_ms=step_s * 1000,
        values=tuple(None if item is None else _forecast_value(signal, item, unit) for item in raw),
    )


def _forecast_value(signal: Signal, item: object, unit: str) -> int | None:
    value = to_inside(item, unit, signal.inside, signal.caution)
    if signal is PV_FORECAST and value < 0:
        value = 0  # models say small negative numbers at night
    return value if signal.low <= value <= signal.high else None


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise BadInput(f"Field {name} is not short text.", "Send it as text.")
    return value
