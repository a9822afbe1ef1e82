"""Which household a demo plays: series, plant and days, read and checked once.

Shared by the command that starts the demo and the adapter that plays it, so that both mean the
same. Knows files, no broker.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bitgrid_core.block import BLOCK_S, at_text, parse_at
from bitgrid_core.errors import BadInput
from bitgrid_core.household import BatteryConfig, House, LoadConfig, PlantConfig, Series, read_csv
from bitgrid_core.policy import Policy
from bitgrid_core.units import to_inside_exact

DAY_MS: Final = 86_400_000
LIVE_STEP_S: Final = 60
_MAX_DAYS: Final = 3660
_NOISE_PERMILLE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeWords:
    """How a household is named on a command line.

    Attributes:
        file: the recorded household.
        start: first instant; empty for the first full day.
        days: how many; ``None`` for all.
        step_s: ``None`` for the longest that fits (``once``) or a minute.
        pv_scale: the roof as a multiple of the recorded one, decimal text.
        seed: of the plant's noise; 0 plays the record as it is.
        once: as fast as possible.
    """

    file: Path
    start: str = ""
    days: int | None = None
    step_s: int | None = None
    pv_scale: str = "1"
    seed: int = 0
    once: bool = False

    def argv(self) -> tuple[str, ...]:
        """The same as words for the adapter."""
        words = ["--household", str(self.file), "--pv-scale", self.pv_scale]
        words += ["--seed", str(self.seed)]
        words += ["--start", self.start] if self.start else []
        words += ["--days", str(self.days)] if self.days is not None else []
        words += ["--step", str(self.step_s)] if self.step_s is not None else []
        words += ["--once"] if self.once else []
        return tuple(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A household that can be played.

    Attributes:
        house: at its start.
        end_ms: where its days are over.
        step_s: how long a step is.
    """

    house: House
    end_ms: int
    step_s: int

    @property
    def start_ms(self) -> int:
        """Where it begins."""
        return self.house.now_ms

    @property
    def blocks(self) -> int:
        """How many blocks will be decided."""
        return (self.end_ms - self.start_ms) // (BLOCK_S * 1000)


def read_home(words: HomeWords, policy: Policy) -> Home:
    """Read and check a household.

    Raises:
        BadInput: a fault of the file or of the words, with its remedy.
    """
    series = read_csv(words.file)
    start_ms = _start_ms(words.start) if words.start else _first_day_ms(series)
    house = House.begin(series, _plant(words, policy), start_ms)
    whole_ms = series.end_ms - (series.end_ms - start_ms) % (BLOCK_S * 1000)
    if words.days is None:
        end_ms = whole_ms
    else:
        if not 1 <= words.days <= _MAX_DAYS:
            raise BadInput(f"--days is {words.days}.", f"Give 1 to {_MAX_DAYS}.")
        end_ms = start_ms + words.days * DAY_MS
    if end_ms > whole_ms:
        raise BadInput(
            f"{series.source} ends at {at_text(series.end_ms)}, before {words.days} days from "
            f"{at_text(start_ms)} are over.",
            "Give fewer --days or an earlier --start.",
        )
    return Home(house=house, end_ms=end_ms, step_s=_step_s(words, series))


def _start_ms(text: str) -> int:
    """An instant, or the beginning of a day (UTC)."""
    return parse_at(f"{text}T00:00:00Z" if len(text) == len("2024-06-01") else text)


def _first_day_ms(series: Series) -> int:
    """The first full day of the series (UTC); its first block where there is none."""
    midnight_ms = -(-series.start_ms // DAY_MS) * DAY_MS
    return midnight_ms if midnight_ms + DAY_MS <= series.end_ms else series.first_block_ms


def _step_s(words: HomeWords, series: Series) -> int:
    longest_s = series.resolution_s
    if words.step_s is None:
        return longest_s if words.once or longest_s < LIVE_STEP_S else LIVE_STEP_S
    if words.step_s < 1 or longest_s % words.step_s:
        raise BadInput(
            f"A step of {words.step_s} s does not fit {series.source}.",
            f"Give a --step that divides {longest_s} s.",
        )
    return words.step_s


def _plant(words: HomeWords, policy: Policy) -> PlantConfig:
    """The plant that the policy speaks of."""
    return PlantConfig(
        pv_scale_permille=to_inside_exact(words.pv_scale, "kW", "w"),
        battery=BatteryConfig() if policy.has_battery else None,
        loads=tuple(
            LoadConfig(
                id=load.id,
                levels_w=tuple((level.name, level.power_w) for level in load.levels),
                telemetry_when_off=load.telemetry_when_off,
            )
            for load in policy.loads
        ),
        noise_permille=_NOISE_PERMILLE if words.seed else 0,
        seed=words.seed,
        meter_includes_loads=policy.house_meter_includes_loads,
        house_meter=not policy.house_load_derived,
    )
