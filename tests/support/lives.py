"""A core and an actuator with a lease, step by step: the same life, with its core killed or not."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from bitgrid_appliance.clock import Tick
from bitgrid_appliance.leases import RENEW_S
from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.requests import Requests
from bitgrid_appliance.runtime import Runtime
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import at_text
from bitgrid_core.chain import Record
from bitgrid_core.codec import encode
from bitgrid_core.household.command import parse_command
from bitgrid_core.household.load import LoadConfig, LoadState, Span, act, advance, cold
from bitgrid_core.model import OFF
from support.runtimes import BLOCK_MS, START_MS, Bench, measure

STEPS_A_BLOCK = BLOCK_MS // 1000 // RENEW_S
LOAD = LoadConfig()
FALL_C = 16
LEVELS = ("MANUAL", "ASSISTED", "SEMI", "FULL", "FULL")
WISHES: tuple[tuple[str, dict[str, object]], ...] = (
    *[("autonomy", dict[str, object](autonomy=level)) for level in LEVELS],
    ("override", {"load": "load-1", "action": "START", "level": "eco", "minutes": 25}),
    ("override", {"load": "load-1", "action": "STOP", "minutes": 15}),
    ("override", {"load": "all", "action": "LIMIT", "level": "eco", "minutes": 40}),
    ("override", {"load": "load-1", "action": "END"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens in 20 s: the site's values, and now and then a wish or heat."""

    site: dict[str, object]
    temp_c: int
    wish: tuple[str, dict[str, object]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The core is away for some steps; *killed*, or only held up."""

    first: int
    steps: int
    killed: bool

    def covers(self, step: int) -> bool:
        """Whether the core is away in a step."""
        return self.first <= step < self.first + self.steps


def script(seed: int, blocks: int) -> list[Step]:
    """A sun that wanders, people who wish, a load that gets hot now and then."""
    chance = Random(seed)
    sun_w, found = chance.choice((500, 3000)), []
    for number in range(blocks * STEPS_A_BLOCK):
        sun_w = min(9000, max(1, sun_w + chance.randint(-400, 400)))
        site: dict[str, object] = {
            "pv_power_w": sun_w,
            "house_load_w": 300 + number % 7,
            "grid_import_w": chance.choice((0, 0, 0, 900)),
            "grid_export_w": chance.choice((0, 100)),
        }
        wish = chance.choice(WISHES) if chance.random() < 0.02 else None
        temp_c = 86 if chance.random() < 0.004 else 50 + number % 5
        found.append(Step(site=site, temp_c=temp_c, wish=wish))
    return _cooling(found)


def _cooling(steps: list[Step]) -> list[Step]:
    """What was hot cools down as things do: a fall is doubted, and a restart forgets its doubts."""
    found: list[Step] = []
    for step in steps:
        least_c = found[-1].temp_c - FALL_C if found else step.temp_c
        found.append(replace(step, temp_c=max(step.temp_c, least_c)))
    return found


def calm(steps: list[Step], outage: Outage) -> list[Step]:
    """Nobody wishes and nothing gets hot while the core is away and could not hear it."""
    found = [
        replace(step, wish=None, temp_c=51) if outage.covers(number) else step
        for number, step in enumerate(steps)
    ]
    return _cooling(found)


@dataclass
class Life:
    """One life; the load is the actuator's own, with its lease."""

    steps: list[Step]
    outage: Outage | None = None
    bench: Bench = field(default_factory=Bench)
    load: LoadState = field(default_factory=lambda: cold(LOAD, START_MS))
    levels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Boot for the first time."""
        self.runtime: Runtime = self.bench.boot()
        self.requests = Requests(self.runtime)
        self.status: dict[str, Any] | None = None
        self._wire: list[Outgoing] = []

    def run(self) -> "Life":
        """Live it."""
        for number in range(len(self.steps)):
            self._load_lives(number)
            away = self.outage is not None and self.outage.covers(number)
            if self.outage is not None and number == self.outage.first + self.outage.steps:
                self._back(number)
            if not away:
                self._core_lives(number)
            self.levels.append(self.load.level)
        return self

    def records(self) -> list[tuple[str, bytes]]:
        """Kinds and bodies, but for the boots and for forecasts as they were received."""
        found: list[Record] = list(self.bench.journal.records())
        beside = ("boot", "forecast")
        return [(one.kind, encode(one.body)) for one in found if one.kind not in beside]

    def _load_lives(self, number: int) -> None:
        """The actuator takes what arrived and lets 20 s pass by its own clock."""
        now_ms = START_MS + number * RENEW_S * 1000
        for command in self._wire:
            if command.kind is Kind.COMMAND:
                given = parse_command("load-1", command.payload)
                self.load, _ack = act(LOAD, self.load, given, now_ms)
        self._wire = []
        self.load, _power_w = advance(LOAD, self.load, Span(now_ms=now_ms, dt_s=RENEW_S))
        observed = OFF if self.load.level == OFF else "on"
        self.status = {
            "observed": observed, "level": self.load.level, "reason": self.load.reason,
            "since": at_text(self.load.since_ms),
        }  # fmt: skip

    def _back(self, number: int) -> None:
        """The core is back; whoever measures sends what it may have missed again."""
        assert self.outage is not None
        if self.outage.killed:
            self.runtime = self.bench.boot()
            self.requests = Requests(self.runtime)
        first = min(self.outage.first, number - number % STEPS_A_BLOCK)
        for missed in range(first - first % STEPS_A_BLOCK, number):
            self._measure(missed)

    def _core_lives(self, number: int) -> None:
        step, now_ms = self.steps[number], START_MS + (number + 1) * RENEW_S * 1000
        assert self.status is not None
        self.runtime.take_status("load-1", self.status)
        self._measure(number)
        if step.wish is not None:
            what, payload = step.wish
            asked = payload | {"request_id": f"r-{number}"}
            self._wire += self.requests.take(what, asked, now_ms - 1)
        self._wire += self.runtime.on_tick(Tick(now_ms=now_ms, n=number + 1, step_s=RENEW_S))

    def _measure(self, number: int) -> None:
        """The measurements of a step, at its end; heat stops at once."""
        now_ms, step = START_MS + (number + 1) * RENEW_S * 1000, self.steps[number]
        measure(self.runtime, now_ms, **step.site)
        for signal, value, unit in (("load_temp_c", step.temp_c, "°C"), ("heartbeat", 1, "")):
            payload = {"value": value, "unit": unit, "at": at_text(now_ms - 1), "source": "test"}
            sample = self.runtime.take_measurement(("load-1", signal), payload)
            found = None if sample is None else self.runtime.alarm(sample, now_ms - 1)
            if found is not None:
                self.runtime.record(found, now_ms - 1)
                self._wire += self.runtime.act(found)
