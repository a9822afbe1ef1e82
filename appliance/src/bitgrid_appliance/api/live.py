"""The live picture of the site as a document: from the broker's newest messages.

Pure. Means come from the decided window, single values from the newest measurement; neither
is estimated, and a decision is never shown without its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, Protocol, TypeAlias

from bitgrid_appliance.api.health import Instants, is_fresh, newest_block
from bitgrid_appliance.api.people import is_site_signal, number, reading, state_in_peoples_units
from bitgrid_appliance.api.picture import Picture
from bitgrid_appliance.api.shapes import (
    Chance,
    Document,
    LevelPower,
    LoadNow,
    Reading,
    StateNow,
    Texts,
)
from bitgrid_core.block import at_text, block_at, block_start_ms
from bitgrid_core.model import OFF
from bitgrid_core.policy import LoadProfile, Policy

UNCONFIRMED: Final = "STOP_UNCONFIRMED"
Mode: TypeAlias = Literal["normal", "degraded", "safe", "unknown"]


class Words(Protocol):
    """Texts about decisions."""

    def short(self, event: Document) -> Texts:
        """Why, in one sentence."""
        ...

    def change(self, event: Document, policy: Policy | None) -> Texts | None:
        """What would change it; ``None`` without the policy of that decision."""
        ...

    def detail(self, event: Document, lang: str) -> list[str]:
        """Every rule with its numbers, one line each."""
        ...


Policies: TypeAlias = Callable[[str], Policy | None]
"""The policy with a digest, if it can be read."""


def state_now(
    picture: Picture, instants: Instants, site_id: str, words: Words, policies: Policies
) -> StateNow:
    """The picture of this moment.

    Args:
        picture: what the broker said.
        instants: now.
        site_id: opaque id.
        words: explains.
        policies: knows the levels of loads and the thresholds.
    """
    block_id = newest_block(picture)
    events = [
        event for load in picture.names("decision") if (event := picture.newest("decision", load))
    ]
    running = block_at(instants.now_ms)
    return StateNow(
        now=at_text(instants.now_ms),
        clock="wall" if picture.clock_ms is None else "virtual",
        site_id=site_id,
        block_id=block_id,
        block_start=None if block_id is None else at_text(block_start_ms(block_id)),
        next_block_at=at_text(block_start_ms(running + 1)),
        fresh=is_fresh(picture, instants),
        mode=_mode(events),
        autonomy=max((str(event["autonomy"]) for event in events), default=None),
        state=_state(picture, events),
        live=_live(picture, _policy(events, policies), instants.now_ms),
        loads=[
            _load(picture, event, words, policies, _load_power_w(picture, event, instants.now_ms))
            for event in _by_priority(events, policies)
        ],
    )


def level_in_force(event: Document) -> str:
    """The level that the load has by this decision; an event that did not act changed nothing."""
    if event["effect"] == "acted":
        return str(event["level"])
    return str(event["memory"].get("level", "off"))


def _by_priority(events: list[Document], policies: Policies) -> Iterable[Document]:
    def rank(event: Document) -> tuple[int, str]:
        profile = _profile(event, policies)
        return (profile.priority if profile else 1_000_000, str(event["load"]))

    return sorted(events, key=rank)


def _load_power_w(picture: Picture, event: Document, now_ms: int) -> float | None:
    message = picture.newest("measurement", f"{event['load']}/load_power_w")
    return None if message is None else reading("load_power_w", message, now_ms).value


def _load(
    picture: Picture,
    event: Document,
    words: Words,
    policies: Policies,
    measured_w: float | None,
) -> LoadNow:
    load = str(event["load"])
    status = picture.newest("status", load) or {}
    profile = _profile(event, policies)
    levels = profile.levels if profile else ()
    return LoadNow(
        id=load,
        kind=profile.kind if profile else None,
        level=level_in_force(event),
        power_w=number(status.get("power_w")) if measured_w is None else measured_w,
        observed=_text(status.get("observed")),
        observed_level=_text(status.get("level")),
        observed_reason=_observed_reason(status, level_in_force(event)),
        levels=[LevelPower(name=level.name, power_w=level.power_w) for level in levels],
        decision=event,
        short=_published(picture, event, "short") or words.short(event),
        change=_published(picture, event, "change")
        or words.change(event, policies(str(event["policy"]))),
        chance=_chance(picture, event),
    )


def _observed_reason(status: Document, level: str) -> str | None:
    """The adapter's reason; a stop that the load does not show yet is unconfirmed, whoever says so."""
    if level == OFF and status.get("observed") not in {None, OFF}:
        return UNCONFIRMED
    return _text(status.get("reason"))


