"""What to do after each answer of a store: the pure part of pushing.

Knows no store, clock or randomness: attempts, answers and a drawn number come in.

Invariant: nothing is ever dropped; *already there* on the very first attempt of a name of the log
means that another copy of this disk wrote it, and leads to a new shard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bitgrid_mirror_agent.store import Outcome

BASE_MS = 500
CAP_MS = 60_000
MOST_TRIES = 6
DRAW_PERMILLE = 1000
_LOG = "log/"


class Move(StrEnum):
    """What the loop does next."""

    DONE = "done"
    AGAIN = "again"
    LATER = "later"
    PAUSE = "pause"
    NEW_SHARD = "new_shard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A move, and for *again* the wait before it."""

    move: Move
    wait_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One send: which name, the how-manieth ever, and the how-manieth of this push."""

    name: str
    ever: int
    now: int


def decide(attempt: Attempt, outcome: Outcome, draw_permille: int) -> Next:
    """The next move; ``draw_permille`` is drawn evenly from 0 to 999 for full jitter."""
    match outcome:
        case Outcome.STORED:
            return Next(move=Move.DONE)
        case Outcome.ALREADY_THERE:
            forked = attempt.ever == 1 and attempt.name.startswith(_LOG)
            return Next(move=Move.NEW_SHARD if forked else Move.DONE)
        case Outcome.STOP:
            return Next(move=Move.PAUSE)
        case Outcome.RETRY:
            if attempt.now >= MOST_TRIES:
                return Next(move=Move.LATER)
            return Next(move=Move.AGAIN, wait_ms=back_off_ms(attempt.now, draw_permille))
        case _:
            assert_never(outcome)


def back_off_ms(tries: int, draw_permille: int) -> int:
    """Wait after so many tries: evenly between nothing and a bound that doubles up to a minute."""
    return min(CAP_MS, BASE_MS << (tries - 1)) * draw_permille // DRAW_PERMILLE
