"""Whether the picture on the page can be believed, said honestly.

Pure: a picture and instants in, a verdict out. The worst finding names the status; a part
that is silent is a finding of its own, so that nothing old is ever shown as live.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bitgrid_appliance.api.picture import Picture
from bitgrid_appliance.api.shapes import Component, Health
from bitgrid_core.block import BLOCK_MS, at_text, block_start_ms

SILENT_S: Final = 90.0
"""A meter's age limit: if nothing at all was heard for that long, something is wrong."""
LATE_MS: Final = 60_000
"""So long after its boundary a block may still be undecided."""
RUSH_S: Final = 5.0
"""So many real seconds a decision may lag behind a virtual clock."""
Status: TypeAlias = Literal["ok", "warn", "error"]
Finding: TypeAlias = tuple[Status, str]
_RANK: Final[tuple[Status, ...]] = ("ok", "warn", "error")
_WELL: Final[Finding] = ("ok", "OK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """The site's time and this process's monotonic seconds."""

    now_ms: int
    mono_s: float


def newest_block(picture: Picture) -> int | None:
    """Block of the newest decision that was heard."""
    decisions = (picture.newest("decision", load) for load in picture.names("decision"))
    return max((int(event["block_id"]) for event in decisions if event), default=None)


def is_fresh(picture: Picture, instants: Instants) -> bool:
    """Whether the newest decision is the one of the block that runs now, with a grace.

    A virtual clock may rush, so that there a few real seconds must have passed, too.
    """
    block_id = newest_block(picture)
    if block_id is None:
        return False
    if instants.now_ms < block_start_ms(block_id) + BLOCK_MS + LATE_MS:
        return True
    ages_s = [
        picture.age_s("decision", load, instants.mono_s) for load in picture.names("decision")
    ]
    return picture.clock_ms is not None and min(ages_s) < RUSH_S


def judge(picture: Picture, instants: Instants, journal: tuple[bool, int | None]) -> Health:
    """The verdict.

    Args:
        picture: what the broker said.
        instants: now.
        journal: whether it can be read, and its newest sequence number.
    """
    readable, seq = journal
    components = _components(picture, instants.mono_s)
    age_s = None if picture.heard_at_s is None else max(0.0, instants.mono_s - picture.heard_at_s)
    found: list[Finding] = [
        *_transport(picture, age_s),
        *_decisions(picture, instants),
        *_journal(readable=readable),
        *(_of_component(name, item) for name, item in components.items()),
    ]
    status, reason = max(found, key=_rank, default=_WELL)
    return Health(
        status=status,
        reason=reason if status != "ok" else "OK",
        now=at_text(instants.now_ms),
        age_s=None if age_s is None else round(age_s, 1),
        broker_connected=picture.broker_connected,
        decided=newest_block(picture) is not None,
        journal_seq=seq,
        dropped_messages=picture.dropped,
        components=components,
    )


def _rank(finding: Finding) -> int:
    return _RANK.index(finding[0])


def _journal(*, readable: bool) -> list[Finding]:
    return [] if readable else [("warn", "JOURNAL_UNREADABLE")]


def _transport(picture: Picture, age_s: float | None) -> list[Finding]:
    if not picture.broker_connected:
        return [("error", "BROKER_AWAY")]
    if age_s is not None and age_s > SILENT_S:
        return [("error", "SILENT")]
    return []


def _decisions(picture: Picture, instants: Instants) -> list[Finding]:
    if newest_block(picture) is None:
        return [("warn", "NO_DECISION_YET")]
    return [] if is_fresh(picture, instants) else [("error", "DECISION_LATE")]


def _components(picture: Picture, mono_s: float) -> dict[str, Component]:
    found = {}
    for name in picture.names("health"):
        said = picture.newest("health", name) or {}
        status = said.get("status")
        found[name] = Component(
            status=status if status in _RANK else "warn",
            reason=str(said.get("reason") or "")[:120],
            since=str(said["since"])[:40] if "since" in said else None,
            age_s=round(picture.age_s("health", name, mono_s), 1),
        )
    return found


def _of_component(name: str, item: Component) -> Finding:
    match item.status:
        case "ok":
            return "ok", "OK"
        case "error":
            return "error", f"{name}: {item.reason or 'ERROR'}"
        case _:
            return "warn", f"{name}: {item.reason or 'WARN'}"
