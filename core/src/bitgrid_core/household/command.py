"""A command as an actuator reads it: a lease, checked at the edge.

The wire form is ``{"command_id","boot","seq","action","level","power_w","lease_s"}``. Must not
know who sends or who acts. Invariant: a ``Command`` that exists has sane numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.model import OFF, Action

MAX_LEASE_S: Final = 86_400
_LIMIT: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a load shall do, and for how long it may without another word.

    Attributes:
        load: id of the load.
        command_id: for the acknowledgement.
        boot: number of the sender's boot; an older one is dropped.
        seq: number within that boot; not newer than the last is dropped.
        level: level to be at, ``off`` for a stop.
        lease_s: seconds from receipt after which the load switches off by itself.
    """

    load: str
    command_id: str
    boot: int
    seq: int
    level: str
    lease_s: int


def parse_command(load: str, payload: Json) -> Command:
    """The command in a payload for ``load``; ``STOP`` means ``off`` whatever level it names.

    Raises:
        BadInput: a key is missing or has a value that it cannot have.
    """
    if not isinstance(payload, dict):
        raise BadInput("A command is no object.", "Send a JSON object.")
    action = _text(payload, "action")
    if action not in set(Action):
        raise BadInput(f"Command action {action!r} is unknown.", f"Use {', '.join(Action)}.")
    return Command(
        load=load,
        command_id=_text(payload, "command_id"),
        boot=_count(payload, "boot", _LIMIT),
        seq=_count(payload, "seq", _LIMIT),
        level=OFF if action == Action.STOP else _text(payload, "level"),
        lease_s=_count(payload, "lease_s", MAX_LEASE_S),
    )


def _text(payload: dict[str, Json], key: str) -> str:
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        raise BadInput(f"Command {key} is {value!r}.", "Send a text.")
    return value


def _count(payload: dict[str, Json], key: str, limit: int) -> int:
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise BadInput(f"Command {key} is {value!r}.", f"Send an integer from 0 to {limit}.")
    return value
