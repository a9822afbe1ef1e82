"""Replay under another policy: what it would have decided, block by block."""

from dataclasses import replace
from random import Random

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.inputs import BlockClosed, PolicyChanged
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.replay import replay
from support.replaying import Bodies, bodies_of, places
from support.site import SiteConfig, fill, policy, window

QUIET = SiteConfig(seed=4, blocks=40, loads=2, quiet=True)


@pytest.fixture(scope="module")
def quiet() -> Bodies:
    """Forty blocks of two loads, windows only."""
    return bodies_of(QUIET)


@pytest.fixture(scope="module")
def lively() -> Bodies:
    """Eighty blocks of three loads with everything that happens."""
    return bodies_of(SiteConfig(seed=11, blocks=80, loads=3, events=120))


def test_same_policy_named_gives_the_same_outcomes(lively: Bodies) -> None:
    """The policy in force instead of itself: not one outcome differs."""
    journal = bodies_of(QUIET)
    report = replay(journal, policy(2))
    assert report.same
    assert report.decisions == len(places(journal, "decision"))


def test_other_policy_compares_outcomes(quiet: Bodies) -> None:
    """With a higher bar for starting some outcomes differ, and only outcomes are listed."""
    report = replay(quiet, policy(2, {"surplus_min_kw": 4, "surplus_throttle_min_kw": "3.9"}))
    assert 0 < report.identical < report.decisions
    assert {item.field.partition(".")[0] for item in report.deviations} <= {
        "action",
        "level",
        "decision_code",
        "votes",
    }
    assert all(item.recorded != item.replayed for item in report.deviations)


def test_other_policy_sees_the_window_through_its_own_eyes() -> None:
    """A threshold that shapes the picture — the forecast's look-ahead — has its effect."""
    rng = Random(1)
    journal = MemoryJournal()
    base = window(rng, 7, ["load-1"])
    ahead = replace(base, pv_forecast_w=(0, 0, 0, 9000, 9000, 9000))
    fill(journal, [PolicyChanged(policy=policy(1)), BlockClosed(window=ahead)])
    report = replay(journal.records(), policy(1, {"forecast_lookahead_min": 30}))
    assert any(item.field == "votes.R4" for item in report.deviations)
    assert replay(journal.records(), policy(1)).same


def test_other_policy_with_fewer_levels_starts_from_eco(lively: Bodies) -> None:
    """A remembered level that the policy lacks is no traceback."""
    levels = {"eco": 700}
    three = [{"id": f"load-{n}", "priority": n, "levels_w": levels} for n in (1, 2, 3)]
    report = replay(lively, policy(3, {"loads": three}))
    assert report.decisions == len(places(lively, "decision"))
    assert not report.same


def test_other_policy_without_a_load_is_refused(lively: Bodies) -> None:
    """A load that decided but is not in the named policy: exit 2 and its name."""
    with pytest.raises(BadInput, match="load-3"):
        replay(lively, policy(2))


def test_other_policy_needs_no_recorded_one(quiet: Bodies) -> None:
    """Where the records begin without a policy, a named one serves."""
    assert replay(quiet[1:], policy(2)).decisions == len(places(quiet, "decision"))
