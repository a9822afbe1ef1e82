"""The switch for a derived house load, and what it does to a policy's digest."""

from dataclasses import replace

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.policy import (
    default_policy,
    from_document,
    parse_policy,
    policy_digest,
    to_document,
)

DERIVED = replace(default_policy(), house_load_derived=True)


def test_policy_with_a_house_meter_is_written_as_before() -> None:
    """The key is not even named: no digest changes with an update."""
    document = to_document(default_policy())
    assert document["v"] == 1
    assert "house_load_derived" not in document


@pytest.mark.parametrize("stop", [500, 510])
def test_derived_house_load_is_written_in_format_3_and_read_again(stop: int) -> None:
    """Together with the bands of the battery, too."""
    bands = replace(DERIVED.thresholds, soc_stop_permille=stop)
    policy = replace(DERIVED, thresholds=bands)
    document = to_document(policy)
    assert (document["v"], document["house_load_derived"]) == (3, True)
    assert from_document(document) == policy
    assert policy_digest(policy) != policy_digest(replace(policy, house_load_derived=False))


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"v": 3.0}, {"v": True}, {"house_load_derived": False}]
)
def test_document_that_is_not_of_its_format_is_refused(change: dict[str, bool | int]) -> None:
    """One policy has one document."""
    with pytest.raises(BadInput):
        from_document({**to_document(DERIVED), **change})


def test_house_meter_that_is_not_there_cannot_include_loads() -> None:
    """Two switches that contradict each other are a fault, and the sentence names them."""
    document = {
        "house_load_derived": True,
        "house_meter_includes_loads": True,
        "loads": [{"id": "load-1"}],
    }
    with pytest.raises(BadInput, match=r"house_load_derived.*without a house meter"):
        parse_policy(document)
