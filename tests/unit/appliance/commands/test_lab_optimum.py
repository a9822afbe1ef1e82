"""Perfect foresight on days small enough to be solved by hand, and the word where scipy is missing."""

import sys

import pytest

from bitgrid_appliance.commands.lab_optimum import Solver, optimum
from bitgrid_core.errors import MissingDependency
from bitgrid_core.household.battery import BatteryConfig
from bitgrid_core.household.foresight import Stretch, Task

HOUR_S = 3600


def hours(*rest_w: int) -> tuple[Stretch, ...]:
    """Hours with so much PV above the house's consumption, negative where it lacks."""
    return tuple(
        Stretch(seconds=HOUR_S, pv_ws=max(w, 0) * HOUR_S, house_ws=max(-w, 0) * HOUR_S)
        for w in rest_w
    )


def battery(capacity_wh: int, efficiency_permille: int, start_permille: int = 0) -> BatteryConfig:
    """A battery without a reserve."""
    return BatteryConfig(
        capacity_wh=capacity_wh,
        max_charge_w=1000,
        max_discharge_w=1000,
        charge_permille=efficiency_permille,
        discharge_permille=1000,
        soc_min_permille=0,
        soc_start_permille=start_permille,
    )


def solved(task: Task, store: BatteryConfig, base_wh: int = 0) -> tuple[int, int]:
    """Energy used and extra import; the figure is the one less twice the other, and a bound."""
    best = optimum(Solver(), task, store, base_wh * HOUR_S)
    exact = best.used_wh - 2 * best.extra_import_wh
    assert exact < best.net_wh <= exact + 1
    return best.used_wh, best.extra_import_wh


def test_load_takes_what_the_roof_leaves_up_to_its_top() -> None:
    """Without a battery each hour stands alone: 500 of 500, 1000 of 3000, nothing at night."""
    task = Task(stretches=hours(500, 3000, -200), top_w=1000, has_battery=False)
    assert solved(task, battery(5000, 900), base_wh=200) == (1500, 0)


def test_battery_carries_what_the_top_cannot_take() -> None:
    """2000 Wh above the top are stored within 1000 W and lose a tenth on the way in."""
    task = Task(stretches=hours(3000, 0), top_w=1000, has_battery=True)
    assert solved(task, battery(5000, 900)) == (1900, 0)


def test_full_battery_bounds_what_is_carried() -> None:
    """Only what the battery holds is there in the second hour."""
    task = Task(stretches=hours(3000, 0), top_w=1000, has_battery=True)
    assert solved(task, battery(600, 900)) == (1600, 0)


def test_house_is_served_before_the_load_takes_from_the_night() -> None:
    """What the house needs at night is worth two kWh of use, so it is stored for the house."""
    task = Task(stretches=hours(1000, -500), top_w=1000, has_battery=True)
    assert solved(task, battery(5000, 1000), base_wh=0) == (500, 0)


def test_known_import_without_loads_is_nobodys_fault() -> None:
    """Import that is there without any load is not counted against the optimum."""
    task = Task(stretches=hours(-700), top_w=1000, has_battery=False)
    assert solved(task, battery(5000, 900), base_wh=700) == (0, 0)


def test_charge_at_the_beginning_may_be_used_up() -> None:
    """The battery need not hold anything in the end: the optimum is a bound."""
    task = Task(stretches=hours(0), top_w=1000, has_battery=True)
    assert solved(task, battery(2000, 900, start_permille=300)) == (600, 0)


def test_nothing_known_is_nothing_to_reach() -> None:
    """Days of which nothing was measured have no optimum above zero."""
    best = optimum(Solver(), Task(stretches=(), top_w=1, has_battery=True), BatteryConfig(), 0)
    assert (best.net_wh, best.used_wh, best.extra_import_wh) == (0, 0, 0)


def test_missing_scipy_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, how to install it, exit code 3."""
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingDependency) as caught:
        Solver()
    assert "scipy" in caught.value.message
    assert 'pip install "bitgrid-appliance[lab]"' in caught.value.hint
    assert caught.value.exit_code == 3
