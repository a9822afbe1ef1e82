"""Everything that a decision depends on, drawn near the thresholds where it matters.

Plain seeded randomness: one number names one moment, so that thousands are cheap, any Python
draws the same, and a failing one is repeated by its number.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from bitgrid_core.context import Aggregate, BlockAggregates
from bitgrid_core.deciding import Frame, decide
from bitgrid_core.model import Autonomy, DecisionEvent, EnergyState, Lockout, Memory, Override
from bitgrid_core.policy import Level, LoadProfile, Policy, Strategy, Thresholds, policy_digest
from bitgrid_core.signals import Quality

BLOCK = 2_861_280
DAY = 20240601
LEVELS = (
    (("eco", 800), ("standard", 1300), ("super", 1674)),
    (("eco", 800), ("standard", 1300), ("super", 1674)),
    (("eco", 2000),),
    (("low", 500), ("mid", 900), ("high", 3000)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One decision's arguments.

    Attributes:
        seed: the number that names it.
        policy: with one load.
        state: what the load sees.
        memory: what it remembers.
        autonomy: the autonomy level.
    """

    seed: int
    policy: Policy
    state: EnergyState
    memory: Memory
    autonomy: Autonomy


def near(limits: tuple[int, ...], far: tuple[int, ...]) -> tuple[int, ...]:
    """The limits, their neighbours, and a few values far away."""
    return tuple(sorted({v + d for v in limits for d in (-1, 0, 1)} | set(far)))


POWERS = near((500, 800, 1300, 1500, 1674, 2000), (0, 150, 1000, 2900, 5000, 6000, 9000))
SOCS = near((500, 580), (0, 300, 800, 1000))
BANDS = near((500, 580, 750, 800, 850, 900), (0, 650, 1000))
TEMPS = near((75_000, 85_000), (-10_000, 20_000, 80_000, 95_000, 200_000))
AGES = near((60_000,), (0, 5_000, 300_000, 10**9))
PRICES = near((25_000, 30_000), (-50_000, 0, 27_000, 99_000))


def moment(seed: int) -> Moment:
    """The moment of that number."""
    chance = Random(seed)
    policy = any_policy(chance)
    state = any_state(chance)
    if policy.strategy is Strategy.SOC_BAND:
        state = replace(
            state,
            battery_soc_permille=None if chance.random() < 0.04 else chance.choice(BANDS),
            pv_power_w=chance.choice((state.pv_power_w, 5999, 6000)),
        )
    return Moment(
        seed=seed,
        policy=policy,
        state=state,
        memory=any_memory(chance, policy.loads[0]),
        autonomy=chance.choice(list(Autonomy)),
    )


def any_policy(chance: Random) -> Policy:
    """A policy with one load, odd in any respect that matters to a decision."""
    limits = Thresholds(
        surplus_lost_blocks=chance.choice((1, 1, 2, 3)),
        step_up_margin_w=chance.choice((0, 100)),
        min_runtime_blocks=chance.choice((0, 1, 2, 3, 4)),
        min_pause_blocks=chance.choice((0, 1, 2, 4)),
        deadband_hold_blocks=chance.choice((0, 1, 2, 4)),
        max_starts_per_day=chance.choice((None, None, 1, 2)),
        safety_lockout_ms=chance.choice((60_000, 1_800_000)),
    )
    names = chance.choice(LEVELS)
    has_battery = chance.random() < 0.7
    banded = has_battery and chance.random() < 0.5
    load = LoadProfile(
        id="load-1",
        levels=tuple(Level(name=name, power_w=power_w) for name, power_w in names),
        start_grace_ms=chance.choice((0, 300_000, 1_200_000)),
        telemetry_when_off=chance.random() < 0.3,
        throttle_starts=chance.random() < 0.7,
        thresholds=limits,
    )
    return Policy(
        loads=(load,),
        thresholds=limits,
        strategy=Strategy.SOC_BAND if banded else Strategy.SURPLUS,
        has_battery=has_battery,
        battery_yields=chance.random() < 0.7,
        dynamic_price=chance.random() < 0.5,
        has_forecast=chance.random() < 0.5,
    )


