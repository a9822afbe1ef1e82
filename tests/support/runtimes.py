"""A core's runtime without broker and disk, and a household that drives it by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bitgrid_appliance.clock import Tick
from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.policies import demo_policy
from bitgrid_appliance.runtime import Ports, Runtime
from bitgrid_appliance.unrecorded import NoTrace, Trace
from bitgrid_core.block import at_text
from bitgrid_core.chain import Draft, Record
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.journal.protocol import Journal, JournalReader
from bitgrid_core.policy import Policy

BLOCK_MS = 600_000
START_MS = 1_717_200_000_000
"""2024-06-01T00:00:00Z."""
SITE = {
    "pv_power_w": ("W", 4000),
    "house_load_w": ("W", 500),
    "grid_import_w": ("W", 0),
    "grid_export_w": ("W", 3500),
    "battery_soc_pct": ("%", Decimal("80.5")),
    "battery_charge_w": ("W", 0),
}


class LookingJournal(MemoryJournal):
    """A journal in memory with the look-up that a restart needs."""

    def of_kind(self, kind: str, blocks: tuple[int, int]) -> Iterator[Record]:
        """See ``CoreJournal``."""
        for record in self.records():
            block_id = record.body.get("block_id")
            is_block = isinstance(block_id, int) and blocks[0] <= block_id <= blocks[1]
            if record.kind == kind and is_block:
                yield record


@dataclass
class NotedSlices:
    """Slices that are only noted."""

    closed: list[tuple[int, int]] = field(default_factory=list)

    @property
    def last_seq(self) -> int:
        """See ``Slices``."""
        return self.closed[-1][1] if self.closed else 0

    def close_slice(self, journal: JournalReader, at_ms: int) -> str | None:
        """See ``Slices``."""
        self.closed.append((at_ms, journal.head().seq))
        return None


@dataclass
class NotedAnchors:
    """Anchors that are only noted."""

    made: list[int] = field(default_factory=list)

    def newest_at_ms(self) -> int | None:
        """See ``Anchors``."""
        return self.made[-1] if self.made else None

    def add(self, journal: Journal, at_ms: int) -> None:
        """See ``Anchors``."""
        self.made.append(at_ms)
        journal.append([Draft(kind="anchor", body={"seq": journal.head().seq})], at_ms)


@dataclass
class Bench:
    """What outlives a runtime, and a hand that drives it."""

    journal: LookingJournal = field(default_factory=LookingJournal)
    slices: NotedSlices = field(default_factory=NotedSlices)
    anchors: NotedAnchors = field(default_factory=NotedAnchors)
    trace: Trace = field(default_factory=NoTrace)

    def boot(self, policy: Policy | None = None) -> Runtime:
        """A core that starts now; with the demo's policy, unless it is given another."""
        ports = Ports(
            journal=self.journal,
            slices=self.slices,
            anchors=self.anchors,
            local_day=lambda _ms: 20240601,
            trace=self.trace,
        )
        return Runtime(ports, policy or demo_policy())

    def kinds(self) -> list[str]:
        """Kinds of all records in order."""
        return [record.kind for record in self.journal.records()]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Bodies of a kind in order."""
        return [dict(record.body) for record in self.journal.records() if record.kind == kind]


def measure(runtime: Runtime, until_ms: int, **changed: object) -> int:
    """Measure every signal of the site once, just before an instant; how many there were."""
    at = at_text(until_ms - 1)
    for name, (unit, value) in SITE.items():
        given = changed.get(name, value)
        payload = {"value": given, "unit": unit, "at": at, "source": "test", "quality": "ok"}
        runtime.take_measurement(("meter", name), payload)
    values = [Decimal("4.0")] * 12
    forecast: dict[str, object] = {
        "value": values,
        "unit": "kW",
        "at": at,
        "source": "test",
        "quality": "ok",
    }
    forecast |= {"from": at_text(until_ms), "step_s": 600}
    runtime.take_measurement(("meter", "pv_forecast_kw"), forecast)
    return len(SITE) + 1


def live(runtime: Runtime, blocks: range, **changed: object) -> list[list[Outgoing]]:
    """Let blocks pass, numbered from the start: what each tick published."""
    published = []
    for number in blocks:
        now_ms = START_MS + (number + 1) * BLOCK_MS
        sent = measure(runtime, now_ms, **changed)
        tick = Tick(now_ms=now_ms, n=number + 1, step_s=600, sent=sent)
        assert runtime.has_full_window(tick)
        published.append(runtime.on_tick(tick))
    return published
