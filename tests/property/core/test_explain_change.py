"""Counterfactuals are true, and nothing smaller is: checked by trying, not by the same search."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.arbiter import advance
from bitgrid_core.counterfactual import (
    MAX_WAIT_BLOCKS,
    WAIT,
    Counterfactual,
    counterfactuals,
    outcome,
)
from bitgrid_core.model import EnergyState, Memory
from bitgrid_core.policy import Strategy
from bitgrid_core.rules import situation
from bitgrid_core.turning import Change
from support.moments import (
    AGES,
    BANDS,
    PRICES,
    SOCS,
    TEMPS,
    Moment,
    decided,
    decision_at,
    moment,
    with_values,
)

QUICK = settings(max_examples=30, deadline=None, derandomize=True)
moments = st.integers(0, 2**32).map(moment)
NAMES = (
    "surplus_w",
    "pv_power_w",
    "battery_soc_permille",
    "pv_forecast_w",
    "price_ct_per_mwh",
    "price_peak_ct_per_mwh",
    "grid_import_w",
    "load_temp_mdegc",
    "heartbeat_age_ms",
)
ELSEWHERE: dict[str, Collection[int]] = {
    "battery_soc_permille": sorted({*SOCS, *BANDS}),
    "price_ct_per_mwh": PRICES,
    "price_peak_ct_per_mwh": PRICES,
    "load_temp_mdegc": TEMPS,
    "heartbeat_age_ms": AGES,
}
"""Where to look for another outcome of an input that is not in watts."""


def level_with(now: Moment, values: dict[str, int]) -> str:
    """The level of a load when these inputs, and nothing else, are different."""
    state, memory = changed(now, values), now.memory
    for _ in range(values.get(WAIT, 0)):
        _event, after = decided(now.policy, state, memory, now.autonomy)
        state, memory = replace(state, block_id=state.block_id + 1), advance(after, 1)
    return level_of(now, state, memory)


def level_of(now: Moment, state: EnergyState, memory: Memory) -> str:
    """The level after one decision."""
    event, _after = decided(now.policy, state, memory, now.autonomy)
    return outcome(event)


def changed(now: Moment, values: dict[str, int]) -> EnergyState:
    """The state with other values; a surplus is reached by way of PV."""
    state = with_values(
        now.state,
        {name: value for name, value in values.items() if name not in (WAIT, "surplus_w")},
    )
    if "surplus_w" in values:
        dark = situation(replace(state, pv_power_w=0), now.memory, now.policy, now.policy.loads[0])
        assert dark.surplus_w is not None
        state = replace(state, pv_power_w=values["surplus_w"] - dark.surplus_w)
    return state


def values_of(changes: tuple[Change, ...]) -> dict[str, int]:
    """What the changes set."""
    return {change.name: change.after for change in changes}


def value_now(now: Moment, name: str) -> int | None:
    """The present value of an input."""
    if name == "surplus_w":
        load = now.policy.loads[0]
        return situation(now.state, now.memory, now.policy, load).surplus_w
    value: int | None = getattr(now.state, name)
    return value


def nearer(now: Moment, name: str, value: int, distance: int) -> Iterator[int]:
    """Values closer to the present one: all if they are few, else many, and all near the end."""
    low = 0 if name in ("battery_soc_permille", "grid_import_w", "pv_power_w") else -(10**9)
    step = max(1, distance // 150)
    for away in {*range(1, distance, step), *range(max(1, distance - 3), distance)}:
        yield from (near for near in (value - away, value + away) if near >= low)


def found_at(now: Moment) -> list[Counterfactual]:
    """The counterfactuals of a moment's decision."""
    event, _after = decision_at(now)
    return counterfactuals(event, now.policy)


@QUICK
@given(moments)
def test_change_that_is_named_leads_to_the_level_that_is_named(now: Moment) -> None:
    """Applied to the state, each counterfactual comes true; its present values are the present."""
    here = outcome(decision_at(now)[0])
    for found in found_at(now):
        assert level_with(now, values_of(found.changes)) == found.level != here
        for change in found.changes:
            if change.name != WAIT:
                assert change.before == value_now(now, change.name)


@QUICK
@given(moments)
def test_no_smaller_change_of_the_same_input_does(now: Moment) -> None:
    """Every nearer value of that input alone leaves the load as it is."""
    here = outcome(decision_at(now)[0])
    for found in found_at(now):
        if len(found.changes) > 1:
            continue
        change = found.changes[0]
        if change.name == WAIT:
            tried: Iterator[int] = iter(range(1, change.after))
        elif change.before is None:
            continue
        else:
            tried = nearer(now, change.name, change.before, change.distance)
        assert all(level_with(now, {change.name: value}) == here for value in tried)


@QUICK
@given(moments)
def test_input_that_is_not_named_changes_nothing_alone(now: Moment) -> None:
    """If some input has no counterfactual, no value of it has another outcome."""
    here = outcome(decision_at(now)[0])
    named = {found.changes[0].name for found in found_at(now) if len(found.changes) == 1}
    banded = now.policy.strategy is Strategy.SOC_BAND
    by_way = "surplus_w" if banded else "pv_power_w"  # the strategy names the other of the two
    for name in NAMES:
        value = value_now(now, name)
        if name not in {*named, by_way} and value is not None:
            watts = {max(0, value + away) for away in range(-4000, 4000, 97)}
            tried = ELSEWHERE.get(name, watts)
            assert {level_with(now, {name: other}) for other in tried} <= {here}
    if WAIT not in named:
        assert level_after_waiting(now) == {here}


def level_after_waiting(now: Moment) -> set[str]:
    """All levels of the next hours if nothing changes but time, up to the first other one."""
    return {level_with(now, {WAIT: blocks}) for blocks in (1, 2, 3, 6, MAX_WAIT_BLOCKS)}


@QUICK
@given(moments)
def test_pair_is_named_only_if_no_single_change_does_and_has_no_smaller_one(now: Moment) -> None:
    """Both changes are needed, and neither may be smaller while the other stays."""
    here = outcome(decision_at(now)[0])
    for found in found_at(now):
        if len(found.changes) == 1:
            continue
        assert len(found_at(now)) == 1
        for change in found.changes:
            assert level_with(now, {change.name: change.after}) == here
            if change.name == WAIT or change.before is None:
                continue
            (other,) = (item for item in found.changes if item is not change)
            for value in nearer(now, change.name, change.before, change.distance):
                if (value > change.before) == (change.after > change.before):
                    assert level_with(now, values_of((other,)) | {change.name: value}) == here