def any_state(chance: Random) -> EnergyState:
    """A picture of one block; now and then a signal is missing, more often an optional one."""

    def some(values: tuple[int, ...], missing: float = 0.04) -> int | None:
        return None if chance.random() < missing else chance.choice(values)

    price = some(PRICES, 0.3)
    temp, suspect = some((40_000, 50_000, *TEMPS), 0.2), chance.random() < 0.3
    nonsense = temp is None and suspect
    return EnergyState(
        block_id=BLOCK,
        local_day=DAY,
        pv_power_w=some(POWERS),
        house_load_w=chance.choice((0, 150, 500, None)) if chance.random() < 0.5 else some(POWERS),
        grid_import_w=some((0, 0, 0, *POWERS)),
        grid_export_w=some(POWERS, 0.3),
        battery_soc_permille=some((700, 700, 900, 900, *SOCS)),
        battery_charge_w=some((0, 0, 0, *POWERS), 0.2),
        price_ct_per_mwh=price,
        price_peak_ct_per_mwh=None if price is None else max(price, chance.choice(PRICES)),
        pv_forecast_w=some((3000, 4000, *POWERS), 0.3),
        load_temp_mdegc=temp,
        heartbeat_age_ms=some((0, 1000, 2000, 5000, *AGES), 0.2),
        earlier_loads_w=chance.choice((0, 0, 800)),
        lower_loads_w=chance.choice((0, 0, 800)),
        quality=(("load_temp_c", Quality.SUSPECT),) if nonsense else (),
    )


def any_memory(chance: Random, load: LoadProfile) -> Memory:
    """What a load may remember."""
    names = [level.name for level in load.levels]
    level = chance.choice(("off", *names))
    since = chance.choice((None, 0, 1, 2, 3, 4, 6))
    cause = chance.choice((None, None, None, None, "OVERTEMP", "COMM_TIMEOUT"))
    wish = chance.choice((None, None, None, None, "START", "STOP", "LIMIT"))
    return Memory(
        level=level,
        blocks_since_switch=since,
        blocks_since_level=None if since is None else chance.randint(0, since),
        blocks_surplus_low=0 if level == "off" else chance.randint(0, 2),
        starts_today=chance.randint(0, 3),
        starts_day=chance.choice((0, DAY - 1, DAY)),
        lockout=None if cause is None else Lockout(cause=cause, until_block=_until(chance)),
        override=None
        if wish is None
        else Override(
            action=wish,
            level=None if wish == "STOP" else chance.choice((None, *names)),
            until_block=_until(chance),
        ),
    )


def _until(chance: Random) -> int:
    return BLOCK + chance.randint(-2, 3)


def decided(
    policy: Policy, state: EnergyState, memory: Memory, autonomy: Autonomy = Autonomy.FULL
) -> tuple[DecisionEvent, Memory]:
    """The decision of a one-load policy and the memory after it."""
    frame = Frame(policy=policy, digest=policy_digest(policy), autonomy=autonomy)
    return decide(frame, policy.loads[0], state, memory)


def decision_at(now: Moment) -> tuple[DecisionEvent, Memory]:
    """The decision of a moment and the memory after it."""
    return decided(now.policy, now.state, now.memory, now.autonomy)


def with_values(state: EnergyState, values: dict[str, Any]) -> EnergyState:
    """The state with some values by name; ``None`` takes one away."""
    return replace(state, **values)


def steady(value: int | None, age_ms: int | None = 1000) -> Aggregate:
    """A signal that did not move all window long; without a value it is missing."""
    if value is None:
        return Aggregate(None, None, None, None, 0, None, Quality.MISSING)
    return Aggregate(value, value, value, value, 10, age_ms)


def window(
    block_id: int,
    site: dict[str, int | None],
    loads: dict[str, dict[str, int | None]] | None = None,
    day: int = DAY,
) -> BlockAggregates:
    """A window of steady signals; the number given for a heartbeat is its age."""
    found = {}
    for load, signals in (loads or {}).items():
        found[load] = {name: steady(value) for name, value in signals.items()}
        if signals.get("heartbeat") is not None:
            found[load]["heartbeat"] = steady(1, signals["heartbeat"])
    return BlockAggregates(
        block_id=block_id,
        local_day=day,
        site={name: steady(value) for name, value in site.items()},
        loads=found,
    )
