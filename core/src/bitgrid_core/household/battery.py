"""A battery in integers: watt-seconds stored, limits, losses booked inside.

Pure. Invariants, in every step: ``charged - discharged == stored afterwards - stored before +
lost``, exactly; the stored energy never leaves its limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryConfig:
    """A battery's limits; a lithium home storage of 10 kWh by default.

    Attributes:
        capacity_wh: energy between 0 and 1000 ‰.
        max_charge_w: largest charging power at its terminals.
        max_discharge_w: largest discharging power at its terminals.
        charge_permille: part of the charging power that is stored.
        discharge_permille: part of the energy taken out that arrives at the terminals.
        soc_min_permille: never discharged below.
        soc_max_permille: never charged above.
        soc_start_permille: at the first step.
        yields: it takes what the flexible loads leave; ``False``: it charges first.
    """

    capacity_wh: int = 10_000
    max_charge_w: int = 5_000
    max_discharge_w: int = 5_000
    charge_permille: int = 960
    discharge_permille: int = 960
    soc_min_permille: int = 100
    soc_max_permille: int = 1000
    soc_start_permille: int = 500
    yields: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.capacity_wh <= 1_000_000:  # noqa: PLR2004 - a home, not a power station
            raise BadInput(f"A battery of {self.capacity_wh} Wh.", "Give 1 to 1,000,000 Wh.")
        if min(self.max_charge_w, self.max_discharge_w) < 0:
            raise BadInput("A battery limit is negative.", "Give watts from 0 up.")
        if not (0 < self.charge_permille <= 1000 and 0 < self.discharge_permille <= 1000):  # noqa: PLR2004 - 1000 ‰ = all
            raise BadInput("A battery efficiency is out of range.", "Give 1 to 1000 ‰.")
        limits = (self.soc_min_permille, self.soc_start_permille, self.soc_max_permille)
        if not (limits[0] >= 0 and limits[2] <= 1000 and list(limits) == sorted(limits)):  # noqa: PLR2004 - 1000 ‰ = full
            raise BadInput(
                f"Battery limits {limits} ‰ are not in order.",
                "Give 0 <= min <= start <= max <= 1000.",
            )

    def at_ws(self, soc_permille: int) -> int:
        """Stored energy at a state of charge, in Ws."""
        return self.capacity_wh * 3600 * soc_permille // 1000

    def soc_permille(self, stored_ws: int) -> int:
        """State of charge in ‰, rounded down as its signal is."""
        return stored_ws * 1000 // (self.capacity_wh * 3600)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a battery did in one step: mean powers at its terminals, energy lost inside."""

    stored_ws: int
    charge_w: int = 0
    discharge_w: int = 0
    lost_ws: int = 0


def charge(config: BatteryConfig, stored_ws: int, offered_w: int, dt_s: int) -> Exchange:
    """Take up to ``offered_w`` for ``dt_s`` seconds."""
    room_ws = max(0, config.at_ws(config.soc_max_permille) - stored_ws)
    room_w = room_ws * 1000 // (dt_s * config.charge_permille)
    power_w = min(offered_w, config.max_charge_w, room_w)
    gained_ws = power_w * dt_s * config.charge_permille // 1000
    return Exchange(
        stored_ws=stored_ws + gained_ws,
        charge_w=power_w,
        lost_ws=power_w * dt_s - gained_ws,
    )


def discharge(config: BatteryConfig, stored_ws: int, wanted_w: int, dt_s: int) -> Exchange:
    """Give up to ``wanted_w`` for ``dt_s`` seconds."""
    left_ws = max(0, stored_ws - config.at_ws(config.soc_min_permille))
    left_w = left_ws * config.discharge_permille // (dt_s * 1000)
    power_w = min(wanted_w, config.max_discharge_w, left_w)
    taken_ws = -(-power_w * dt_s * 1000 // config.discharge_permille)
    return Exchange(
        stored_ws=stored_ws - taken_ws,
        discharge_w=power_w,
        lost_ws=taken_ws - power_w * dt_s,
    )
