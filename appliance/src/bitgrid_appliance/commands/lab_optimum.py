"""Perfect foresight over recorded days: a linear programme, solved by HiGHS.

Needs the extra ``lab``. Floats stay in here: the optimum leaves as integers, rounded so that it
stays a bound. Knows no rule, no file and no process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from bitgrid_core.errors import CheckFailed, MissingDependency
from bitgrid_core.household.battery import BatteryConfig
from bitgrid_core.household.foresight import (
    IMPORT_WEIGHT,
    Optimum,
    Stretch,
    Task,
    stretches_of,
    task_of,
)
from bitgrid_core.household.lab import Bench, Outcome, Trial

_WS_PER_WH: Final = 3600
_TOLERANCE_WH: Final = 0.01
"""What a solution in floating point may be short of the true optimum, over a year."""


class Solver:
    """scipy, where it is installed."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            MissingDependency: it is not there.
        """
        try:
            self.linprog: Callable[..., Any] = import_module("scipy.optimize").linprog
            self.matrix: Callable[..., Any] = import_module("scipy.sparse").csr_array
        except ImportError as error:
            raise MissingDependency(
                f"The optimum needs {error.name or 'scipy'}.",
                'Run pip install "bitgrid-appliance[lab]" or leave out --optimum.',
            ) from error


def optima(
    solver: Solver, bench: Bench, trials: Iterable[Trial], base: Outcome
) -> dict[str, Optimum]:
    """The optimum of each policy's plant, by the policy's name; equal plants are solved once.

    Args:
        solver: scipy.
        bench: the days.
        trials: the policies; only what they say of loads and battery counts.
        base: the same days without any load.

    Raises:
        CheckFailed: the solver found none.
    """
    stretches = stretches_of(bench)
    solved: dict[Task, Optimum] = {}
    found = {}
    for trial in trials:
        task = task_of(bench, trial.policy, stretches)
        if task not in solved:
            solved[task] = optimum(solver, task, bench.battery, base.bought_ws)
        found[trial.name] = solved[task]
    return found


def optimum(solver: Solver, task: Task, battery: BatteryConfig, base_ws: int) -> Optimum:
    """Solve one house.

    Args:
        solver: scipy.
        task: the days and the loads.
        battery: used if the task has one.
        base_ws: import without any load.

    Raises:
        CheckFailed: the solver found none.
    """
    if not task.stretches:
        return Optimum(net_wh=0, used_wh=0, extra_import_wh=0)
    model = _Model(stretches=task.stretches)
    answer = solver.linprog(
        model.cost(),
        A_ub=model.balance(solver.matrix),
        b_ub=[(one.pv_ws - one.house_ws) / _WS_PER_WH for one in task.stretches],
        A_eq=model.store(solver.matrix, battery),
        b_eq=model.start(battery),
        bounds=model.bounds(task, battery),
        method="highs",
    )
    if answer.status != 0:
        raise CheckFailed(f"The optimum was not found: {answer.message}", "Leave out --optimum.")
    count = len(task.stretches)
    used_wh = float(sum(answer.x[:count]))
    extra_wh = float(sum(answer.x[count : 2 * count])) - base_ws / _WS_PER_WH
    return Optimum(
        net_wh=math.ceil(used_wh - IMPORT_WEIGHT * extra_wh + _TOLERANCE_WH),
        used_wh=round(used_wh),
        extra_import_wh=round(extra_wh),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """For each stretch, in Wh: load, import, charge, discharge, stored at its end.

    In this order, all stretches of the first, then all of the second, and so on.
    """

    stretches: Sequence[Stretch]

    @property
    def count(self) -> int:
        return len(self.stretches)

    def cost(self) -> list[float]:
        """To be minimised: what the loads use counts for, import against."""
        return [-1.0] * self.count + [float(IMPORT_WEIGHT)] * self.count + [0.0] * 3 * self.count

    def balance(self, matrix: Callable[..., Any]) -> Any:
        """Load + charge − import − discharge ≤ PV − house; the rest is exported."""
        return self._banded(matrix, (1.0, -1.0, 1.0, -1.0, 0.0), 0.0)

    def store(self, matrix: Callable[..., Any], battery: BatteryConfig) -> Any:
        """Stored − stored before − charged + taken out = 0."""
        gained, taken = battery.charge_permille / 1000, 1000 / battery.discharge_permille
        return self._banded(matrix, (0.0, 0.0, -gained, taken, 1.0), -1.0)

    def start(self, battery: BatteryConfig) -> list[float]:
        """Right side of ``store``: what the battery holds at the beginning."""
        held_wh = battery.at_ws(battery.soc_start_permille) / _WS_PER_WH
        return [held_wh, *[0.0] * (self.count - 1)]

    def bounds(self, task: Task, battery: BatteryConfig) -> list[tuple[float, float | None]]:
        """Of each unknown; the battery need not hold anything in the end."""
        present = 1 if task.has_battery else 0
        hours = [one.seconds / 3600 for one in self.stretches]
        low = battery.at_ws(battery.soc_min_permille) / _WS_PER_WH
        high = battery.at_ws(battery.soc_max_permille) / _WS_PER_WH
        found: list[tuple[float, float | None]] = [(0.0, task.top_w * hour) for hour in hours]
        found += [(0.0, None)] * self.count
        found += [(0.0, present * battery.max_charge_w * hour) for hour in hours]
        found += [(0.0, present * battery.max_discharge_w * hour) for hour in hours]
        return found + [(low, high)] * self.count

    def _banded(
        self, matrix: Callable[..., Any], factors: tuple[float, ...], of_stored_before: float
    ) -> Any:
        """One row for each stretch: a factor for each of its unknowns, and one for the store."""
        count = self.count
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for place, factor in enumerate(factors):
            if factor:
                rows += range(count)
                columns += range(place * count, (place + 1) * count)
                values += [factor] * count
        if of_stored_before:
            rows += range(1, count)
            columns += range(4 * count, 5 * count - 1)
            values += [of_stored_before] * (count - 1)
        return matrix((values, (rows, columns)), shape=(count, 5 * count))
