"""Everything that may happen to the engine, as values — and as records.

Each input is a record before it takes effect; ``to_record`` and ``from_record`` are the two
directions of one table. What is not in this table cannot change a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never, cast

from bitgrid_core.block import at_text, parse_at
from bitgrid_core.codec import Json
from bitgrid_core.context.aggregates import BlockAggregates
from bitgrid_core.errors import BadInput
from bitgrid_core.frozen import quickly_made
from bitgrid_core.model import Autonomy, Override
from bitgrid_core.policy import Policy, from_document, policy_digest, to_document
from bitgrid_core.signals import Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    """A policy comes into force, at start or by a person."""

    policy: Policy


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class BlockClosed:
    """A window ended: the tick of the block that begins there."""

    window: BlockAggregates


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksMissed:
    """Blocks for which nobody decided, first and last included."""

    first_block: int
    last_block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEnded:
    """An adapter switched its load off because no lease was left: a real switch."""

    load: str
    block_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutonomySet:
    """A person chose the autonomy level."""

    autonomy: Autonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSet:
    """A person set (or, with ``None``, ended) the override of one load.

    Attributes:
        load: id.
        override: the wish, or ``None``.
        block_id: the block that was running; ``None``: of an earlier version, whose wishes waited
            for the next tick.
    """

    load: str
    override: Override | None
    block_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyMeasured:
    """A measurement that safety does not let wait for the end of its block.

    Attributes:
        load: whose signal it is; ``None`` for the site's.
        signal: one of ``SAFETY_FIELDS``.
        value: inside unit, for a heartbeat its age; ``None``: there is no valid value.
        at_ms: when it was measured.
        block_id: the block that was running.
        quality: why there is no value.
    """

    load: str | None
    signal: str
    value: int | None
    at_ms: int
    block_id: int
    quality: Quality = Quality.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A person said yes to the proposal for one load, within its block."""

    load: str
    block_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBoxExceeded:
    """Deciding a block took so long that nobody may rely on it: every load goes to safe.

    Attributes:
        block_id: the block.
        took_ms: how long it took, by the monotonic clock of whoever measured.
    """

    block_id: int
    took_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped:
    """The wall clock went another way than the monotonic one: the next tick is held.

    Attributes:
        drift_ms: how far the wall clock is ahead of where it should be; negative: behind.
    """

    drift_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLost:
    """Nothing could be recorded, so every load went to safe; recorded when it could be again."""

    block_id: int


SAFETY_FIELDS: Final = {
    "pv_power_w": "pv_power_w",
    "house_load_w": "house_load_w",
    "grid_import_w": "grid_import_w",
    "battery_soc_pct": "battery_soc_permille",
    "battery_charge_w": "battery_charge_w",
    "load_temp_c": "load_temp_mdegc",
    "heartbeat": "heartbeat_age_ms",
}
"""Signals that R3 looks at, and where the picture of a block keeps them."""


SystemInput: TypeAlias = TimeBoxExceeded | ClockJumped | JournalLost
"""What happens to the appliance itself."""

Input: TypeAlias = (
    PolicyChanged
    | BlockClosed
    | BlocksMissed
    | LeaseEnded
    | AutonomySet
    | OverrideSet
    | SafetyMeasured
    | Confirmed
    | SystemInput
)

INPUT_KINDS = frozenset(
    {
        *("policy", "block", "missed", "lease_end", "autonomy", "override", "safety", "confirm"),
        *("time_box", "clock_jump", "journal_lost"),
    }
)
"""Kinds of records that are inputs."""


def to_record(item: Input) -> tuple[str, dict[str, Json]]:
    """Kind and body of an input's record."""
    match item:
        case PolicyChanged():
            document: Json = to_document(item.policy)
            return "policy", {"digest": policy_digest(item.policy), "policy": document}
        case BlockClosed():
            return "block", item.window.to_body()
        case BlocksMissed():
            return "missed", {"first_block": item.first_block, "last_block": item.last_block}
        case LeaseEnded():
            return "lease_end", {"load": item.load, "block_id": item.block_id}
        case AutonomySet():
            return "autonomy", {"autonomy": item.autonomy.value}
        case OverrideSet():
            return "override", _override_set_body(item)
        case SafetyMeasured():
            return "safety", _safety_body(item)
        case Confirmed():
            return "confirm", {"load": item.load, "block_id": item.block_id}
        case TimeBoxExceeded() | ClockJumped() | JournalLost():
            return _system_record(item)
        case _:
            assert_never(item)


