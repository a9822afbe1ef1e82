"""What the checkers look at: facts of one tick, and what the journal has said so far.

The ledger is folded from durable records alone, by its own simple rules, so that it can disagree
with the engine. It must not know the engine, the rules or the runtime.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.chain import Record
from bitgrid_core.model import OFF
from bitgrid_core.policy import Policy, from_document

Event: TypeAlias = dict[str, Any]
"""The body of a ``decision`` record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A command that the core published, and the last durable record at that moment."""

    load: str
    level: str
    decision: str
    head_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A command that an actuator took."""

    load: str
    before: str
    after: str
    command_id: str
    at_ms: int
    lease_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A believable measurement above its limit, of a load that the core held to be running.

    Attributes:
        level: what the core held of it once the measurement was handled.
    """

    load: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What happened since the tick before.

    Attributes:
        due: the block that must be decided by now, as nothing was in its way; 0 for none.
    """

    now_ms: int
    records: tuple[Record, ...] = ()
    sent: tuple[Sent, ...] = ()
    moves: tuple[Move, ...] = ()
    levels: dict[str, str] = field(default_factory=dict)
    heats: tuple[Heat, ...] = ()
    due: int = 0


@dataclass(slots=True)
class Ledger:
    """What the durable records have said so far.

    Attributes:
        policy: in force.
        decided: number of the record and level of each decision, by its id.
        newest: number of the record and level after it, for each decision of a load.
        switched: block of each load's last switch.
        changed: block of each load's last change of level.
        locked: by load, the last block that its newest lockout surely covers.
        ticked: blocks and loads that had their tick decision.
        newest_tick: the newest block that had any.
        newest_block: the newest block in which anything happened, maybe by a clock that was ahead.
        leases: by load, when the actuator's lease ends, in true time.
    """

    policy: Policy | None = None
    decided: dict[str, tuple[int, str]] = field(default_factory=dict)
    newest: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    switched: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    locked: dict[str, int] = field(default_factory=dict)
    ticked: set[tuple[int, str]] = field(default_factory=set)
    newest_tick: int = 0
    newest_block: int = 0
    leases: dict[str, int] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """One record more."""
        block = record.body.get("block_id")
        if isinstance(block, int) and record.kind != "block":
            self.newest_block = max(block, self.newest_block)
        if record.kind == "policy":
            self.policy = from_document(record.body["policy"])
        elif record.kind == "decision":
            self._decide(record.seq, cast("Event", record.body))

    def move(self, moves: Iterable[Move]) -> None:
        """What the actuators took."""
        for move in moves:
            self.leases[move.load] = move.at_ms + move.lease_s * 1000

    def limits(self, load: str) -> Any:
        """Thresholds of a load."""
        assert self.policy is not None
        return self.policy.load(load).thresholds

    def level_at(self, load: str, seq: int) -> str:
        """Where a load was, by the records up to one."""
        found = [level for number, level in self.newest.get(load, [])[-8:] if number <= seq]
        return found[-1] if found else OFF

    def _decide(self, seq: int, event: Event) -> None:
        load, block = event["load"], event["block_id"]
        before, after = event["memory"]["level"], level_after(event)
        self.decided[event["id"]] = (seq, after)
        self.newest.setdefault(load, []).append((seq, after))
        if (before == OFF) != (after == OFF):
            self.switched[load] = block
        if before != after:
            self.changed[load] = block
        if event["trigger"] == "tick":
            self.ticked.add((block, load))
            self.newest_tick = max(block, self.newest_tick)
        limits = self.limits(load)
        if is_hot(event, limits):
            until = block + -(-limits.safety_lockout_ms // BLOCK_MS) - 1
            self.locked[load] = max(until, self.locked.get(load, 0))


def level_after(event: Event) -> str:
    """The level at which the load is after an event."""
    return str(event["level"] if event["effect"] == "acted" else event["memory"]["level"])


def starts(event: Event) -> bool:
    """Whether an event switches its load on."""
    return bool(event["memory"]["level"] == OFF != level_after(event))


def is_hot(event: Event, limits: Any) -> bool:
    """Whether what the load saw sets a lockout: too hot, or silent for too long."""
    seen = event["state"]
    temp, age = seen.get("load_temp_mdegc"), seen.get("heartbeat_age_ms")
    too_hot = temp is not None and temp > limits.max_temp_mdegc
    return too_hot or (age is not None and age > limits.comm_timeout_ms)
