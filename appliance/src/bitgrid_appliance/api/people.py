"""From core's integers to people's units: what an answer shows.

The API's edge is the only place where a decimal fraction exists; nothing here goes back into
a record. A name that is not in the table passes unchanged.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from bitgrid_appliance.api.shapes import Document, Reading
from bitgrid_core.block import parse_at
from bitgrid_core.signals import SIGNALS

_EDGE: Final = {
    "battery_soc_permille": ("battery_soc_pct", 10),
    "load_temp_mdegc": ("load_temp_c", 1000),
    "heartbeat_age_ms": ("heartbeat_age_s", 1000),
    "price_ct_per_mwh": ("energy_price_ct_kwh", 1000),
    "price_peak_ct_per_mwh": ("energy_price_peak_ct_kwh", 1000),
    "pv_forecast_w": ("pv_forecast_kw", 1000),
}


def state_in_peoples_units(state: Document) -> Document:
    """An ``EnergyState`` document with ``battery_soc_pct``, ``load_temp_c`` and so on."""
    shown = {}
    for name, value in state.items():
        edge, factor = _EDGE.get(name, (name, 1))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        shown[edge] = value / factor if is_number and factor != 1 else value
    return shown


def plain(document: Document) -> Document:
    """A message with its exact decimals as the numbers that JSON can show."""
    return {key: _plain(value) for key, value in document.items()}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case dict():
            return plain(value)
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def number(value: object) -> float | None:
    """A finite number, also from decimal text; anything else is not there."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def reading(name: str, message: Document, now_ms: int) -> Reading:
    """A measurement message as it is shown: its value only if it may be believed.

    Args:
        name: of the signal, which knows its greatest age.
        message: as accepted.
        now_ms: the site's time.
    """
    quality = str(message.get("quality", "ok"))[:16]
    if quality == "ok" and now_ms - parse_at(str(message["at"])) > SIGNALS[name].max_age_ms:
        quality = "stale"
    value = number(message.get("value")) if quality == "ok" else None
    if value is None and quality == "ok":
        quality = "missing"
    return Reading(value=value, at=str(message.get("at"))[:40], quality=quality)


def is_site_signal(name: str) -> bool:
    """Whether a signal is measured per site and is one number."""
    signal = SIGNALS.get(name)
    return signal is not None and not signal.of_load and not name.startswith("pv_forecast")