def _system_record(item: SystemInput) -> tuple[str, dict[str, Json]]:
    match item:
        case TimeBoxExceeded():
            return "time_box", {"block_id": item.block_id, "took_ms": item.took_ms}
        case ClockJumped():
            return "clock_jump", {"drift_ms": item.drift_ms}
        case JournalLost():
            return "journal_lost", {"block_id": item.block_id}
        case _:
            assert_never(item)


def from_record(kind: str, body: Mapping[str, Json]) -> Input:
    """The input of a record.

    Raises:
        BadInput: not an input's kind, or a body that is none.
    """
    try:
        return _parse(kind, body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"A record of kind {kind!r} cannot be read: {error!r}.", "Verify the journal."
        ) from error


def _parse(kind: str, body: Mapping[str, Json]) -> Input:
    match kind:
        case "policy":
            return PolicyChanged(policy=_policy(body))
        case "block":
            return BlockClosed(window=BlockAggregates.from_body(body))
        case "missed":
            return BlocksMissed(
                first_block=_int(body["first_block"]), last_block=_int(body["last_block"])
            )
        case "lease_end":
            return LeaseEnded(load=str(body["load"]), block_id=_int(body["block_id"]))
        case "autonomy":
            return AutonomySet(autonomy=Autonomy(str(body["autonomy"])))
        case "override":
            return OverrideSet(
                load=str(body["load"]),
                override=override_from(body["override"]),
                block_id=None if "block_id" not in body else _int(body["block_id"]),
            )
        case "safety":
            return _safety(body)
        case "confirm":
            return Confirmed(load=str(body["load"]), block_id=_int(body["block_id"]))
        case _:
            return _parse_system(kind, body)


def _parse_system(kind: str, body: Mapping[str, Json]) -> Input:
    """What happened to the appliance itself."""
    match kind:
        case "time_box":
            return TimeBoxExceeded(block_id=_int(body["block_id"]), took_ms=_int(body["took_ms"]))
        case "clock_jump":
            return ClockJumped(drift_ms=_int(body["drift_ms"]))
        case "journal_lost":
            return JournalLost(block_id=_int(body["block_id"]))
        case _:
            raise BadInput(f"Records of kind {kind!r} are no inputs.", "Verify the journal.")


def _policy(body: Mapping[str, Json]) -> Policy:
    policy = from_document(body["policy"])
    if policy_digest(policy) != body["digest"]:
        raise BadInput("A recorded policy does not have its digest.", "Verify the journal.")
    return policy


def _override_set_body(item: OverrideSet) -> dict[str, Json]:
    body: dict[str, Json] = {"load": item.load, "override": override_body(item.override)}
    return body if item.block_id is None else body | {"block_id": item.block_id}


def _safety_body(item: SafetyMeasured) -> dict[str, Json]:
    return {
        "load": item.load,
        "signal": item.signal,
        "value": item.value,
        "at": at_text(item.at_ms),
        "block_id": item.block_id,
        "quality": item.quality.value,
    }


def _safety(body: Mapping[str, Json]) -> SafetyMeasured:
    load, signal, value = body["load"], str(body["signal"]), body["value"]
    if signal not in SAFETY_FIELDS:
        raise ValueError(signal)
    return SafetyMeasured(
        load=None if load is None else str(load),
        signal=signal,
        value=None if value is None else _int(value),
        at_ms=parse_at(str(body["at"])),
        block_id=_int(body["block_id"]),
        quality=Quality(str(body["quality"])),
    )


def override_body(override: Override | None) -> Json:
    """An override as JSON."""
    if override is None:
        return None
    return {
        "action": override.action,
        "level": override.level,
        "until_block": override.until_block,
    }


def override_from(value: Json) -> Override | None:
    """The override of its JSON."""
    if value is None:
        return None
    body = cast("dict[str, Json]", value)
    level = body["level"]
    return Override(
        action=str(body["action"]),
        level=None if level is None else str(level),
        until_block=_int(body["until_block"]),
    )


def _int(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value
