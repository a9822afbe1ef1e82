"""From a window's aggregates to what one load sees: the ``EnergyState``.

Powers are means, the rest last values; what is not ``ok`` is ``None`` and named with its
quality. A load that need not answer yet — off, or just started — has no stale heartbeat: an
old one is absent, not late.
"""

from __future__ import annotations

from collections.abc import Mapping

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.model import EnergyState, Memory
from bitgrid_core.policy import LoadProfile, Policy
from bitgrid_core.signals import Quality

_NEVER = Aggregate(None, None, None, None, 0, None, Quality.MISSING)


def energy_state(
    window: BlockAggregates,
    policy: Policy,
    load: LoadProfile,
    memory: Memory,
    others_w: tuple[int, int],
) -> EnergyState:
    """What a load sees of a window.

    Args:
        window: the closed window.
        policy: the site's policy.
        load: the load's profile.
        memory: its memory at the boundary.
        others_w: power decided for earlier loads, power measured at running lower loads.
    """
    lost: list[tuple[str, Quality]] = []
    site, own = window.site, window.loads.get(load.id, {})
    prices = _prices(window, load)
    return EnergyState(
        block_id=window.block_id,
        local_day=window.local_day,
        pv_power_w=_mean(site, "pv_power_w", lost),
        house_load_w=_house_load(window, policy, lost),
        grid_import_w=_mean(site, "grid_import_w", lost),
        grid_export_w=_mean(site, "grid_export_w", lost),
        battery_soc_permille=_last(site, "battery_soc_pct", lost) if policy.has_battery else None,
        battery_charge_w=_mean(site, "battery_charge_w", lost) if policy.has_battery else None,
        price_ct_per_mwh=prices[0] if prices else None,
        price_peak_ct_per_mwh=max([p for p in prices if p is not None], default=None),
        pv_forecast_w=_forecast(window, load, lost) if policy.has_forecast else None,
        load_power_w=_mean(own, "load_power_w", lost),
        load_temp_mdegc=_last(own, "load_temp_c", lost),
        heartbeat_age_ms=_heartbeat_age(own, load, memory),
        earlier_loads_w=others_w[0],
        lower_loads_w=others_w[1],
        quality=tuple(sorted(lost)) if lost else (),
    )


def _mean(
    signals: Mapping[str, Aggregate], name: str, lost: list[tuple[str, Quality]]
) -> int | None:
    found = signals.get(name, _NEVER)
    if found.quality is Quality.OK and found.mean is not None:
        return found.mean
    lost.append((name, Quality.STALE if found.quality is Quality.OK else found.quality))
    return None


def _last(
    signals: Mapping[str, Aggregate], name: str, lost: list[tuple[str, Quality]]
) -> int | None:
    found = signals.get(name, _NEVER)
    if found.quality is Quality.OK:
        return found.last
    lost.append((name, found.quality))
    return None


def _house_load(
    window: BlockAggregates, policy: Policy, lost: list[tuple[str, Quality]]
) -> int | None:
    house_w = _mean(window.site, "house_load_w", lost)
    if house_w is None or not policy.house_meter_includes_loads:
        return house_w
    powers = (signals.get("load_power_w", _NEVER).mean for signals in window.loads.values())
    return max(0, house_w - sum(power or 0 for power in powers))


def _heartbeat_age(own: Mapping[str, Aggregate], load: LoadProfile, memory: Memory) -> int | None:
    age_ms = own.get("heartbeat", _NEVER).age_ms
    if age_ms is None:
        return None
    late = age_ms > load.thresholds.comm_timeout_ms
    return None if late and not load.telemetry_mandatory(memory) else age_ms


def _forecast(
    window: BlockAggregates, load: LoadProfile, lost: list[tuple[str, Quality]]
) -> int | None:
    """Mean over the look-ahead from at least half its values, rounded down."""
    blocks = -(-load.thresholds.forecast_lookahead_ms // BLOCK_MS)
    known = [value for value in window.pv_forecast_w[:blocks] if value is not None]
    if known and 2 * len(known) >= blocks:
        return sum(known) // len(known)
    lost.append(("pv_forecast_kw", Quality.MISSING))
    return None


def _prices(window: BlockAggregates, load: LoadProfile) -> tuple[int | None, ...]:
    """Now and the look-ahead; where the series does not know the present, the meter's value."""
    blocks = -(-load.thresholds.forecast_lookahead_ms // BLOCK_MS)
    series = window.prices_ct_per_mwh[:blocks]
    if series and series[0] is not None:
        return series
    now = window.site.get("energy_price_ct_kwh", _NEVER)
    return (now.last if now.quality is Quality.OK else None, *series[1:])
