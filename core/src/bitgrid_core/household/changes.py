"""A policy with a few thresholds moved: what a person types to ask *what if*.

``surplus_min_kw=-0.05`` lowers it, ``+0.05`` raises it, ``1.45`` sets it; several stand behind each
other with commas. Pure. Invariant: what a person did not name stays as it was, load by load.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from bitgrid_core.errors import BadInput
from bitgrid_core.household.lab import Trial
from bitgrid_core.policy import Thresholds, parse_policy
from bitgrid_core.policy.parsing import KEYS
from bitgrid_core.units import to_people

_DEFAULTS: Final = Thresholds()
_S_PER_MIN: Final = 60


def changed(document: Mapping[str, object], wish: str) -> Trial:
    """The policy of a document with a wish fulfilled, named after what it changes.

    Args:
        document: the policy in people's units.
        wish: ``key=value,key=value``; a value with a sign is added to what is there.

    Raises:
        BadInput: an unknown key, no number, or a value that the policy cannot have.
    """
    moved: dict[str, object] = dict(document)
    said = []
    for key, text in _parts(wish):
        before = document.get(key, _default(key))
        moved[key] = _moved(key, before, text)
        said.append(f"{key} {_shown(before)} → {moved[key]}")
        moved["loads"] = _loads(moved.get("loads"), key, text)
    return Trial(name=", ".join(said), policy=parse_policy(moved))


def _parts(wish: str) -> list[tuple[str, str]]:
    found = []
    for part in wish.split(","):
        key, _, text = (word.strip() for word in part.partition("="))
        if key not in KEYS:
            raise BadInput(f"{key!r} cannot be changed.", f"Use one of: {', '.join(KEYS)}.")
        if not text:
            raise BadInput(f"{part.strip()!r} names no value.", f"Write {key}=-0.1 or {key}=2.")
        found.append((key, text))
    if len({key for key, _text in found}) < len(found):
        raise BadInput(f"{wish!r} changes one key twice.", "Name each key once.")
    return found


def _loads(loads: object, key: str, text: str) -> object:
    """The loads, with the same change for those that have a value of their own."""
    if not isinstance(loads, list):
        return loads
    return [
        {**load, key: _moved(key, load[key], text)}
        if isinstance(load, Mapping) and key in load
        else load
        for load in loads
    ]


def _moved(key: str, before: object, text: str) -> str:
    number = _number(key, text)
    if text[0] not in "+-":
        return text
    if before is None:
        raise BadInput(f"{key} is not set, so nothing can be added.", f"Write {key}=3.")
    return f"{(_number(key, str(before)) + number).normalize():f}"


def _number(key: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadInput(f"{key}: {text!r} is no number.", f"Write {key}=-0.1 or {key}=2.")
    return number


def _default(key: str) -> str | None:
    """What holds where the document says nothing, in people's units."""
    spec = KEYS[key]
    value: int | None = getattr(_DEFAULTS, spec.name)
    if value is None:
        return None
    if spec.unit == "min":
        return str(value // (1000 * _S_PER_MIN))
    return str(to_people(value, spec.inside, spec.unit))


def _shown(value: object) -> str:
    return "unset" if value is None else str(value)
