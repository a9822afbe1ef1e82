"""The documents of the API as typed shapes, from which the OpenAPI description is made.

Numbers are in people's units (W, %, °C, ct/kWh, kW); ``null`` is a value that is not there.
Nothing is read or computed here.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Document: TypeAlias = dict[str, Any]
"""A document of core, passed on as it was recorded."""


class Shape(BaseModel):
    """What all shapes share: they are values and have no other members."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Texts(Shape):
    """One sentence in both languages."""

    de: str
    en: str


class Reading(Shape):
    """The newest measured value of one signal.

    Attributes:
        value: in people's units, or what the adapter could not read as ``null``.
        at: when it was measured.
        quality: ``ok``, ``stale``, ``missing`` or ``suspect``.
    """

    value: float | None
    at: str
    quality: str


class LevelPower(Shape):
    """One power level of a load."""

    name: str
    power_w: int


class Chance(Shape):
    """The earliest next chance to start, or of a running load to go off.

    Attributes:
        at: beginning of that block; ``null`` if it takes a new day or a person.
    """

    at: str | None
    de: str
    en: str


class LoadNow(Shape):
    """What one flexible load does now and why.

    Attributes:
        level: level of the decision in force.
        power_w: measured power; ``null`` if nothing measured it.
        observed: what the adapter saw: ``on``, ``off``, ``unconfirmed``; ``null`` if nothing did.
        observed_level: the level that the adapter saw.
        observed_reason: the adapter's reason, such as ``LEASE_EXPIRED``.
        decision: the whole decision event.
        short: why, in one sentence.
        change: what would change it.
        chance: when that may be at the earliest.
    """

    id: str
    kind: str | None
    level: str
    power_w: float | None
    observed: str | None
    observed_level: str | None
    observed_reason: str | None
    levels: list[LevelPower]
    decision: Document
    short: Texts
    change: Texts | None
    chance: Chance | None


class OriginNow(Shape):
    """Where a value of a decision came from.

    Attributes:
        source: measured, asleep, derived, received or local.
        age_s: how old it was at the decision; ``null`` if nobody knows.
        quality: ``ok`` if it was used.
        doubt: why a suspect one is suspect.
    """

    source: str
    age_s: float | None
    quality: str
    doubt: str | None


class StateNow(Shape):
    """The live picture of the site.

    Attributes:
        clock: ``virtual`` where a household drives the time, else ``wall``.
        block_id: block of the newest decision; ``null`` before the first.
        fresh: whether that block is the one that runs now.
        state: the picture on which the block was decided: means of the window before.
        live: newest measurement per site signal.
        origins: where the values of ``state`` came from, by signal; empty until it is recorded.
    """

    now: str
    clock: Literal["virtual", "wall"]
    site_id: str
    block_id: int | None
    block_start: str | None
    next_block_at: str
    fresh: bool
    mode: Literal["normal", "degraded", "safe", "unknown"]
    autonomy: str | None
    state: Document | None
    live: dict[str, Reading]
    loads: list[LoadNow]
    origins: dict[str, OriginNow] = {}


class DecisionItem(Shape):
    """One recorded decision; ``seq`` is ``null`` in an event that is ahead of the journal."""

    seq: int | None
    at: str
    event: Document
    short: Texts


class DecisionPage(Shape):
    """Some decisions, newest first, and where the next page begins."""

    items: list[DecisionItem]
    next: str | None


class Explanation(Shape):
    """One decision in words.

    Attributes:
        text: *short*: one sentence; *detail*: one line per rule; *technical*: the short one.
        change: what would change it; ``null`` where that cannot be said any more.
        event: the event itself, at depth *technical*.
        origins: where its values came from, at that depth.
    """

    id: str
    depth: Literal["short", "detail", "technical"]
    lang: Literal["de", "en"]
    text: list[str]
    change: str | None
    event: Document | None
    origins: dict[str, OriginNow] | None


class LoadBlock(Shape):
    """One load in one block: measured mean power of the window and the level decided."""

    power_w: float | None
    level: str | None


class DayBlock(Shape):
    """Means of one closed window; ``at`` is its end, at which the block was decided."""

    block_id: int
    at: str
    pv_power_w: float | None
    house_load_w: float | None
    grid_import_w: float | None
    grid_export_w: float | None
    battery_soc_pct: float | None
    loads: dict[str, LoadBlock]


class Day(Shape):
    """The site-local day so far."""

    day: str | None
    blocks: list[DayBlock]


class Component(Shape):
    """What one component said of itself, and how long ago in real seconds."""

    status: str
    reason: str
    since: str | None
    age_s: float


class Health(Shape):
    """Whether the picture can be believed.

    Attributes:
        status: the worst of all; ``reason`` names it.
        age_s: real seconds since anything was heard; ``null`` if nothing ever was.
    """

    status: Literal["ok", "warn", "error"]
    reason: str
    now: str
    age_s: float | None
    broker_connected: bool
    decided: bool
    journal_seq: int | None
    dropped_messages: int
    components: dict[str, Component]


class Recipient(Shape):
    """Who can open what left."""

    name: str
    role: str


class Consent(Shape):
    """The part of the consent that a household wants to see."""

    id: str
    purpose: str
    streams: list[str]
    target: str
    recipients: list[Recipient]
    valid_until: str


class Mirror(Shape):
    """What leaves the house: nothing, unless a person said yes.

    Attributes:
        on: whether a consent is there.
        status: what the agent last wrote; untrusted, shown as text.
        status_age_s: real seconds since then.
    """

    on: bool
    consent: Consent | None
    status: Document | None
    status_age_s: float | None


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = ""
    instance: str = ""
