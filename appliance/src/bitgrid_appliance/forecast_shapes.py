"""The shapes in which services of the field say a PV forecast, as one shape: ours.

Pure; knows no topic, no clock and no service by its address. Invariants: energy is kept to the watt,
means are rounded down; a time that nothing is said about stays unknown; what is none of these shapes
is refused, not guessed at.

A list is taken of objects with an instant and a power; a mapping of instants to numbers. The table is
in ``docs/forecast.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from bitgrid_core.block import BLOCK_MS, at_text, parse_at
from bitgrid_core.context.measurement import MAX_FORECAST_VALUES
from bitgrid_core.errors import BadInput
from bitgrid_core.signals import PV_FORECAST
from bitgrid_core.units import Caution, decimal, round_cautious, to_inside

Payload: TypeAlias = Mapping[str, object]

_LISTS: Final = ("value", "forecast", "forecasts", "detailedForecast", "detailedHourly", "rates")
_BEGINS: Final = ("time", "start", "period_start", "date", "datetime")
_POWERS: Final = {
    "power": "",
    "value": "",
    "power_w": "W",
    "power_kw": "kW",
    "watts": "W",
    "p_pv_forecast": "W",
    "pv_estimate": "kW",
    "pv_power_rooftop": "kW",
}
"""What a power is called, and its unit; without one the message names it as ``unit``."""
_PERIOD: Final = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?")
_FIRST_MS: Final = 946_684_800_000
_LAST_MS: Final = 4_102_444_800_000
"""This century: nothing that is computed with such instants leaves the calendar."""
_HOUR_MS: Final = 3_600_000
_SHORTEST_MS: Final = 60_000
_LONGEST_MS: Final = 86_400_000


class Span(NamedTuple):
    """Mean power between two instants, in ms and W."""

    begin_ms: int
    end_ms: int
    power_w: int


def in_our_shape(payload: Payload, now_ms: int) -> Payload:
    """A forecast's message as ``value``, ``unit``, ``from``, ``step_s``; one with a value as given.

    Args:
        payload: a message on the topic of ``pv_forecast_kw``.
        now_ms: when it arrived, for services that do not say when they made it.

    Raises:
        BadInput: no shape that is known, or an instant or a number in it that is none.
    """
    spans = sorted(_spans(payload))
    if not spans:
        if "value" not in payload:
            raise BadInput("The forecast has no shape that is known.", "See docs/forecast.md.")
        return payload
    if len(spans) > MAX_FORECAST_VALUES:
        raise BadInput("The forecast is too long.", f"Send at most {MAX_FORECAST_VALUES} values.")
    for span, following in pairwise(spans):
        if span.end_ms > following.begin_ms:
            raise BadInput(
                f"The forecast says {at_text(following.begin_ms)} twice.", "Send one series."
            )
    step_ms, values = _even(spans)
    return {
        "value": values,
        "unit": "W",
        "at": payload.get("at", at_text(now_ms)),
        "from": at_text(spans[0].begin_ms),
        "step_s": step_ms // 1000,
        "source": payload.get("source", "service"),
        "quality": "ok",
    }


def _spans(payload: Payload) -> Iterator[Span]:
    inside = payload.get("result", payload)
    if not isinstance(inside, Mapping):
        return
    for name in _LISTS:
        items = inside.get(name)
        if isinstance(items, list) and items and all(isinstance(one, Mapping) for one in items):
            yield from _of_list(items, str(payload.get("unit", "")))
            return
    if isinstance(inside.get("watts"), Mapping):
        yield from _between_points(_sorted(inside["watts"]))
    elif isinstance(inside.get("wh_hours"), Mapping):
        yield from _of_energies(_sorted(inside["wh_hours"]))


def _of_list(items: Sequence[Payload], unit: str) -> Iterator[Span]:
    """Objects with an instant, a power and perhaps an end; else each lasts until the next."""
    found: list[tuple[int, int | None, int]] = []
    for item in items:
        power_w = _power_w(item, unit)
        period_ms = _period_ms(item)
        if "period_end" in item:
            until_ms = _instant(item["period_end"])
            if period_ms is None:
                raise BadInput("A period has an end and no length.", "Send period: PT30M.")
            found.append((until_ms - period_ms, until_ms, power_w))
            continue
        begin_ms = _instant(next((item[name] for name in _BEGINS if name in item), None))
        end_ms = None if period_ms is None else begin_ms + period_ms
        found.append((begin_ms, _instant(item["end"]) if "end" in item else end_ms, power_w))
    found.sort(key=lambda one: one[0])
    last_ms = found[-1][0] - found[-2][0] if len(found) > 1 else _HOUR_MS
    nexts = [begin_ms for begin_ms, _end_ms, _w in found[1:]] + [found[-1][0] + last_ms]
    for (begin_ms, end_ms, power_w), next_ms in zip(found, nexts, strict=True):
        yield _span(begin_ms, next_ms if end_ms is None else end_ms, power_w)


def _between_points(points: list[tuple[int, Decimal]]) -> Iterator[Span]:
    """Powers at instants: between two of them the mean of both."""
    for (begin_ms, before), (end_ms, after) in pairwise(points):
        yield _span(begin_ms, end_ms, round_cautious((before + after) / 2, Caution.DOWN))


def _of_energies(points: list[tuple[int, Decimal]]) -> Iterator[Span]:
    """Wh of the hour, or the part of it until the next instant, that begins there."""
    for index, (begin_ms, energy_wh) in enumerate(points):
        end_ms = begin_ms + _HOUR_MS
        if index + 1 < len(points):
            end_ms = min(end_ms, points[index + 1][0])
        length = Decimal(max(end_ms - begin_ms, 1)) / _HOUR_MS
        yield _span(begin_ms, end_ms, round_cautious(energy_wh / length, Caution.DOWN))


def _span(begin_ms: int, end_ms: int, power_w: int) -> Span:
    if not _SHORTEST_MS <= end_ms - begin_ms <= _LONGEST_MS:
        raise BadInput(
            f"The forecast from {at_text(begin_ms)} lasts {(end_ms - begin_ms) // 1000} s.",
            "Send values that last a minute to a day.",
        )
    return Span(begin_ms, end_ms, max(0, power_w))


def _even(spans: list[Span]) -> tuple[int, list[int | None]]:
    """Equal steps: the spans themselves if they are, else blocks of ten minutes."""
    step_ms = spans[0].end_ms - spans[0].begin_ms
    joined = all(one.end_ms == other.begin_ms for one, other in pairwise(spans))
    if (
        joined
        and all(one.end_ms - one.begin_ms == step_ms for one in spans)
        and step_ms % 1000 == 0
    ):
        return step_ms, [one.power_w for one in spans]
    first_ms = spans[0].begin_ms
    count = min(-(-(spans[-1].end_ms - first_ms) // BLOCK_MS), MAX_FORECAST_VALUES)
    said_ms, energy = [0] * count, [0] * count
    for span in spans:
        at_ms = span.begin_ms
        while at_ms < span.end_ms and (index := (at_ms - first_ms) // BLOCK_MS) < count:
            until_ms = min(span.end_ms, first_ms + (index + 1) * BLOCK_MS)
            said_ms[index] += until_ms - at_ms
            energy[index] += (until_ms - at_ms) * span.power_w
            at_ms = until_ms
    return BLOCK_MS, [
        energy[index] // BLOCK_MS if said_ms[index] == BLOCK_MS else None for index in range(count)
    ]


def _sorted(points: object) -> list[tuple[int, Decimal]]:
    assert isinstance(points, Mapping)  # asked before
    return sorted((_instant(at), decimal(value)) for at, value in points.items())


def _power_w(item: Payload, unit: str) -> int:
    for name, own in _POWERS.items():
        if name in item:
            if not (own or unit):
                raise BadInput(f"The forecast's {name} has no unit.", "Send unit: W or kW.")
            return to_inside(item[name], own or unit, PV_FORECAST.inside, Caution.DOWN)
    raise BadInput("A value of the forecast has no power.", f"Name one of: {', '.join(_POWERS)}.")


def _period_ms(item: Payload) -> int | None:
    found = _PERIOD.fullmatch(str(item.get("period", "")))
    if found is None or not any(found.groups()):
        return None
    hours, minutes = (int(text or 0) for text in found.groups())
    return (60 * hours + minutes) * 60_000


def _instant(value: object) -> int:
    if not isinstance(value, str):
        raise BadInput("A value of the forecast has no instant.", f"Name one of: {_BEGINS}.")
    at_ms = parse_at(value)
    if not _FIRST_MS <= at_ms < _LAST_MS:
        raise BadInput(f"The forecast speaks of {value[:40]!r}.", "Send instants of this century.")
    return at_ms
