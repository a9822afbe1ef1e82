"""Insane messages: what broken, confused or hostile programs publish on a bus."""

import random
from typing import Any

from bitgrid_core.household import Message

_VALUES: tuple[Any, ...] = (
    *("NaN", "Infinity", "1e999", "", "an", "0x10", "-5", "12345678901234567890", "99999"),
    *(True, {}, [], [1] * 2000, -1, 10**12, None),
)
_PARTS: tuple[dict[str, Any], ...] = (
    *({"at": ""}, {"at": "yesterday"}, {"at": "2024-06-01"}, {"at": None}, {"at": 17}),
    *({"at": "9999-12-31T23:59:59Z"}, {"at": "1970-01-01T00:00:00Z"}),
    *({"unit": "bananas"}, {"unit": None}, {"quality": "great"}, {"quality": ["ok"]}),
    *({"source": "x" * 10_000}, {"value": [1, 2], "from": "", "step_s": 0}),
)
_TOPICS = (
    *("measurement/load-99/load_temp_c", "measurement/site/flux", "measurement/load-1/pv_power_w"),
    *("status/load-1", "status/load-99", "request/override", "request/nonsense", "clock"),
)


def spoiled(draw: random.Random, message: Message) -> Message:
    """A measurement that nobody can believe, made from one that was sound."""
    part = {"value": draw.choice(_VALUES)} if draw.random() < 0.5 else draw.choice(_PARTS)
    return Message(topic=message.topic, payload=message.payload | part)


def rubbish(draw: random.Random, at: str) -> Message:
    """A message out of nowhere."""
    payload: dict[str, Any] = {"value": draw.choice(_VALUES), "unit": "W", "at": at}
    payload |= {"reason": "LEASE_EXPIRED", "since": draw.choice(("", "never", "2024-13-01"))}
    payload |= {"request_id": draw.choice(("", "A B", "ok-1", 5, None)), "action": "EXPLODE"}
    return Message(topic=draw.choice(_TOPICS), payload=payload)
