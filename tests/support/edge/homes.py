"""A house by a seed: when and where it begins, its sun and habits, and the plant of a policy."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bitgrid_core.block import BLOCK_S, BLOCKS_PER_DAY
from bitgrid_core.household import BatteryConfig, House, LoadConfig, PlantConfig, Series, Site
from bitgrid_core.policy import Policy
from bitgrid_core.sun import clear_sky_w_m2, is_night
from support.edge.policies import any_policy

_SITES = (
    ("Europe/Berlin", Site(lat_deg=52.5, lon_deg=13.4)),
    ("Europe/Paris", Site(lat_deg=46.0, lon_deg=2.0)),
)
_SPECIAL_DAYS = (
    *("2024-02-28", "2024-02-29", "2028-02-29", "2023-02-28", "2024-12-31", "2026-12-31"),
    *("2024-03-30", "2024-03-31", "2025-03-30", "2026-03-29", "2024-10-26", "2024-10-27"),
    *("2025-10-26", "2026-10-25", "2038-01-18"),
)
"""Leap days, ends of years, changes of daylight-saving time, the end of 32 bits."""
_FIRST_DAY = datetime(2023, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a simulated life begins.

    Attributes:
        house: the plant on its series.
        policy: the owner's.
        time_zone: of the site.
    """

    house: House
    policy: Policy
    time_zone: str


def any_home(draw: random.Random, days: int) -> Home:
    """A house that lives for some days from midnight UTC on."""
    policy = any_policy(draw)
    time_zone, site = draw.choice(_SITES)
    start_ms = int(_first_day(draw).timestamp()) * 1000
    series = _series(draw, site, start_ms, days)
    return Home(
        house=House.begin(series, _plant(draw, policy), start_ms),
        policy=policy,
        time_zone=time_zone,
    )


def _first_day(draw: random.Random) -> datetime:
    if draw.random() < 0.3:
        return datetime.fromisoformat(draw.choice(_SPECIAL_DAYS)).replace(tzinfo=UTC)
    return _FIRST_DAY + timedelta(days=draw.randrange(3650))


def _series(draw: random.Random, site: Site, start_ms: int, days: int) -> Series:
    """Sun behind passing clouds, a household's day, a forecast that errs; gaps stay gaps."""
    peak_w = draw.choice((5000, 9000, 14_000))
    base_w = draw.choice((150, 300, 600))
    load_w: list[int | None] = []
    pv_w: list[int | None] = []
    forecast_w: list[int | None] = []
    asleep: set[int] = set()
    clear = draw.uniform(0.2, 1.0)
    sleeps = draw.random() < 0.8  # else its inverter says 0 W all night
    for row in range(days * BLOCKS_PER_DAY + 12):
        at_ms = start_ms + row * BLOCK_S * 1000
        clear = min(1.0, max(0.05, clear + draw.uniform(-0.2, 0.2)))
        night = is_night(at_ms, site)
        sky_w = 0.0 if night else peak_w * clear_sky_w_m2(at_ms, site) / 1000
        pv_w.append(None if not night and draw.random() < 0.003 else int(sky_w * clear))
        forecast_w.append(None if draw.random() < 0.02 else int(sky_w * 0.7))
        if night and sleeps:
            asleep.add(row)
        hour = row % BLOCKS_PER_DAY / 6
        habit = 1 + math.exp(-((hour - 19) ** 2) / 4) + math.exp(-((hour - 7) ** 2) / 2)
        cooks_w = 2500 if draw.random() < 0.04 else 0
        drawn_w = int(base_w * habit * draw.uniform(0.7, 1.4)) + cooks_w
        load_w.append(None if draw.random() < 0.002 else drawn_w)
    return Series(
        source="simulated",
        start_ms=start_ms,
        step_s=BLOCK_S,
        load_w=tuple(load_w),
        pv_w=tuple(pv_w),
        pv_forecast_w=tuple(forecast_w),
        asleep=frozenset(asleep),
    )


def _plant(draw: random.Random, policy: Policy) -> PlantConfig:
    battery = BatteryConfig(
        capacity_wh=draw.choice((5000, 10_000)),
        soc_start_permille=draw.choice((200, 600, 800, 950)),
        yields=policy.battery_yields,
    )
    loads = tuple(
        LoadConfig(
            id=load.id,
            levels_w=tuple((level.name, level.power_w) for level in load.levels),
            boot_s=draw.choice((0, 60, 120)),
            telemetry_when_off=load.telemetry_when_off or draw.random() < 0.2,
            warmth_mdegc_per_w=40_000 // load.levels[-1].power_w,
        )
        for load in policy.loads
    )
    return PlantConfig(
        battery=battery if policy.has_battery else None,
        loads=loads,
        noise_permille=draw.choice((0, 20, 100)),
        seed=draw.getrandbits(64),
        meter_includes_loads=policy.house_meter_includes_loads,
        house_meter=not policy.house_load_derived,
    )
