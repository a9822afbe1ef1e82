"""Core's words about a decision, for events that come as documents.

An event of a format that this program does not know gets a plain sentence instead of an
error: an old page must not break a new core.
"""

from __future__ import annotations

from typing import Final

from bitgrid_appliance.api.shapes import Document, Texts
from bitgrid_core import explain
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body
from bitgrid_core.explain.changes import what_changes_in
from bitgrid_core.model import DecisionEvent
from bitgrid_core.policy import Policy

REMEMBERED: Final = 64
_UNKNOWN: Final = Texts(
    de="Diese Entscheidung stammt von einer neueren Version und wird hier nicht erklärt.",
    en="This decision was made by a newer version and is not explained here.",
)


class CoreWords:
    """Explains by ``bitgrid_core``; remembers what it took some milliseconds to find."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], Texts] = {}

    def short(self, event: Document) -> Texts:
        """See ``Words``."""
        known = _event(event)
        if known is None:
            return _UNKNOWN
        try:
            return Texts(de=explain.short(known, "de"), en=explain.short(known, "en"))
        except KeyError:  # a code of a newer version
            return _UNKNOWN

    def change(self, event: Document, policy: Policy | None) -> Texts | None:
        """See ``Words``."""
        known = _event(event)
        if known is None or policy is None:
            return None
        if all(load.id != known.load for load in policy.loads):
            return None
        key = (known.id, known.decision.code)
        if key not in self._changes:
            if len(self._changes) >= REMEMBERED:
                self._changes.clear()
            self._changes[key] = Texts(**what_changes_in(known, policy))
        return self._changes[key]

    def detail(self, event: Document, lang: str) -> list[str]:
        """See ``Words``."""
        known = _event(event)
        try:
            return [_in(_UNKNOWN, lang)] if known is None else explain.detail(known, lang)
        except KeyError:  # a code of a newer version
            return [_in(_UNKNOWN, lang)]


def _in(texts: Texts, lang: str) -> str:
    return texts.de if lang == "de" else texts.en


def _event(document: Document) -> DecisionEvent | None:
    try:
        return from_body(document)
    except (BadInput, AttributeError):
        return None
