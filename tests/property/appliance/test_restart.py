"""A core that is killed at any moment: nothing but the lease decides what that changes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_appliance.leases import LEASE_S, RENEW_S
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.lives import STEPS_A_BLOCK, Life, Outage, calm, script

BLOCKS = 10
LAST = BLOCKS * STEPS_A_BLOCK
SHORT = (LEASE_S - 1) // RENEW_S
"""Steps without the core after which a lease that was just renewed still runs."""
SEEDS = st.integers(0, 2**32)
FIRSTS = st.integers(STEPS_A_BLOCK + 1, LAST - 40)
"""Behind the first decided block: before it nothing is remembered."""


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS, first=FIRSTS, steps=st.integers(0, SHORT - 1))
def test_restart_within_the_lease_is_as_if_it_had_not_been(
    seed: int, first: int, steps: int
) -> None:
    """Timers, lockouts, overrides, autonomy: the same records, the same state, the same load."""
    outage = Outage(first=first, steps=steps, killed=True)
    steps_of = calm(script(seed, BLOCKS), outage)
    whole, broken = Life(steps_of).run(), Life(steps_of, outage).run()
    assert broken.records() == whole.records()
    assert broken.runtime.state == whole.runtime.state
    assert broken.load.level == whole.load.level
    assert "lease_end" not in broken.bench.kinds()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS, first=FIRSTS, steps=st.integers(SHORT + 2, 39))
def test_longer_restart_is_the_run_with_that_lease_end(seed: int, first: int, steps: int) -> None:
    """A core that was killed and one that was only held up so long record and do the same."""
    killed = Outage(first=first, steps=steps, killed=True)
    held = Outage(first=first, steps=steps, killed=False)
    steps_of = calm(script(seed, BLOCKS), killed)
    broken, paused = Life(steps_of, killed).run(), Life(steps_of, held).run()
    assert broken.records() == paused.records()
    assert broken.runtime.state == paused.runtime.state
    assert broken.levels == paused.levels
    if broken.levels[first] != "off":  # whatever was on its way to it has arrived
        assert "off" in broken.levels[first : first + steps]
        assert "lease_end" in broken.bench.kinds()
    assert replay(broken.bench.journal.records(), whole=True).same
    assert restore(broken.bench.journal) == broken.runtime.state


def test_lives_reach_what_a_restart_could_lose() -> None:
    """Lockouts, overrides and other autonomy levels are in force somewhere in these lives."""
    seen: set[str] = set()
    for seed in range(12):
        life = Life(script(seed, BLOCKS)).run()
        for body in life.bench.of_kind("decision"):
            seen.add(body["decision_code"])
            seen.add(body["autonomy"])
            seen.update(key for key in ("lockout", "override") if key in body["memory"])
    assert seen >= {"lockout", "override", "MANUAL", "ASSISTED", "SEMI", "FULL"}
    assert seen >= {"STOP_R3_OVERTEMP", "START_R1_SURPLUS_OK", "NOOP_R5_MIN_PAUSE_NOT_REACHED"}
