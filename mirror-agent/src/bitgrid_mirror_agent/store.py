"""The one thing that the agent can do to a store: give it a body under a name.

No reading, listing or deleting: one-way by type. Of an answer only the outcome counts. The
contract, which every store and the tests' fake pass:

- ``once=True``: the body is stored only if nothing lies under the name; otherwise *already there*,
  and what lay there is untouched. ``once=False`` replaces.
- *stored* means durable. *retry*: it is not known whether it is stored, or it is not and may be
  later. *stop*: it will not be stored until a person changes something; nothing is dropped.
- a body is stored whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

Body: TypeAlias = "bytes | Path"
"""Bytes, or a file to stream from."""


class Outcome(StrEnum):
    """What a store's answer means."""

    STORED = "stored"
    ALREADY_THERE = "already_there"
    RETRY = "retry"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An outcome, and for *retry* and *stop* the reason in a few words for a person."""

    outcome: Outcome
    reason: str = ""


STORED = Answer(outcome=Outcome.STORED)
ALREADY_THERE = Answer(outcome=Outcome.ALREADY_THERE)


class Store(Protocol):
    """A place for objects."""

    def put(self, name: str, body: Body, *, once: bool = True) -> Answer:
        """Store a body under a name; never raises for what a store may do wrong."""
