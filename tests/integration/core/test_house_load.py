"""The recorded home without its house meter decides as with it."""

from dataclasses import replace
from itertools import islice

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.household import FRENCH_HOME, House, read_csv
from bitgrid_core.household.loop import LoopStep, closed_loop
from bitgrid_core.policy import Policy, parse_policy
from support.shared import shared_data

BLOCKS = 30 * 144
POLICY = parse_policy({"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]})


def lived(policy: Policy, *, house_meter: bool) -> list[LoopStep]:
    """Thirty days from the end of May on."""
    series = read_csv(shared_data("home_fr_30min_2024-02_2025-02.csv"))
    config = replace(FRENCH_HOME, house_meter=house_meter)
    house = House.begin(series, config, start_ms=2_861_280 * BLOCK_MS)
    return list(islice(closed_loop(house, policy, BLOCKS), BLOCKS))


def test_home_without_a_house_meter_decides_as_with_one() -> None:
    """Thirty days: the derived load is the metered one to the watt where PV is known, and each decision."""
    metered = lived(POLICY, house_meter=True)
    derived = lived(replace(POLICY, house_load_derived=True), house_meter=False)
    switches = gaps = 0
    for one, other in zip(metered[1:], derived[1:], strict=True):  # behind the policy
        seen, again = one.events[0], other.events[0]
        assert again.decision == seen.decision
        gap = seen.state.pv_power_w is None
        assert again.state.house_load_w == (None if gap else seen.state.house_load_w)
        gaps += gap
        switches += seen.switches
    print(f"{len(metered)} blocks, {switches} switches, {gaps} gaps of PV")
    assert switches > 20
    assert gaps > 0
