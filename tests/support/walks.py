"""Walks of inputs through the engine: a sun that wanders, holes, lease ends, people in between."""

from random import Random

from bitgrid_core.context import BlockAggregates
from bitgrid_core.inputs import (
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    Input,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
)
from bitgrid_core.model import Autonomy, Override
from bitgrid_core.policy import LoadProfile, Strategy
from support.moments import BANDS, BLOCK, POWERS, SOCS, any_policy, window

CALM = {"load_power_w": 0, "load_temp_c": 50_000, "heartbeat": 1000}


def walk(seed: int, blocks: int) -> list[Input]:
    """A policy and windows whose sun wanders, with lease ends, holes and people in between."""
    chance = Random(seed)
    policy = any_policy(chance)
    found: list[Input] = [PolicyChanged(policy=policy)]
    banded = policy.strategy is Strategy.SOC_BAND
    block, sun_w = BLOCK, 5000 if banded else 1500
    for _ in range(blocks):
        sun_w = max(0, sun_w + chance.randint(-900, 900))
        found.append(BlockClosed(window=sunny(block, sun_w, chance, BANDS if banded else SOCS)))
        found += between(block, policy.loads[0], chance)
        hole = chance.choice((0, 0, 0, 0, 0, 0, 0, 2))
        if hole:
            found.append(BlocksMissed(first_block=block + 1, last_block=block + hole))
        block += 1 + hole
    return found


def sunny(block: int, sun_w: int, chance: Random, socs: tuple[int, ...]) -> BlockAggregates:
    """A window in which little but the sun changes; where the battery's bands matter, it too."""
    full = (800,) * 40 if socs is SOCS else ()
    site: dict[str, int | None] = {
        "pv_power_w": sun_w,
        "house_load_w": 300,
        "grid_import_w": chance.choice((0,) * 9 + (499, 900)),
        "grid_export_w": chance.choice((0, 400)),
        "battery_soc_pct": chance.choice(full + socs),
        "battery_charge_w": chance.choice((0, 300, *POWERS)),
    }
    own: dict[str, int | None] = {**CALM}
    if chance.random() < 0.04:
        own["load_temp_c"] = chance.choice((None, 86_000))
    return window(block, site, {"load-1": own})


def between(block: int, load: LoadProfile, chance: Random) -> list[Input]:
    """What may happen within a block."""
    until = block + chance.randint(0, 3)
    wishes = (None, Override(action="START", level=load.eco.name, until_block=until),
              Override(action="LIMIT", level=load.eco.name, until_block=until))  # fmt: skip
    return [
        item
        for item in (
            LeaseEnded(load=load.id, block_id=block),
            LeaseEnded(load=load.id, block_id=block + 1),
            OverrideSet(load=load.id, override=chance.choice(wishes), block_id=block),
            AutonomySet(autonomy=chance.choice(list(Autonomy))),
        )
        if chance.random() < 0.05
    ]
