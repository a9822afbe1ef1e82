"""Topics: what is built is read back, and nothing else is read."""

import pytest

from bitgrid_appliance.topics import PARTS, Kind, Topic, build, parse, wildcard
from bitgrid_core.errors import BadInput


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_read_as_it_was_built(kind: Kind) -> None:
    """Build and parse are inverse for every row of the table."""
    names = tuple(f"{part}-1" for part in PARTS[kind])
    topic = build("site", kind, *names)
    assert parse("site", topic) == Topic(kind=kind, names=names)


def test_measurement_looks_as_in_the_contract() -> None:
    """The prefix carries the version and the site."""
    topic = build("site", Kind.MEASUREMENT, "load-1", "load_power_w")
    assert topic == "bitgrid/v1/site/measurement/load-1/load_power_w"
    assert wildcard("site", Kind.MEASUREMENT) == "bitgrid/v1/site/measurement/+/+"


@pytest.mark.parametrize(
    "topic",
    [
        "bitgrid/v2/site/state",
        "bitgrid/v1/other/state",
        "bitgrid/v1/site/",
        "bitgrid/v1/site/state/x",
        "bitgrid/v1/site/command",
        "bitgrid/v1/site/command/",
        "bitgrid/v1/site/command/a/b",
        "bitgrid/v1/site/command/A",
        "bitgrid/v1/site/gossip/x",
        "bitgrid/v1/site/clock/undone",
        "$SYS/broker/version",
    ],
)
def test_foreign_topic_is_refused(topic: str) -> None:
    """Another version, site, kind or number of levels is not ours."""
    with pytest.raises(BadInput):
        parse("site", topic)


@pytest.mark.parametrize("name", ["", "+", "#", "a/b", "A", "x" * 65, "\u00e4"])
def test_name_that_is_no_single_level_is_never_built(name: str) -> None:
    """No name can smuggle a wildcard or another level into a topic."""
    with pytest.raises(BadInput):
        build("site", Kind.COMMAND, name)
