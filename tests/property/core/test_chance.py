"""The earliest next chance is never too late a promise: nothing turns before it, whatever comes."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.arbiter import advance
from bitgrid_core.chance import Chance, Kind, earliest_chance
from bitgrid_core.deciding import acted_level
from bitgrid_core.explain.chances import chance_sentence
from bitgrid_core.model import OFF, EnergyState, Memory
from support.moments import BLOCK, DAY, Moment, any_state, decided, decision_at, moment

QUICK = settings(max_examples=150, deadline=None, derandomize=True)
moments = st.integers(0, 2**32).map(moment)
LATER = 12


def wanted(now: Moment) -> Chance:
    """The chance after a moment's decision."""
    return earliest_chance(decision_at(now)[0], now.policy)


def first_turn(now: Moment, states: list[EnergyState]) -> int | None:
    """The first of the coming blocks that starts or proposes to start the load, or stops it."""
    event, memory = decision_at(now)
    off = acted_level(event) == OFF
    for blocks, state in enumerate(states, start=1):
        event, memory = decided(
            now.policy, replace(state, block_id=BLOCK + blocks), advance(memory, 1), now.autonomy
        )
        held = event.decision.effect.value == "held_by_autonomy"
        if not held and (event.decision.level == OFF) != off:
            return blocks
    return None


def ready(state: EnergyState) -> EnergyState:
    """The same without any reason of safety or grid import to stop, and with a full battery."""
    return replace(
        state,
        pv_power_w=state.pv_power_w or 0,
        house_load_w=state.house_load_w or 0,
        battery_charge_w=0,
        grid_import_w=0,
        battery_soc_permille=1000,
        load_temp_mdegc=20_000,
        heartbeat_age_ms=0,
        quality=(),
    )


@QUICK
@given(moments, st.integers(0, 2**32))
def test_load_that_is_off_never_starts_before_its_chance(now: Moment, seed: int) -> None:
    """Twelve blocks of any weather and any fault on the same day."""
    found = wanted(now)
    if not found.starts:
        return
    chance = Random(seed)
    turned = first_turn(now, [any_state(chance) for _ in range(LATER)])
    assert turned is None or (found.kind is Kind.IN_BLOCK and turned >= found.blocks)


@QUICK
@given(moments, st.integers(0, 2**32))
def test_running_load_never_lacks_its_reason_before_its_chance(now: Moment, seed: int) -> None:
    """As long as safety, grid import and reserve have no objection."""
    found = wanted(now)
    if found.starts or now.autonomy.value == "ASSISTED":  # which may propose a stop at any time
        return
    chance = Random(seed)
    turned = first_turn(now, [ready(any_state(chance)) for _ in range(LATER)])
    assert turned is None or (found.kind is Kind.IN_BLOCK and turned >= found.blocks)


@QUICK
@given(moments)
def test_chance_comes_true_in_the_best_of_weather(now: Moment) -> None:
    """A start that is promised for a block happens in it, if sun and reserve are in plenty."""
    found = wanted(now)
    if not found.starts or found.kind is not Kind.IN_BLOCK:
        return
    sunny = EnergyState(
        block_id=BLOCK,
        local_day=DAY,
        pv_power_w=20_000,
        house_load_w=0,
        grid_import_w=0,
        battery_soc_permille=1000,
        battery_charge_w=0,
        pv_forecast_w=20_000,
        load_temp_mdegc=20_000,
        heartbeat_age_ms=0,
    )
    assert first_turn(now, [sunny] * found.blocks) == found.blocks


@given(moments)
@QUICK
def test_chance_is_a_sentence_in_both_languages(now: Moment) -> None:
    """With its minutes, and without a gap."""
    found = wanted(now)
    for lang in ("de", "en"):
        sentence = chance_sentence(found, lang)
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert found.kind is not Kind.IN_BLOCK or f"{found.blocks * 10} min" in sentence


def test_daily_limit_leaves_tomorrow() -> None:
    """No block of today is promised."""
    now = next(
        found
        for seed in range(100_000)
        if (found := moment(seed)).policy.loads[0].thresholds.max_starts_per_day == 1
        and found.memory
        == Memory(
            level=OFF,
            blocks_since_switch=6,
            blocks_since_level=found.memory.blocks_since_level,
            starts_today=found.memory.starts_today or 1,
            starts_day=DAY,
        )
        and found.autonomy.value == "FULL"
    )
    assert wanted(now).kind is Kind.TOMORROW
