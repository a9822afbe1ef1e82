"""The canonical policy document, its digest, and what is allowed but hardly meant."""

import pytest

from bitgrid_core.codec import Json, encode
from bitgrid_core.errors import BadInput
from bitgrid_core.policy import (
    Policy,
    default_policy,
    from_document,
    parse_policy,
    policy_digest,
    to_document,
    warnings,
)


def test_digest_of_the_default_policy_is_known() -> None:
    """It changes only if a default or the format does, and then every event's bytes do."""
    digest = "86c1d876013fa9e2123f45e02e385749818341b1c6a1bb029428701bab0ef2e1"
    assert policy_digest(default_policy()) == digest


def test_same_policy_in_other_words_has_the_same_digest() -> None:
    """Order of keys and ways to write a number do not matter."""
    one = parse_policy({"surplus_min_kw": "1.50", "loads": [{"id": "load-1"}], "version": 1})
    assert policy_digest(one) == policy_digest(default_policy())


def test_any_threshold_changes_the_digest() -> None:
    """Also a load's own."""
    documents: list[dict[str, object]] = [
        {"loads": [{"id": "load-1"}]},
        {"loads": [{"id": "load-1"}], "max_grid_import_w": 501},
        {"loads": [{"id": "load-1", "max_temp_c": 84}]},
    ]
    digests = {policy_digest(parse_policy(document)) for document in documents}
    assert len(digests) == 3


@pytest.mark.parametrize("lost", sorted(to_document(default_policy())))
def test_document_without_one_of_its_keys_is_refused(lost: str) -> None:
    """A recorded policy is complete."""
    document = to_document(default_policy())
    del document[lost]
    with pytest.raises(BadInput):
        from_document(document)


@pytest.mark.parametrize("document", [None, [], {}, {"v": 1}, {"v": 2}, "policy", 1])
def test_what_is_no_document_is_refused(document: Json) -> None:
    """One sentence, never another error."""
    with pytest.raises(BadInput):
        from_document(document)


def test_unknown_key_of_a_newer_version_is_refused() -> None:
    """It may mean that a rule is missing here."""
    with pytest.raises(BadInput, match="unknown"):
        from_document(to_document(default_policy()) | {"soc_band": True})


BANDED = parse_policy({"strategy": "soc_band", "loads": [{"id": "load-1"}]})
POLICIES = [
    default_policy(),
    BANDED,
    parse_policy({"pv_start_w": 2000, "loads": [{"id": "load-1"}]}),
    parse_policy({"loads": [{"id": "load-1", "soc_stop_pct": 40}]}),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_document_says_everything_about_a_policy(policy: Policy) -> None:
    """Read again it is the same policy, with the same bytes."""
    again = from_document(to_document(policy))
    assert again == policy
    assert encode(to_document(again)) == encode(to_document(policy))


def test_policy_is_written_in_the_oldest_format_that_can_say_it() -> None:
    """An update changes no digest of a policy that does not use what it brought."""
    assert [to_document(policy)["v"] for policy in POLICIES] == [1, 2, 2, 2]
    assert "soc_band" not in str(to_document(default_policy()))
    assert "pv_start_w" not in str(to_document(default_policy()))


@pytest.mark.parametrize("written", [0, 1, 3, True, "2", None])
def test_document_of_bands_under_another_format_is_refused(written: Json) -> None:
    """One policy has one document."""
    with pytest.raises(BadInput):
        from_document(to_document(BANDED) | {"v": written})


def test_document_that_an_older_format_could_have_said_is_refused() -> None:
    """It would have another digest than the policy that it stands for."""
    with pytest.raises(BadInput, match="none of format 2"):
        from_document(to_document(BANDED) | {"strategy": "surplus"})


@pytest.mark.parametrize("strategy", ["greedy", None, 1, []])
def test_document_of_an_unknown_strategy_is_refused(strategy: Json) -> None:
    """A strategy of a newer version is not taken for the old one."""
    with pytest.raises(BadInput):
        from_document(to_document(default_policy()) | {"strategy": strategy})


@pytest.mark.parametrize(("peak_w", "count"), [(None, 0), (5000, 0), (4999, 1), (1000, 1)])
def test_forecast_threshold_above_two_fifths_of_the_roof_is_warned_of(
    peak_w: int | None, count: int
) -> None:
    """2.0 kW is 0.4 × 5 kW."""
    assert len(warnings(default_policy(), peak_w=peak_w)) == count


@pytest.mark.parametrize(("price", "count"), [(None, 0), (25_000, 0), (25_001, 1)])
def test_constant_price_with_which_no_load_would_run_is_warned_of(
    price: int | None, count: int
) -> None:
    """A fixed tariff is better left out."""
    found = warnings(default_policy(), price=price)
    assert len(found) == count
    assert all("no load would ever run" in sentence for sentence in found)
