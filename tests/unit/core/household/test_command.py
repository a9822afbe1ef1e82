"""Commands at the edge of an actuator."""

import pytest

from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.household import Command, parse_command

GOOD: dict[str, Json] = {
    "command_id": "c-1",
    "boot": 1,
    "seq": 2,
    "action": "START",
    "level": "eco",
    "power_w": 800,
    "lease_s": 60,
}


def test_payload_of_the_contract_becomes_a_command() -> None:
    """Every key of the contract is read; the load's own profile decides the watts."""
    assert parse_command("load-1", GOOD) == Command(
        load="load-1", command_id="c-1", boot=1, seq=2, level="eco", lease_s=60
    )


def test_stop_means_off_whatever_level_it_names() -> None:
    """A stop is never misread as a level."""
    assert parse_command("load-1", GOOD | {"action": "STOP"}).level == "off"


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "GO"},
        {"action": None},
        {"level": ""},
        {"command_id": 7},
        {"boot": -1},
        {"seq": "2"},
        {"seq": True},
        {"lease_s": 86_401},
        {"lease_s": None},
    ],
)
def test_wrong_value_is_refused_with_its_key(wrong: dict[str, Json]) -> None:
    """Nothing that is not understood reaches a load."""
    with pytest.raises(BadInput, match=f"Command {next(iter(wrong))}"):
        parse_command("load-1", GOOD | wrong)


def test_payload_that_is_no_object_is_refused() -> None:
    """A list is no command."""
    with pytest.raises(BadInput, match="no object"):
        parse_command("load-1", [])
