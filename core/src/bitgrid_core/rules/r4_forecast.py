"""R4: do not start what the next hour will not carry. Concerns loads that are off only.

The forecast is gross PV, its mean over the look-ahead; the price is the highest of now and
the look-ahead. Both are optional: what is missing is named and vetoes nothing. With the strategy
``soc_band`` a battery from *standard* on needs no sun ahead.
"""

from __future__ import annotations

from bitgrid_core.model import Rule, Vote
from bitgrid_core.policy import Strategy
from bitgrid_core.rules.situation import (
    LOAD_RUNNING,
    NO_OBJECTION,
    Situation,
    no_change,
    silent,
    unknown,
)

_CONTENT = silent(Rule.R4, NO_OBJECTION)
_RUNNING = silent(Rule.R4, LOAD_RUNNING)


def vote(now: Situation) -> Vote:
    """R4's vote: first matching row of its table."""
    if now.running:
        return _RUNNING
    forecast_w, least_w = now.state.pv_forecast_w, now.limits.min_predicted_pv_w
    if forecast_w is not None and forecast_w < least_w and not _battery_carries(now):
        return no_change(
            Rule.R4,
            "FORECAST_PV_INSUFFICIENT",
            pv_forecast_w=forecast_w,
            min_predicted_pv_w=least_w,
        )
    peak, spike = now.state.price_peak_ct_per_mwh, now.limits.price_spike_ct_per_mwh
    if peak is not None and peak >= spike:
        return no_change(
            Rule.R4,
            "FORECAST_PRICE_SPIKE",
            price_peak_ct_per_mwh=peak,
            price_spike_ct_per_mwh=spike,
        )
    missing = _missing(now)
    return unknown(Rule.R4, missing) if missing else _CONTENT


def _battery_carries(now: Situation) -> bool:
    """Whether the strategy starts a load without asking for sun."""
    soc = now.state.battery_soc_permille
    banded = now.policy.strategy is Strategy.SOC_BAND
    return banded and soc is not None and soc >= now.limits.soc_standard_permille


def _missing(now: Situation) -> tuple[str, ...]:
    found = []
    wanted = now.policy.has_forecast and not _battery_carries(now)
    if wanted and now.state.pv_forecast_w is None:
        found.append("pv_forecast_kw")
    if now.policy.dynamic_price and now.state.price_peak_ct_per_mwh is None:
        found.append("energy_price_ct_kwh")
    return tuple(found)
