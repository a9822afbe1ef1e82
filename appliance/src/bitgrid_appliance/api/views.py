"""The reads that the API offers, over the live picture, the journal and the mirror's files.

Nothing of HTTP is known here and nothing is written. What cannot be read is said, not
guessed: before the first decision the answers are empty and health says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from bitgrid_appliance.api.day import day_of
from bitgrid_appliance.api.health import Instants, judge, newest_block
from bitgrid_appliance.api.history import History, Recorded, Span
from bitgrid_appliance.api.live import Words, state_now
from bitgrid_appliance.api.mirror import read_mirror
from bitgrid_appliance.api.picture import Picture
from bitgrid_appliance.api.problems import NotFound
from bitgrid_appliance.api.shapes import (
    Day,
    DecisionItem,
    DecisionPage,
    Explanation,
    Health,
    Mirror,
    OriginNow,
    StateNow,
)
from bitgrid_core.block import BLOCK_S, block_at
from bitgrid_core.errors import BitgridError
from bitgrid_core.policy import Policy

Depth: TypeAlias = Literal["short", "detail", "technical"]
Lang: TypeAlias = Literal["de", "en"]
DAY_BLOCKS: Final = 25 * 3600 // BLOCK_S
"""The longest site-local day: 25 hours."""
DAY_LIMIT: Final = 8 * DAY_BLOCKS
POLICIES_KEPT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Where instants come from: Unix seconds and monotonic seconds."""

    wall_s: Callable[[], float]
    mono_s: Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Views:
    """Everything that is read.

    Attributes:
        site_id: opaque id of the site.
        data_dir: where consent and the mirror's status lie.
        picture: the broker's newest messages; its listener writes to it.
        history: the journal.
        words: explains decisions.
        clocks: tells the time.
    """

    site_id: str
    data_dir: Path
    picture: Picture
    history: History
    words: Words
    clocks: Clocks
    _policies: Callable[[str], Policy | None] = field(init=False, repr=False)
    _origins: Callable[[str], dict[str, OriginNow]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_policies", _remembered(self.history))
        object.__setattr__(self, "_origins", _origins_once(self.history))

    def now_ms(self) -> int:
        """The site's time: the household's virtual clock where there is one."""
        virtual = self.picture.clock_ms
        return int(self.clocks.wall_s() * 1000) if virtual is None else virtual

    def state(self) -> StateNow:
        """The live picture."""
        instants = self._instants()
        found = state_now(self.picture, instants, self.site_id, self.words, self._policies)
        if not found.loads:
            return found
        return found.model_copy(
            update={"origins": self._origins(str(found.loads[0].decision["id"]))}
        )

    def health(self) -> Health:
        """Whether it can be believed."""
        try:
            journal = (True, self.history.head_seq())
        except BitgridError:
            journal = (False, None)
        return judge(self.picture, self._instants(), journal)

    def mirror(self) -> Mirror:
        """What leaves the house."""
        return read_mirror(self.data_dir, self.clocks.wall_s())

    def decisions(self, span: Span) -> DecisionPage:
        """Recorded decisions, newest first."""
        found = self.history.decisions(span)
        items = [self.item(recorded) for recorded in found]
        full = len(found) == span.limit
        return DecisionPage(items=items, next=str(found[-1].seq) if full and found else None)

    def item(self, recorded: Recorded) -> DecisionItem:
        """One recorded decision with its sentence."""
        short = self.words.short(recorded.event)
        return DecisionItem(seq=recorded.seq, at=recorded.at, event=recorded.event, short=short)

    def decision(self, event_id: str) -> DecisionItem:
        """One recorded decision.

        Raises:
            NotFound: no such decision.
        """
        return self.item(self._recorded(event_id))

    def explanation(self, event_id: str, depth: Depth, lang: Lang) -> Explanation:
        """One decision in words.

        Raises:
            NotFound: no such decision.
        """
        event = self._recorded(event_id).event
        detail = depth == "detail"
        text = self.words.detail(event, lang) if detail else [_in(self.words.short(event), lang)]
        change = self.words.change(event, self._policies(str(event["policy"])))
        return Explanation(
            id=event_id,
            depth=depth,
            lang=lang,
            text=text,
            change=None if change is None else _in(change, lang),
            event=event if depth == "technical" else None,
            origins=self._origins(event_id) if depth == "technical" else None,
        )

    def day(self) -> Day:
        """The site-local day so far."""
        last = newest_block(self.picture)
        last = block_at(self.now_ms()) if last is None else last
        span = Span(first_block=last - DAY_BLOCKS, last_block=last, limit=DAY_LIMIT)
        return day_of([recorded.event for recorded in self.history.decisions(span)])

    def _instants(self) -> Instants:
        return Instants(now_ms=self.now_ms(), mono_s=self.clocks.mono_s())

    def _recorded(self, event_id: str) -> Recorded:
        found = self.history.decision(event_id)
        if found is None:
            raise NotFound(
                f"There is no decision {event_id[:80]!r}.", "Ids are listed in /decisions."
            )
        return found


def _in(texts: object, lang: Lang) -> str:
    return str(getattr(texts, lang))


def _origins_once(history: History) -> Callable[[str], dict[str, OriginNow]]:
    """Origins by the decision's id; what is recorded of one never changes."""

    @lru_cache(maxsize=POLICIES_KEPT)
    def found(event_id: str) -> dict[str, OriginNow]:
        origins = history.origins(event_id)
        if not origins:
            raise NotFound(f"There is no decision {event_id[:80]!r}.")
        return {
            name: OriginNow(
                source=origin.source,
                age_s=None if origin.age_ms is None else origin.age_ms / 1000,
                quality=origin.quality,
                doubt=origin.doubt,
            )
            for name, origin in origins.items()
        }

    def found_or_none(event_id: str) -> dict[str, OriginNow]:
        try:
            return found(event_id)
        except BitgridError:
            return {}

    return found_or_none


def _remembered(history: History) -> Callable[[str], Policy | None]:
    """Policies by digest; a digest's policy never changes, so that a found one is kept."""

    @lru_cache(maxsize=POLICIES_KEPT)
    def found(digest: str) -> Policy:
        policy = history.policy(digest)
        if policy is None:
            raise NotFound(f"There is no policy {digest[:80]!r}.")
        return policy

    def policy_or_none(digest: str) -> Policy | None:
        try:
            return found(digest)
        except BitgridError:
            return None

    return policy_or_none
