"""The household: series, plant and the virtual clock for blocks, ages and leases.

Pure, driven step by step: ``house, happened = house.step(commands, 600)``. What a killed
household needs to go on exactly is ``snapshot()``; who keeps it in a file is the adapter. The
same snapshot and the same commands publish the same bytes again. Invariants: time only moves by
``step``; every step ends inside the series; a step never spans two values of the series.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bitgrid_core.block import BLOCK_MS, at_text
from bitgrid_core.codec import Json
from bitgrid_core.context.collector import BlockCollector
from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made
from bitgrid_core.household import load, readings
from bitgrid_core.household.command import Command
from bitgrid_core.household.plant import Plant, PlantConfig, PlantInputs, PlantReading
from bitgrid_core.household.readings import Message
from bitgrid_core.household.series import Column, Series
from bitgrid_core.household.snapshot import plant_document, plant_of, taken_from
from bitgrid_core.signals import PV_FORECAST

FORECAST_BLOCKS = 12
"""How far the published forecast looks ahead: two hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something broken on purpose, to see the safety path act.

    Attributes:
        cooling_permille: of the loads' fans; 1000 works.
        silent: loads answer nothing.
    """

    cooling_permille: int = 1000
    silent: bool = False


SOUND = Fault()
"""Nothing is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseStep:
    """What happened in one step.

    Attributes:
        reading: the plant's side, in integers.
        messages: acknowledgements, status, measurements, forecast, in publishing order.
    """

    reading: PlantReading
    messages: tuple[Message, ...]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A household at one instant of its virtual clock.

    Attributes:
        series: what was recorded.
        plant: what stands there now.
        n: steps done, the number of the virtual clock's tick.
        origin: digest of series and configuration, so that a snapshot fits nothing else.
    """

    series: Series
    plant: Plant
    n: int = 0
    origin: str

    @classmethod
    def begin(cls, series: Series, config: PlantConfig, start_ms: int | None = None) -> House:
        """A household at the start of a block, by default the first that the series covers.

        Raises:
            BadInput: the series does not cover a whole block from there.
        """
        start_ms = series.first_block_ms if start_ms is None else start_ms
        if start_ms % BLOCK_MS or start_ms < series.start_ms:
            raise BadInput(
                f"A household cannot start at {at_text(start_ms)}.",
                f"Name the start of a block from {at_text(series.first_block_ms)} on.",
            )
        if start_ms + BLOCK_MS > series.end_ms:
            raise BadInput(
                f"{series.source} holds no whole block from {at_text(start_ms)} on.",
                f"It ends at {at_text(series.end_ms)}; give more rows or an earlier start.",
            )
        return cls(
            series=series,
            plant=Plant.begin(config, start_ms),
            origin=taken_from(series, config),
        )

    @property
    def now_ms(self) -> int:
        """The virtual clock."""
        return self.plant.now_ms

    @property
    def blocks_left(self) -> int:
        """Whole blocks that the series still covers."""
        return max(0, (self.series.end_ms - self.now_ms) // BLOCK_MS)

    def without_leases(self) -> House:
        """The household as an actuator that was started anew leaves it: every load off."""
        states = tuple(load.without_lease(one, self.now_ms) for one in self.plant.loads)
        return replace(self, plant=replace(self.plant, loads=states))

    def step(
        self, commands: Iterable[Command], dt_s: int, fault: Fault = SOUND
    ) -> tuple[House, HouseStep]:
        """Take the commands now, let ``dt_s`` seconds pass, say what was measured.

        Args:
            commands: received since the step before.
            dt_s: a divisor of the series' ``resolution_s``.
            fault: what is broken during this step.

        Raises:
            BadInput: a step that would skip values, or past the end of the series.
        """
        after, reading = self.move(commands, dt_s, fault)
        return after, HouseStep(reading=reading, messages=after.messages(reading))

    def move(
        self, commands: Iterable[Command], dt_s: int, fault: Fault = SOUND
    ) -> tuple[House, PlantReading]:
        """The same without saying anything: what passes in the house alone.

        Raises:
            BadInput: see ``step``.
        """
        self._check_step(dt_s)
        sample = self.series.at(self.now_ms)
        inputs = PlantInputs(
            pv_w=sample.pv_w,
            house_w=sample.load_w,
            asleep=sample.asleep,
            cooling_permille=fault.cooling_permille,
            silent=fault.silent,
        )
        plant, reading = self.plant.step(inputs, commands, dt_s)
        return House(series=self.series, plant=plant, n=self.n + 1, origin=self.origin), reading

    def tell(self, reading: PlantReading, collector: BlockCollector) -> None:
        """Tell a collector what the messages about a step that ended now would have told it.

        Without the way over text: a year of laboratory makes half a million values.
        """
        at_ms = reading.to_ms - 1
        for device, signal, value, source in readings.said(reading, self.plant.config):
            collector.hear(device, signal, value, at_ms, asleep=source == readings.ASLEEP)
        if self.now_ms % BLOCK_MS == 0:
            forecast = readings.forecast_value(self._forecast_w(), self.now_ms, self.now_ms - 1)
            if forecast is None:
                collector.hear(readings.SITE_DEVICE, PV_FORECAST, None, self.now_ms - 1)
            else:
                collector.add(forecast, self.now_ms)

    def messages(self, reading: PlantReading) -> tuple[Message, ...]:
        """What to publish about a step that ended now; the forecast once per block."""
        said = readings.acks(reading)
        said += readings.statuses(reading, unchanged=self.n <= 1)
        said += readings.measurements(reading, self.plant.config)
        if self.now_ms % BLOCK_MS == 0:
            said.append(self._forecast())
        return tuple(said)

    def clock(self) -> Message:
        """The virtual clock, published after everything that was measured until now."""
        return Message(topic="clock", payload={"now_ms": self.now_ms, "n": self.n})

    def snapshot(self) -> dict[str, Json]:
        """Everything that ``restore`` needs besides series and configuration."""
        return {"v": 1, "origin": self.origin, "n": self.n, "plant": plant_document(self.plant)}

    @classmethod
    def restore(cls, series: Series, config: PlantConfig, document: Json) -> House:
        """The household that ``snapshot`` was taken of.

        Raises:
            BadInput: not a snapshot, or of another series or configuration.
        """
        if not isinstance(document, dict) or document.get("v") != 1:
            raise BadInput("Not a household snapshot of version 1.", "Start a new household.")
        origin = taken_from(series, config)
        if document.get("origin") != origin:
            raise BadInput(
                "The household snapshot belongs to another series or plant.",
                "Name the same file and settings, or start with an empty data directory.",
            )
        n = document.get("n")
        if not isinstance(n, int) or n < 0:
            raise BadInput(f"Household snapshot: n is {n!r}.", "Start a new household.")
        plant = plant_of(config, document.get("plant"))
        return cls(series=series, plant=plant, n=n, origin=origin)

    def _forecast(self) -> Message:
        return readings.forecast(self._forecast_w(), self.now_ms, self.now_ms - 1)

    def _forecast_w(self) -> Column:
        blocks_w = self.series.forecast_blocks(self.now_ms, FORECAST_BLOCKS)
        scale = self.plant.config.pv_scale_permille
        return tuple([None if w is None else w * scale // 1000 for w in blocks_w])

    def _check_step(self, dt_s: int) -> None:
        if dt_s <= 0 or self.series.resolution_s % dt_s:
            raise BadInput(
                f"A step of {dt_s} s does not fit this household.",
                f"Use a divisor of {self.series.resolution_s} s.",
            )
        if self.now_ms + dt_s * 1000 > self.series.end_ms:
            raise BadInput(
                f"{self.series.source} ends at {at_text(self.series.end_ms)}.", "Stop there."
            )
