"""The ``DecisionEvent`` as canonical JSON, both ways. Format 1.

Keys whose value is ``None`` (or a default that carries nothing) are left out, so that an
event stays small; ``from_body`` reads exactly what ``to_body`` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from bitgrid_core.block import block_end_text
from bitgrid_core.codec import Json, encode_trusted
from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import override_body, override_from
from bitgrid_core.model import (
    Action,
    Autonomy,
    Decision,
    DecisionEvent,
    Effect,
    EnergyState,
    Lockout,
    Memory,
    Rule,
    Trigger,
    Vote,
)
from bitgrid_core.signals import Quality

FORMAT: Final = 1
_STATE_FIELDS: Final = tuple(
    name for name in EnergyState.__dataclass_fields__ if name not in ("block_id", "quality")
)


def to_bytes(event: DecisionEvent) -> bytes:
    """Canonical bytes of an event."""
    return encode_trusted(to_body(event))


def to_body(event: DecisionEvent) -> dict[str, Json]:
    """An event as JSON."""
    decision = event.decision
    return {
        "v": FORMAT,
        "id": event.id,
        "block_id": event.block_id,
        "load": event.load,
        "trigger": event.trigger,
        "n": event.n,
        "action": decision.action,
        "level": decision.level,
        "rule": decision.rule,
        "reason": decision.reason,
        "decision_code": decision.code,
        "effect": decision.effect,
        "autonomy": event.autonomy,
        "valid_until": block_end_text(event.block_id),
        "policy": event.policy,
        "votes": [vote_body(vote) for vote in event.votes],
        "state": state_body(event.state),
        "memory": memory_body(event.memory),
    }


def vote_body(vote: Vote) -> Json:
    """A vote as JSON."""
    body: dict[str, Json] = {"rule": vote.rule, "reason": vote.reason}
    if vote.action is not None:
        body["action"] = vote.action
    if vote.level is not None:
        body["level"] = vote.level
    if vote.numbers:
        body["numbers"] = dict(vote.numbers)
    if vote.signals:
        body["signals"] = list(vote.signals)
    return body


def state_body(state: EnergyState) -> Json:
    """A state as JSON, without what is not there."""
    body: dict[str, Json] = {"block_id": state.block_id}
    for name in _STATE_FIELDS:
        value = getattr(state, name)
        if value is not None:
            body[name] = value
    if state.quality:
        body["quality"] = dict(state.quality)
    return body


def memory_body(memory: Memory) -> Json:
    """A memory as JSON, without what is not there."""
    body: dict[str, Json] = {"level": memory.level}
    if memory.blocks_since_switch is not None:
        body["blocks_since_switch"] = memory.blocks_since_switch
    if memory.blocks_since_level is not None:
        body["blocks_since_level"] = memory.blocks_since_level
    if memory.blocks_surplus_low:
        body["blocks_surplus_low"] = memory.blocks_surplus_low
    if memory.starts_day or memory.starts_today:
        body["starts_today"] = memory.starts_today
        body["starts_day"] = memory.starts_day
    if memory.lockout is not None:
        lockout = memory.lockout
        body["lockout"] = {"cause": lockout.cause, "until_block": lockout.until_block}
    if memory.override is not None:
        body["override"] = override_body(memory.override)
    return body


def from_body(body: Mapping[str, Json]) -> DecisionEvent:
    """The event of its JSON.

    Raises:
        BadInput: another format, or not an event.
    """
    if body.get("v") != FORMAT:
        raise BadInput(f"Event format {body.get('v')!r} is unknown.", "Use a newer version.")
    try:
        return _event(body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"A decision cannot be read: {error!r}.", "Verify the journal.") from error


def _event(body: Mapping[str, Json]) -> DecisionEvent:
    return DecisionEvent(
        block_id=cast("int", body["block_id"]),
        load=cast("str", body["load"]),
        trigger=Trigger(cast("str", body["trigger"])),
        n=cast("int", body["n"]),
        decision=Decision(
            action=Action(cast("str", body["action"])),
            level=cast("str", body["level"]),
            rule=Rule(cast("str", body["rule"])),
            reason=cast("str", body["reason"]),
            effect=Effect(cast("str", body["effect"])),
        ),
        autonomy=Autonomy(cast("str", body["autonomy"])),
        votes=tuple(_vote(vote) for vote in cast("list[dict[str, Json]]", body["votes"])),
        state=state_from(cast("dict[str, Json]", body["state"])),
        memory=memory_from(cast("dict[str, Json]", body["memory"])),
        policy=cast("str", body["policy"]),
    )


def _vote(body: Mapping[str, Json]) -> Vote:
    action = body.get("action")
    return Vote(
        rule=Rule(cast("str", body["rule"])),
        action=None if action is None else Action(cast("str", action)),
        reason=cast("str", body["reason"]),
        level=cast("str | None", body.get("level")),
        numbers=tuple(cast("dict[str, int]", body.get("numbers", {})).items()),
        signals=tuple(cast("list[str]", body.get("signals", []))),
    )


def state_from(body: dict[str, Json]) -> EnergyState:
    """The state of its JSON."""
    quality = body.get("quality")
    if quality is None:
        return EnergyState(**body)  # type: ignore[arg-type]  # an unknown key is a TypeError
    rest = {name: value for name, value in body.items() if name != "quality"}
    found = cast("dict[str, str]", quality)
    return EnergyState(
        quality=tuple((name, Quality(value)) for name, value in found.items()),
        **rest,  # type: ignore[arg-type]  # an unknown key is a TypeError
    )


def memory_from(body: dict[str, Json]) -> Memory:
    """The memory of its JSON."""
    rest = dict(body)
    lockout = cast("dict[str, Json] | None", rest.pop("lockout", None))
    override = rest.pop("override", None)
    return Memory(
        lockout=None
        if lockout is None
        else Lockout(
            cause=cast("str", lockout["cause"]), until_block=cast("int", lockout["until_block"])
        ),
        override=override_from(override),
        **rest,  # type: ignore[arg-type]  # an unknown key is a TypeError
    )
