"""An actuator that was started anew: every load off, as if its lease had ended."""

from bitgrid_core.household.command import Command
from bitgrid_core.household.load import LoadConfig, act, cold, without_lease
from bitgrid_core.model import OFF


def test_running_load_goes_off_for_want_of_a_lease() -> None:
    """What it took before it does not take again, and the reason says what happened."""
    config = LoadConfig()
    order = Command(load="load-1", command_id="c", boot=1, seq=7, level="eco", lease_s=60)
    running, _ack = act(config, cold(config, 0), order, 1000)
    after = without_lease(running, 5000)
    assert (after.level, after.reason, after.since_ms) == (OFF, "LEASE_EXPIRED", 5000)
    assert act(config, after, order, 6000)[1].result == "dropped"


def test_load_that_is_off_stays_as_it_is() -> None:
    """Nothing ended."""
    state = cold(LoadConfig(), 0)
    assert without_lease(state, 5000) == state
