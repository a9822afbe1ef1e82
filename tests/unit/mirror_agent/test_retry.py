"""The pure retry machine."""

import pytest

from bitgrid_mirror_agent.retry import CAP_MS, MOST_TRIES, Attempt, Move, back_off_ms, decide
from bitgrid_mirror_agent.store import Outcome


def attempt(name: str = "obj/aa/x.age", ever: int = 1, now: int = 1) -> Attempt:
    """An attempt."""
    return Attempt(name=name, ever=ever, now=now)


@pytest.mark.parametrize(
    ("name", "ever", "move"),
    [
        ("obj/aa/x.age", 1, Move.DONE),
        ("keys/000.note", 1, Move.DONE),
        ("README.txt", 1, Move.DONE),
        ("log/tile/0/000", 1, Move.NEW_SHARD),
        ("log/checkpoint.d/000000000001", 1, Move.NEW_SHARD),
        ("log/tile/0/000", 2, Move.DONE),
    ],
)
def test_already_there_means_a_fork_only_for_the_first_send_of_a_log_name(
    name: str, ever: int, move: Move
) -> None:
    """After an unclear answer it is what the agent itself stored."""
    assert decide(attempt(name, ever), Outcome.ALREADY_THERE, 0).move is move


def test_stored_is_done_and_stop_pauses() -> None:
    """No answer drops anything."""
    assert decide(attempt(), Outcome.STORED, 0).move is Move.DONE
    assert decide(attempt(), Outcome.STOP, 0).move is Move.PAUSE


def test_unclear_answer_is_tried_again_until_later() -> None:
    """A push ends in bounded time; the next one goes on."""
    moves = [decide(attempt(now=now), Outcome.RETRY, 500).move for now in range(1, MOST_TRIES + 1)]
    assert moves == [Move.AGAIN] * (MOST_TRIES - 1) + [Move.LATER]


def test_wait_is_full_jitter_under_a_doubling_bound() -> None:
    """From nothing to the bound, which stays at a minute."""
    assert [back_off_ms(tries, 999) for tries in (1, 2, 3)] == [499, 999, 1998]
    assert back_off_ms(1, 0) == 0
    assert back_off_ms(30, 999) < CAP_MS
