"""Exact conversions between people's units and the integers inside.

Inside: W, Wh, m°C, ‰, ms, ct/MWh. At the edge: decimal text in W or kW, %, °C, s, ct/kWh.
A value is parsed as decimal text — never a binary float — and rounded to the cautious side
that its signal names. Invariant: a value that is a whole number inside passes unchanged.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum

from bitgrid_core.errors import BadInput

MAX_DIGITS = 40
"""Longest number that is parsed at all; a bound, not a precision."""


class Caution(StrEnum):
    """The side to which a value of a signal is rounded so that doubt never starts a load."""

    DOWN = "down"
    UP = "up"


_TO_INSIDE: dict[str, dict[str, Decimal]] = {
    "w": {"W": Decimal(1), "kW": Decimal(1000)},
    "wh": {"Wh": Decimal(1), "kWh": Decimal(1000)},
    "mdegc": {"°C": Decimal(1000)},
    "permille": {"%": Decimal(10)},
    "ms": {"s": Decimal(1000), "ms": Decimal(1)},
    "ct_per_mwh": {"ct/kWh": Decimal(1000)},
    "count": {"": Decimal(1)},
}


def decimal(value: object) -> Decimal:
    """A number as its exact decimal value.

    Args:
        value: ``int``, ``Decimal`` or decimal text; a ``float`` is read by its shortest text.

    Raises:
        BadInput: not a finite number, or absurdly long.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise BadInput(f"{value!r} is not a number.", "Write a decimal number such as 1.5.")
    text = str(value).strip()
    if len(text) > MAX_DIGITS:
        raise BadInput(f"A number of {len(text)} characters is too long.", "Use fewer digits.")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadInput(
            f"{text!r} is not a number.", "Write a decimal number such as 1.5."
        ) from None
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise BadInput(f"{text!r} is not a finite number.", "Leave the value out if unknown.")
    return number


def to_inside(value: object, unit: str, inside: str, caution: Caution) -> int:
    """A value in people's unit as an integer in the inside unit.

    Args:
        value: see ``decimal``.
        unit: ``W kW Wh kWh °C % s ms ct/kWh`` or empty for counts.
        inside: ``w wh mdegc permille ms ct_per_mwh count``.
        caution: rounding direction for what does not divide.

    Raises:
        BadInput: not a number, or a unit that does not measure this.
    """
    factors = _TO_INSIDE[inside]
    if unit not in factors:
        known = ", ".join(factors)
        raise BadInput(f"Unit {unit!r} does not fit here.", f"Use one of: {known}.")
    return round_cautious(decimal(value) * factors[unit], caution)


def to_inside_exact(value: object, unit: str, inside: str) -> int:
    """Like ``to_inside`` for thresholds, which must be whole numbers inside.

    Raises:
        BadInput: the value is finer than the inside unit.
    """
    down = to_inside(value, unit, inside, Caution.DOWN)
    if down != to_inside(value, unit, inside, Caution.UP):
        finest = Decimal(1) / _TO_INSIDE[inside][unit]
        raise BadInput(f"{value} {unit} is finer than {finest} {unit}.", "Round the threshold.")
    return down


def round_cautious(value: Decimal, caution: Caution) -> int:
    """A decimal as an integer, towards the cautious side."""
    mode = ROUND_FLOOR if caution is Caution.DOWN else ROUND_CEILING
    return int(value.to_integral_value(rounding=mode))


def mean_cautious(total: int, count: int, caution: Caution) -> int:
    """Mean of ``count`` integers with sum ``total``, towards the cautious side."""
    return total // count if caution is Caution.DOWN else -(-total // count)


def to_people(value: int, inside: str, unit: str) -> str:
    """An inside integer as decimal text in people's unit, without trailing zeros."""
    number = Decimal(value) / _TO_INSIDE[inside][unit]
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
