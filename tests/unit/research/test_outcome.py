"""Exit codes: the contract's row, and which outcome wins."""

import itertools

import pytest

from bitgrid_research.outcome import (
    CannotCheck,
    Incomplete,
    Outcome,
    Tampered,
    Withdrawn,
    WrongUse,
    worst,
)


@pytest.mark.parametrize(
    ("outcome", "code", "label"),
    [
        (Outcome.COMPLETE, 0, "complete"),
        (Outcome.TAMPERED, 1, "tampered"),
        (Outcome.INCOMPLETE, 2, "incomplete"),
        (Outcome.STALE, 3, "stale"),
        (Outcome.CANNOT_CHECK, 4, "cannot check"),
        (Outcome.REPLAY_DIFFERS, 5, "replay differs"),
        (Outcome.WITHDRAWN, 6, "withdrawn"),
        (Outcome.WRONG_USE, 64, "wrong use"),
    ],
)
def test_outcome_has_the_exit_code_of_the_contract(outcome: Outcome, code: int, label: str) -> None:
    """Scripts rely on these numbers; they never change."""
    assert (int(outcome), outcome.label) == (code, label)


def test_first_of_1_6_2_5_3_4_wins_whatever_the_order() -> None:
    """Every subset of outcomes is decided by the contract's precedence."""
    order = [1, 6, 2, 5, 3, 4, 0]
    for size in range(len(order) + 1):
        for subset in itertools.combinations(order, size):
            expected = min(subset, key=order.index, default=0)
            assert int(worst(Outcome(code) for code in reversed(subset))) == expected


@pytest.mark.parametrize(
    ("error", "code"),
    [(Tampered, 1), (Incomplete, 2), (CannotCheck, 4), (Withdrawn, 6), (WrongUse, 64)],
)
def test_error_ends_with_its_outcomes_code(error: type[CannotCheck], code: int) -> None:
    """An error's exit code is that of its outcome."""
    assert error("x", "y").exit_code == code
