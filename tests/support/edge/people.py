"""What the people of a house ask for, by a seed: wishes, autonomy, their yes — and nonsense."""

import random

from bitgrid_core.codec import Json
from bitgrid_core.engine import EngineState
from bitgrid_core.household import Message

_LOADS = ("load-1", "load-1", "load-2", "load-3", "all")
_LEVELS: tuple[Json, ...] = (None, "eco", "standard", "super", "off")


def request(draw: random.Random, state: EngineState, number: int) -> Message:
    """One request on the bus."""
    what = draw.choice(("override", "override", "override", "autonomy", "confirm", "confirm"))
    payload: dict[str, Json] = {"request_id": f"r-{number}", "via": "page", "by": "user-1"}
    match what:
        case "override":
            payload |= {
                "load": draw.choice(_LOADS),
                "action": draw.choice(("START", "START", "STOP", "LIMIT", "END")),
                "minutes": draw.choice((1, 10, 30, 60, 300, 0)),
            }
            level = draw.choice(_LEVELS)
            payload |= {} if level is None else {"level": level}
        case "autonomy":
            payload["autonomy"] = draw.choice(
                ("MANUAL", "ASSISTED", "SEMI", "FULL", "FULL", "FULL", "FULL")
            )
        case _:
            open_ids = [event.id for event in state.proposals.values()]
            payload["decision"] = draw.choice(open_ids) if open_ids else "1/load-1/tick/0"
    return Message(topic=f"request/{what}", payload=payload)