def _text(value: object) -> str | None:
    return str(value)[:40] if value not in (None, "") else None


def _profile(event: Document, policies: Policies) -> LoadProfile | None:
    policy = policies(str(event["policy"]))
    loads = policy.loads if policy else ()
    return next((profile for profile in loads if profile.id == event["load"]), None)


def _published(picture: Picture, event: Document, which: str) -> Texts | None:
    """Core's own words, if they are about this very event."""
    explained = picture.newest("explain", str(event["load"]))
    if explained is None or explained.get("id") != event["id"]:
        return None
    texts = explained.get(which)
    if not isinstance(texts, dict) or not all(isinstance(texts.get(k), str) for k in ("de", "en")):
        return None
    return Texts(de=texts["de"], en=texts["en"])


def _chance(picture: Picture, event: Document) -> Chance | None:
    """As published: only core, which has just decided, can say it."""
    texts = _published(picture, event, "chance")
    if texts is None:
        return None
    explained = picture.newest("explain", str(event["load"])) or {}
    at = explained["chance"].get("at")
    return Chance(at=at if isinstance(at, str) else None, de=texts.de, en=texts.en)


def _state(picture: Picture, events: list[Document]) -> Document | None:
    published = picture.newest("state")
    if published is not None:
        return state_in_peoples_units(published)
    return state_in_peoples_units(events[0]["state"]) if events else None


def _policy(events: list[Document], policies: Policies) -> Policy | None:
    return policies(str(events[0]["policy"])) if events else None


def _live(picture: Picture, policy: Policy | None, now_ms: int) -> dict[str, Reading]:
    found = _newest_readings(picture, now_ms)
    house = found.get("house_load_w")
    if policy is None or not policy.house_meter_includes_loads or house is None:
        return found
    return found | {"house_load_w": _without_loads(house, picture, now_ms)}


def _without_loads(house: Reading, picture: Picture, now_ms: int) -> Reading:
    """The house alone where its meter also counts the loads."""
    if house.value is None:
        return house
    loads_w = sum(
        reading(signal, message, now_ms).value or 0.0
        for signal, message in _measurements(picture)
        if signal == "load_power_w"
    )
    return house.model_copy(update={"value": max(0.0, house.value - loads_w)})


def _newest_readings(picture: Picture, now_ms: int) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for signal, message in _measurements(picture):
        if is_site_signal(signal) and not isinstance(message.get("value"), list):
            newest = reading(signal, message, now_ms)
            if signal not in found or found[signal].at < newest.at:
                found[signal] = newest
    return found


def _measurements(picture: Picture) -> Iterator[tuple[str, Document]]:
    for name in picture.names("measurement"):
        message = picture.newest("measurement", name)
        if message is not None:
            yield name.partition("/")[2], message


def _mode(events: list[Document]) -> Mode:
    """*safe* if safety or the system holds a load off, *degraded* if a rule had no opinion."""
    if not events:
        return "unknown"
    if any(event["action"] == "STOP" and event["rule"] in {"R3", "SYS"} for event in events):
        return "safe"
    votes = [vote for event in events for vote in event["votes"] if isinstance(vote, dict)]
    degraded = any(vote.get("signals") and not vote.get("action") for vote in votes)
    return "degraded" if degraded else "normal"
