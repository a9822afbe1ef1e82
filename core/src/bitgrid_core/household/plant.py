"""The plant: PV, house, battery, grid and flexible loads, balanced to the watt.

Pure: no clock, no global randomness; time passes by ``step`` alone. Invariants, in every step:
``pv + import + discharge == house + loads + export + charge``; import and export are never both
positive; the same plant, inputs and commands give the same result.

Where the recorded PV or consumption is a gap, the true flow is unknown: the battery rests, the
grid is not reported, and the books count the unknown flow as 0 W.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made
from bitgrid_core.household import load
from bitgrid_core.household.battery import BatteryConfig, Exchange, charge, discharge
from bitgrid_core.household.command import Command
from bitgrid_core.household.load import Ack, LoadConfig, LoadReading, LoadState, Span
from bitgrid_core.household.noise import jitter_permille

_STORAGE: Final = BatteryConfig()
_MINER: Final = (LoadConfig(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantConfig:
    """What stands in the house.

    Attributes:
        pv_scale_permille: the recorded roof as a multiple; 2000 doubles it.
        battery: ``None`` for a house without one.
        loads: flexible loads, ids unique.
        noise_permille: spread of the seeded noise on PV and house; 0 plays the record as it is.
        seed: of that noise.
        meter_includes_loads: the house meter sees the flexible loads, too.
        house_meter: whether there is one; the battery's discharge is measured where there is none.
    """

    pv_scale_permille: int = 1000
    battery: BatteryConfig | None = _STORAGE
    loads: tuple[LoadConfig, ...] = _MINER
    noise_permille: int = 0
    seed: int = 0
    meter_includes_loads: bool = False
    house_meter: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.pv_scale_permille <= 100_000:  # noqa: PLR2004 - a hundred roofs
            raise BadInput(f"PV scale {self.pv_scale_permille} ‰.", "Give 0 to 100,000 ‰.")
        if not 0 <= self.noise_permille <= 1000:  # noqa: PLR2004 - all of it
            raise BadInput(f"Noise of {self.noise_permille} ‰.", "Give 0 to 1000 ‰.")
        if not 0 <= self.seed < 2**64:
            raise BadInput(f"Seed {self.seed} is out of range.", "Give 0 to 2^64 - 1.")
        if len({one.id for one in self.loads}) != len(self.loads):
            raise BadInput("Two loads have one id.", "Give each load its own id.")


FRENCH_HOME: Final = PlantConfig(pv_scale_permille=2000)
"""The recorded French home as the decision rules were tried on it: twice its PV, 10 kWh."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PlantInputs:
    """What comes from outside in one step; ``None`` is unknown.

    Attributes:
        pv_w: of the unscaled roof.
        house_w: consumption without flexible loads.
        asleep: the inverter sleeps, so ``pv_w`` is 0.
        cooling_permille: of the loads' fans; below 1000 is a fault to try the safety path with.
        silent: loads answer nothing, another such fault.
    """

    pv_w: int | None
    house_w: int | None
    asleep: bool = False
    cooling_permille: int = 1000
    silent: bool = False


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Mean powers over a step (or their sums in Ws), each in its own direction."""

    pv: int = 0
    house: int = 0
    loads: int = 0
    grid_import: int = 0
    grid_export: int = 0
    battery_charge: int = 0
    battery_discharge: int = 0

    @property
    def imbalance(self) -> int:
        """What comes in minus what goes out; always 0."""
        arriving = self.pv + self.grid_import + self.battery_discharge
        return arriving - self.house - self.loads - self.grid_export - self.battery_charge


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PlantReading:
    """One step of the plant.

    Attributes:
        from_ms: its start.
        to_ms: its end.
        flows: mean powers in W; an unknown one stands as 0, see the two flags.
        pv_known: PV was measured or the inverter slept.
        house_known: consumption was measured.
        asleep: the inverter slept.
        soc_permille: battery at the end of the step, ``None`` without one.
        loads: each load, in the order of the configuration.
        acks: answers to this step's commands, in order.
    """

    from_ms: int
    to_ms: int
    flows: Flows
    pv_known: bool
    house_known: bool
    asleep: bool
    soc_permille: int | None
    loads: tuple[LoadReading, ...]
    acks: tuple[Ack, ...]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """The plant at one instant.

    Attributes:
        config: what stands there.
        now_ms: the instant.
        stored_ws: energy in the battery.
        lost_ws: energy that the battery lost so far.
        noise: state of the noise.
        loads: each load, in the order of the configuration.
        totals: flows since the beginning, in Ws.
    """

    config: PlantConfig
    now_ms: int
    stored_ws: int
    lost_ws: int = 0
    noise: int
    loads: tuple[LoadState, ...]
    totals: Flows = Flows()

    @classmethod
    def begin(cls, config: PlantConfig, now_ms: int) -> Plant:
        """The plant as it is switched on: battery at its start, every load off."""
        battery = config.battery
        return cls(
            config=config,
            now_ms=now_ms,
            stored_ws=battery.at_ws(battery.soc_start_permille) if battery else 0,
            noise=config.seed,
            loads=tuple(load.cold(one, now_ms) for one in config.loads),
        )

    def step(
        self, inputs: PlantInputs, commands: Iterable[Command], dt_s: int
    ) -> tuple[Plant, PlantReading]:
        """Take the commands now, then let ``dt_s`` seconds pass.

        Commands for loads that are not here change nothing and are not answered.
        """
        assert dt_s > 0
        states, acks = self._act(commands)
        span = Span(
            now_ms=self.now_ms,
            dt_s=dt_s,
            cooling_permille=inputs.cooling_permille,
            silent=inputs.silent,
        )
        configs = self.config.loads
        moved = [load.advance(*pair, span) for pair in zip(configs, states, strict=True)]
        pv_w, house_w, noise = self._disturbed(inputs)
        loads_w = sum(power_w for _, power_w in moved)
        known = pv_w is not None and house_w is not None
        flows, exchange = self._flow((pv_w or 0, house_w or 0, loads_w), dt_s, known=known)
        after = Plant(
            config=self.config,
            now_ms=self.now_ms + dt_s * 1000,
            stored_ws=exchange.stored_ws,
            lost_ws=self.lost_ws + exchange.lost_ws,
            noise=noise,
            loads=tuple(state for state, _ in moved),
            totals=_add(self.totals, flows, dt_s),
        )
        battery = self.config.battery
        reading = PlantReading(
            from_ms=self.now_ms,
            to_ms=after.now_ms,
            flows=flows,
            pv_known=pv_w is not None,
            house_known=house_w is not None,
            asleep=inputs.asleep,
            soc_permille=battery.soc_permille(after.stored_ws) if battery else None,
            loads=tuple(
                load.observe(config, (before, state), span, power_w)
                for config, before, (state, power_w) in zip(configs, self.loads, moved, strict=True)
            ),
            acks=acks,
        )
        return after, reading

    def _act(self, commands: Iterable[Command]) -> tuple[list[LoadState], tuple[Ack, ...]]:
        states = list(self.loads)
        commands = tuple(commands)
        if not commands:
            return states, ()
        acks: list[Ack] = []
        places = {one.id: at for at, one in enumerate(self.config.loads)}
        for command in commands:
            at = places.get(command.load)
            if at is None:
                continue
            config = self.config.loads[at]
            states[at], ack = load.act(config, states[at], command, self.now_ms)
            acks.append(ack)
        return states, tuple(acks)

    def _disturbed(self, inputs: PlantInputs) -> tuple[int | None, int | None, int]:
        """PV of the scaled roof, house, both with noise, and the noise's next state."""
        pv_w, house_w, noise = inputs.pv_w, inputs.house_w, self.noise
        if pv_w is not None:
            pv_w = pv_w * self.config.pv_scale_permille // 1000
        if self.config.noise_permille:
            noise, pv_permille = jitter_permille(noise, self.config.noise_permille)
            noise, house_permille = jitter_permille(noise, self.config.noise_permille)
            pv_w = None if pv_w is None else pv_w * pv_permille // 1000
            house_w = None if house_w is None else -(-house_w * house_permille // 1000)
        return pv_w, house_w, noise

    def _flow(
        self, powers_w: tuple[int, int, int], dt_s: int, *, known: bool
    ) -> tuple[Flows, Exchange]:
        """Close the balance: the battery takes and gives what it can, the grid the rest."""
        pv_w, house_w, loads_w = powers_w
        battery = self.config.battery
        rest_w = pv_w - house_w - loads_w
        offered_w = rest_w if battery is None or battery.yields else pv_w - house_w
        exchange = Exchange(stored_ws=self.stored_ws)
        if battery is not None and known:
            if offered_w > 0:
                exchange = charge(battery, self.stored_ws, offered_w, dt_s)
            if rest_w < 0 and exchange.charge_w == 0:
                exchange = discharge(battery, self.stored_ws, -rest_w, dt_s)
        rest_w += exchange.discharge_w - exchange.charge_w
        flows = Flows(
            pv=pv_w,
            house=house_w,
            loads=loads_w,
            grid_import=max(0, -rest_w),
            grid_export=max(0, rest_w),
            battery_charge=exchange.charge_w,
            battery_discharge=exchange.discharge_w,
        )
        assert flows.imbalance == 0
        return flows, exchange


def _add(totals: Flows, flows: Flows, dt_s: int) -> Flows:
    return Flows(
        pv=totals.pv + flows.pv * dt_s,
        house=totals.house + flows.house * dt_s,
        loads=totals.loads + flows.loads * dt_s,
        grid_import=totals.grid_import + flows.grid_import * dt_s,
        grid_export=totals.grid_export + flows.grid_export * dt_s,
        battery_charge=totals.battery_charge + flows.battery_charge * dt_s,
        battery_discharge=totals.battery_discharge + flows.battery_discharge * dt_s,
    )
