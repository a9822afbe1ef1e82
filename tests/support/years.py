"""The recorded French home's year in the closed loop, lived once per setting and kept small."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bitgrid_core.deciding import acted_level
from bitgrid_core.household import FRENCH_HOME, House, PlantConfig, Series, read_csv
from bitgrid_core.household.loop import LoopStep, closed_loop
from bitgrid_core.model import OFF, DecisionEvent
from bitgrid_core.policy import parse_policy
from support.shared import shared_data

BLOCKS = 52_572
DAY_BLOCKS = 144


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is kept of one decision and of the window before it.

    Attributes:
        block: the decided block.
        code: decision code.
        before: level before.
        after: level after.
        since: blocks since the last switch, as remembered.
        soc: battery as the load saw it.
        pv_w: PV as the load saw it.
        lost: mandatory signals that R3 missed.
        telemetry: whether temperature and heartbeat were there.
        asleep: whether the inverter slept in the window.
        drawn_wh: energy of the flexible loads in the window.
        imported_wh: energy from the grid in the window.
    """

    block: int
    code: str
    before: str
    after: str
    since: int | None
    soc: int | None
    pv_w: int | None
    lost: tuple[str, ...]
    telemetry: bool
    asleep: bool
    drawn_wh: int
    imported_wh: int

    @property
    def switches(self) -> bool:
        """Whether the load went on or off."""
        return (self.before == OFF) != (self.after == OFF)

    @property
    def starts(self) -> bool:
        """Whether the load went on."""
        return self.before == OFF != self.after


def house(config: PlantConfig = FRENCH_HOME) -> House:
    """The home at the beginning of its year; the test is skipped where it is absent."""
    return House.begin(_series(shared_data("home_fr_30min_2024-02_2025-02.csv")), config)


def steps(policy: dict[str, Any], config: PlantConfig = FRENCH_HOME) -> Iterator[LoopStep]:
    """The year's windows with what was decided on them."""
    policy = {"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]} | policy
    return (
        step for step in closed_loop(house(config), parse_policy(policy), BLOCKS) if step.events
    )


def lived(policy: dict[str, Any], config: PlantConfig = FRENCH_HOME) -> list[Note]:
    """The year of the load with the highest priority."""
    return [_note(step, step.events[0]) for step in steps(policy, config)]


def per_day(notes: list[Note]) -> Counter[int]:
    """How many of these there are on each UTC day."""
    return Counter(note.block // DAY_BLOCKS for note in notes)


def runs(notes: list[Note]) -> list[list[Note]]:
    """Stretches of decisions from a start to the stop, the stop included."""
    found: list[list[Note]] = []
    for note in notes:
        if note.starts:
            found.append([])
        if (found and OFF not in (note.before, note.after)) or note.switches:
            found[-1].append(note)
    return found


def _note(step: LoopStep, event: DecisionEvent) -> Note:
    reading, seen = step.readings[-1], event.state
    return Note(
        block=event.block_id,
        code=event.decision.code,
        before=event.memory.level,
        after=acted_level(event),
        since=event.memory.blocks_since_switch,
        soc=seen.battery_soc_permille,
        pv_w=seen.pv_power_w,
        lost=event.votes[0].signals,
        telemetry=seen.load_temp_mdegc is not None and seen.heartbeat_age_ms is not None,
        asleep=reading.asleep,
        drawn_wh=reading.flows.loads // 6,
        imported_wh=reading.flows.grid_import // 6,
    )


@cache
def _series(path: Path) -> Series:
    return read_csv(path)
