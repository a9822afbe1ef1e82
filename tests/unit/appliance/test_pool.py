"""One function on many values, on all cores."""

import os

import pytest

from bitgrid_appliance.supervisor import on_all_cores
from bitgrid_core.block import parse_at
from bitgrid_core.errors import BadInput, CheckFailed


def test_one_worker_computes_right_here() -> None:
    """No process is started where one does all of it."""
    seen: list[int] = []

    def pid(_value: int) -> int:
        seen.append(os.getpid())
        return 0

    assert list(on_all_cores(pid, [1, 2, 3], workers=1)) == [0, 0, 0]
    assert seen == [os.getpid()] * 3


def test_results_keep_the_order_of_the_values() -> None:
    """Whoever is done first waits for those before."""
    assert list(on_all_cores(abs, [-3, 2, -1, 0], workers=2)) == [3, 2, 1, 0]


def test_error_of_a_worker_is_raised_here() -> None:
    """A fault of the data stays one sentence, wherever it was found."""
    with pytest.raises(BadInput, match="is not a time"):
        list(on_all_cores(parse_at, ["2024-06-01T10:10:00Z", "soon"], workers=2))


def test_killed_worker_is_one_sentence() -> None:
    """A machine short of memory says so instead of hanging."""
    with pytest.raises(CheckFailed, match="was killed"):
        list(on_all_cores(os._exit, [1, 1], workers=2))


def test_nothing_to_do_is_done() -> None:
    """An empty list has no results."""
    nothing: list[int] = []
    assert list(on_all_cores(abs, nothing)) == []
