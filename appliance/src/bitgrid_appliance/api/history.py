"""What the journal holds, as the API needs it; opened read-only, for each question anew.

A connection of its own per question keeps readers apart from one another and from core, and
survives a journal that is moved, restored or not there yet. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bitgrid_appliance.api.shapes import Document
from bitgrid_core.origins import Origin
from bitgrid_core.policy import Policy

MAX_BLOCK: Final = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A decision as it stands in the journal."""

    seq: int
    at: str
    event: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which decisions are asked for: blocks, first and last included, and records before one.

    Attributes:
        before_seq: only records with a smaller sequence number; ``None``: up to the head.
        limit: so many at most, the newest ones.
    """

    first_block: int = 0
    last_block: int = MAX_BLOCK
    before_seq: int | None = None
    limit: int = 50


class History(Protocol):
    """Reads of the past. Every method raises ``StorageError`` if the journal cannot be read."""

    def head_seq(self) -> int | None:
        """Sequence number of the newest record; ``None`` before the first."""
        ...

    def decisions(self, span: Span) -> Sequence[Recorded]:
        """Decisions of a span, newest first."""
        ...

    def decision(self, event_id: str) -> Recorded | None:
        """One decision by its id."""
        ...

    def origins(self, event_id: str) -> Mapping[str, Origin]:
        """Where the values came from that a decision saw; empty for one that is not there."""
        ...

    def policy(self, digest: str) -> Policy | None:
        """The recorded policy with that digest."""
        ...
