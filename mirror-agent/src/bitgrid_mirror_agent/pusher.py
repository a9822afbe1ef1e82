"""The thin loop around `retry`: takes what is queued, in order, and gives it to a store.

The attempt is counted durably before each send. Ends early when it is asked to stop, when a store
says stop, or when it stays out of reach; what is left waits in the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bitgrid_mirror_agent.queue import Put, Queue
from bitgrid_mirror_agent.retry import Attempt, Move, decide
from bitgrid_mirror_agent.store import Answer, Store


class Result(StrEnum):
    """How a push ended."""

    ALL = "all"
    STOPPED = "stopped"
    LATER = "later"
    PAUSED = "paused"
    FORKED = "forked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """How a push ended, how many things the store took, and why it ended early."""

    result: Result
    count: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the loop needs of the world.

    Args:
        wait: waits so many milliseconds; true when the program is to end.
        draw: an even number from 0 to 999.
        pushed: told after each thing that the store took.
    """

    wait: Callable[[int], bool]
    draw: Callable[[], int]
    pushed: Callable[[Put], None]


_ENDS = {Move.LATER: Result.LATER, Move.PAUSE: Result.PAUSED, Move.NEW_SHARD: Result.FORKED}


def push(queue: Queue, store: Store, root: Callable[[int], str], world: Surroundings) -> Pushed:
    """Push what is queued; ``root`` gives a shard's root."""
    count = 0
    for put in queue.pending():
        if world.wait(0):
            return Pushed(result=Result.STOPPED, count=count)
        move, answer = _send(queue, store, (root(put.shard), put), world)
        match move:
            case Move.DONE:
                queue.done(put)
                world.pushed(put)
                count += 1
            case Move.AGAIN:
                return Pushed(result=Result.STOPPED, count=count)
            case Move.LATER | Move.PAUSE | Move.NEW_SHARD:
                return Pushed(result=_ENDS[move], count=count, reason=answer.reason)
            case _:
                assert_never(move)
    return Pushed(result=Result.ALL, count=count)


def _send(
    queue: Queue, store: Store, what: tuple[str, Put], world: Surroundings
) -> tuple[Move, Answer]:
    """Send one thing until the answer is clear; *again* means that the program is to end."""
    root, put = what
    tries = 0
    ever = put.attempts
    while True:
        tries += 1
        ever = queue.raise_attempts(put, ever)
        answer = store.put(root + put.name, queue.body(put), once=put.once)
        following = decide(
            Attempt(name=put.name, ever=ever, now=tries), answer.outcome, world.draw()
        )
        if following.move is not Move.AGAIN or world.wait(following.wait_ms):
            return following.move, answer
