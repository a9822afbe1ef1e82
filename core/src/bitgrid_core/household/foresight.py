"""What perfect foresight is asked: the recorded days as energies, and the figure that it maximises.

Pure, integers only; who solves it stands elsewhere. Invariant: whatever a policy of the laboratory
makes the plant do is also open to perfect foresight over these stretches, so that its optimum is a
bound: it knows no rule, switches as it likes, and may run a load at any power up to its top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.household.lab import Bench, Outcome, plant_of_policy
from bitgrid_core.policy import Policy

IMPORT_WEIGHT: Final = 2
"""An extra kWh from the grid is taken off twice: it did not come from the roof, and it was bought.

More than 1 / (charging × discharging efficiency), so that foresight never buys a kWh in order to
keep one for the night; with 1 a load that always runs would seem to be the best one."""

_STRETCH_MS: Final = 1_800_000
_WS_PER_WH: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Known time within one half hour.

    Attributes:
        seconds: how much of it is known.
        pv_ws: of the scaled roof.
        house_ws: consumption without flexible loads.
    """

    seconds: int
    pv_ws: int
    house_ws: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The days, and what stands in the house.

    Attributes:
        stretches: in order; what nobody measured is left out, as in the plant, where the battery
            rests meanwhile.
        top_w: the most that all loads together can draw.
        has_battery: whether the bench's battery is there.
    """

    stretches: tuple[Stretch, ...]
    top_w: int
    has_battery: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What perfect foresight reaches.

    Attributes:
        net_wh: the figure of ``net_wh``, rounded up: nothing is above it.
        used_wh: energy of the loads.
        extra_import_wh: import above that without loads.
    """

    net_wh: int
    used_wh: int
    extra_import_wh: int

    def share_permille(self, net_wh: int) -> int | None:
        """A policy's part of it, rounded down; ``None`` where there is nothing to reach."""
        return net_wh * 1000 // self.net_wh if self.net_wh > 0 else None


def net_wh(outcome: Outcome, base: Outcome) -> int:
    """Energy used, less the extra import at its weight; over the time in which the flows are known.

    Args:
        outcome: of a policy.
        base: of the same days without any load.
    """
    extra_ws = outcome.bought_ws - base.bought_ws
    return (outcome.drawn_ws - IMPORT_WEIGHT * extra_ws) // _WS_PER_WH


def task_of(bench: Bench, policy: Policy, stretches: Iterable[Stretch]) -> Task:
    """What is to be solved for one policy's plant."""
    plant = plant_of_policy(bench, policy)
    tops = (max(load.boot_w, load.standby_w, load.levels_w[-1][1]) for load in plant.loads)
    return Task(stretches=tuple(stretches), top_w=sum(tops), has_battery=plant.battery is not None)


def stretches_of(bench: Bench) -> tuple[Stretch, ...]:
    """The bench's days in half hours: exact where a recorded value holds as long, else their mean.

    A mean hides what evens out within the half hour, so that the bound lies a little higher there.
    """
    step_s = bench.series.resolution_s
    end_ms = bench.start_ms + bench.blocks * BLOCK_MS
    found: dict[int, Stretch] = {}
    for at_ms in range(bench.start_ms, end_ms, step_s * 1000):
        sample = bench.series.at(at_ms)
        if sample.pv_w is None or sample.load_w is None:
            continue
        before = found.get(at_ms // _STRETCH_MS, _NOTHING)
        found[at_ms // _STRETCH_MS] = Stretch(
            seconds=before.seconds + step_s,
            pv_ws=before.pv_ws + sample.pv_w * bench.pv_scale_permille // 1000 * step_s,
            house_ws=before.house_ws + sample.load_w * step_s,
        )
    return tuple(found.values())


_NOTHING: Final = Stretch(seconds=0, pv_ws=0, house_ws=0)
