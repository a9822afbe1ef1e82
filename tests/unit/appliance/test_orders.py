"""Orders of loads that the owner has taken away: found by the simulation of the whole edge."""

from bitgrid_appliance.clock import Tick
from bitgrid_appliance.leases import Leases
from bitgrid_appliance.orders import Orders
from bitgrid_core.events import from_body
from bitgrid_core.policy import parse_policy
from support.runtimes import BLOCK_MS, START_MS, Bench, live

NOW_MS = START_MS + BLOCK_MS
WITHOUT_IT = parse_policy({"loads": [{"id": "load-9"}]})


def running() -> Bench:
    """A journal in whose newest block load-1 runs."""
    bench = Bench()
    live(bench.boot(), range(1))
    return bench


def test_load_that_was_taken_away_is_told_to_be_off_in_the_block_it_was_decided_for() -> None:
    """A core that starts with the new policy neither breaks on its decision nor lets it run on."""
    orders = Orders(running().journal, WITHOUT_IT, Leases(2))
    orders.recall(NOW_MS // BLOCK_MS)
    (command,) = orders.renewed(Tick(now_ms=NOW_MS), NOW_MS // BLOCK_MS)
    assert (command.names, command.payload["level"]) == (("load-1",), "off")
    assert orders.latest == ()


def test_decision_about_a_load_that_was_taken_away_is_told_as_off() -> None:
    """Until the new policy's first tick the engine still decides for it."""
    bench = running()
    (body,) = bench.of_kind("decision")
    orders = Orders(bench.journal, WITHOUT_IT, Leases(2))
    orders.take([from_body(body)])
    (command,) = orders.commands(["load-1"], 20)
    assert (command.payload["action"], command.payload["power_w"]) == ("STOP", 0)
    assert orders.latest == ()
