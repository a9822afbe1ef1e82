"""The vocabulary of the message bus: every topic in one table, built and parsed here alone.

Knows names and directions, not payloads, brokers or devices. Invariant: ``parse`` reads what
``build`` writes, and nothing else under the site's prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bitgrid_core.errors import BadInput

ROOT: Final = "bitgrid/v1"
_KNOWN: Final = 1024
"""Topics that are remembered as judged; a site has a few dozen."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Kind(StrEnum):
    """What a message is about; the first part of a topic behind the site."""

    MEASUREMENT = "measurement"
    STATE = "state"
    DECISION = "decision"
    COMMAND = "command"
    STATUS = "status"
    ACK = "ack"
    EXPLAIN = "explain"
    HEALTH = "health"
    CLOCK = "clock"
    CLOCK_DONE = "clock/done"
    REQUEST = "request"
    RESPONSE = "response"


PARTS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.MEASUREMENT: ("device", "signal"),
    Kind.STATE: (),
    Kind.DECISION: ("load",),
    Kind.COMMAND: ("load",),
    Kind.STATUS: ("load",),
    Kind.ACK: ("load",),
    Kind.EXPLAIN: ("load",),
    Kind.HEALTH: ("component",),
    Kind.CLOCK: (),
    Kind.CLOCK_DONE: (),
    Kind.REQUEST: ("what",),
    Kind.RESPONSE: ("request_id",),
}
"""What stands behind each kind."""

RETAINED: Final = frozenset({Kind.STATE, Kind.DECISION, Kind.STATUS, Kind.EXPLAIN, Kind.HEALTH})
"""Kinds of which the broker keeps the newest message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic: its kind and the names behind it."""

    kind: Kind
    names: tuple[str, ...] = ()


@lru_cache(maxsize=_KNOWN)
def build(site: str, kind: Kind, *names: str) -> str:
    """The full topic.

    Raises:
        BadInput: a name that is no single level of a topic.
    """
    assert len(names) == len(PARTS[kind])
    for name in (site, *names):
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} is no name for a topic.", "Use a-z, 0-9, _ and -, at most 64."
            )
    return "/".join((ROOT, site, kind, *names))


def wildcard(site: str, kind: Kind) -> str:
    """The filter that matches every topic of a kind."""
    return "/".join((ROOT, site, kind, *("+" for _ in PARTS[kind])))


@lru_cache(maxsize=_KNOWN)
def parse(site: str, topic: str) -> Topic:
    """The kind and names of a full topic.

    Raises:
        BadInput: not a topic of this site and version.
    """
    rest = topic.removeprefix(f"{ROOT}/{site}/")
    if rest == topic:
        raise BadInput(f"Topic {topic[:80]!r} is not of site {site}.", f"Use {ROOT}/{site}/….")
    if rest == Kind.CLOCK_DONE:
        return Topic(kind=Kind.CLOCK_DONE)
    first, *names = rest.split("/")
    kind = next((kind for kind in PARTS if kind == first), None)
    if (
        kind is None
        or len(names) != len(PARTS[kind])
        or not all(_NAME.fullmatch(name) for name in names)
    ):
        raise BadInput(f"Topic {topic[:80]!r} is unknown.", "See the table of topics.")
    return Topic(kind=kind, names=tuple(names))
