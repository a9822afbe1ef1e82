"""The loop around the retry machine."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from bitgrid_mirror_agent import state
from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.durable import no_hook
from bitgrid_mirror_agent.pusher import Result, Surroundings, push
from bitgrid_mirror_agent.retry import MOST_TRIES
from bitgrid_mirror_agent.state import State
from support.mirror import FaultyStore, MemoryStore


@pytest.fixture
def opened(tmp_path: Path) -> State:
    """A new log: its README and its key note wait."""
    target = Target(kind=TargetKind.DIRECTORY, digest="x", path="unused")
    return state.create(tmp_path, target, secrets.token_bytes, no_hook)


def world(wait: Callable[[int], bool] = lambda _ms: False) -> Surroundings:
    """A world that draws the longest wait."""
    return Surroundings(wait=wait, draw=lambda: 999, pushed=lambda _put: None)


def root(shard: int) -> str:
    """A short root."""
    return f"s{shard}/"


def test_things_go_in_order_and_once(opened: State) -> None:
    """A second push finds nothing to do."""
    store = FaultyStore(MemoryStore())
    assert push(opened.queue, store, root, world()).count == 2
    assert push(opened.queue, store, root, world()).count == 0
    assert [name for name, _ in store.sent] == ["s0/README.txt", "s0/keys/000.note"]


def test_unreachable_store_is_left_after_bounded_tries_with_growing_waits(opened: State) -> None:
    """The next push begins where this one ended."""
    waits: list[int] = []

    def wait(wait_ms: int) -> bool:
        waits.append(wait_ms)
        return False

    store = FaultyStore(MemoryStore(), ["unsent"] * MOST_TRIES)
    pushed = push(opened.queue, store, root, world(wait))
    assert (pushed.result, pushed.reason) == (Result.LATER, "no route")
    assert [one for one in waits if one] == [499, 999, 1998, 3996, 7992]
    assert len(store.sent) == MOST_TRIES
    assert push(opened.queue, store, root, world()).result is Result.ALL


def test_request_to_end_is_heeded_between_two_things_and_while_waiting(opened: State) -> None:
    """The program ends soon, whatever the store does."""
    store = FaultyStore(MemoryStore(), ["unsent"] * 3)
    pushed = push(opened.queue, store, root, world(lambda wait_ms: wait_ms > 0))
    assert pushed.result is Result.STOPPED
    assert len(store.sent) == 1
    assert push(opened.queue, store, root, world(lambda _ms: True)).count == 0


def test_attempt_is_counted_before_the_send(opened: State) -> None:
    """A crash during a send leaves its trace, so that *already there* is understood."""

    class Crash(Exception):
        """The end of the program."""

    class Crashing(MemoryStore):
        """Ends the program while sending."""

        def put(self, name: str, body: object, *, once: bool = True) -> "object":  # type: ignore[override]  # never answers
            raise Crash

    with pytest.raises(Crash):
        push(opened.queue, Crashing(), root, world())  # type: ignore[arg-type]  # never answers
    assert next(opened.queue.pending()).attempts == 1
