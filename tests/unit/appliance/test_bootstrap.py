"""What the core process is told of its site, from settings to its own options and back."""

from pathlib import Path

from bitgrid_appliance.bootstrap import Plan
from bitgrid_appliance.broker import BrokerPlan
from bitgrid_appliance.core_process import _options
from bitgrid_appliance.settings import Layout, Settings, from_environment
from bitgrid_core.sun import Site


def words(settings: Settings) -> list[str]:
    """The core's words behind its module's name."""
    broker = BrokerPlan(name="none", port=1, argv=())
    plan = Plan(layout=Layout(Path("/data")), settings=settings, broker=broker)
    argv = plan.core_child("wall").argv
    return list(argv[argv.index("bitgrid_appliance.core_process") + 1 :])


def test_place_reaches_the_core_in_whole_degrees_only() -> None:
    """South and west, too; what was finer is gone before any process is started."""
    given = {"BITGRID_PLACE": "-33.868,-70.6499", "BITGRID_PEAK_KW": "4.999"}
    told = words(from_environment(given))
    assert not any("33" in word or "70" in word for word in told)
    options = _options(told)
    assert options.place == Site(lat_deg=-34, lon_deg=-71)
    assert options.peak_w == 4999


def test_core_without_a_place_is_told_none() -> None:
    """Nothing is assumed."""
    options = _options(words(Settings()))
    assert options.place is options.peak_w is None
