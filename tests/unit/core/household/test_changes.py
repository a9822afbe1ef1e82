"""What a person types to ask *what if*: thresholds moved or set, and nothing else."""

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.household.changes import changed
from bitgrid_core.policy import parse_policy

DOCUMENT: dict[str, object] = {"surplus_min_kw": "1.5", "loads": [{"id": "load-1"}]}


@pytest.mark.parametrize(
    ("wish", "name", "watts"),
    [
        ("surplus_min_kw=-0.05", "surplus_min_kw 1.5 → 1.45", 1450),
        ("surplus_min_kw=+0.5", "surplus_min_kw 1.5 → 2", 2000),
        ("surplus_min_kw=1.2", "surplus_min_kw 1.5 → 1.2", 1200),
        (" surplus_min_kw = -0.10 ", "surplus_min_kw 1.5 → 1.4", 1400),
    ],
)
def test_sign_moves_and_no_sign_sets(wish: str, name: str, watts: int) -> None:
    """A value with a sign is added to what is there, another one replaces it."""
    trial = changed(DOCUMENT, wish)
    assert trial.name == name
    assert trial.policy.thresholds.surplus_min_w == watts
    assert trial.policy.loads[0].thresholds.surplus_min_w == watts


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("min_pause_blocks=+1", "min_pause_blocks 2 → 3"),
        ("safety_lockout_min=-10", "safety_lockout_min 30 → 20"),
        ("soc_hard_min_pct=-10", "soc_hard_min_pct 50 → 40"),
        ("max_starts_per_day=3", "max_starts_per_day unset → 3"),
        ("price_max_ct_kwh=-30", "price_max_ct_kwh 25 → -5"),
    ],
)
def test_default_is_moved_where_the_policy_is_silent(wish: str, name: str) -> None:
    """In people's units, whatever the unit inside."""
    assert changed(DOCUMENT, wish).name == name


def test_several_changes_are_one_policy() -> None:
    """Commas put several changes into one policy; the rest stays as it was."""
    trial = changed(DOCUMENT, "surplus_min_kw=-0.1,min_pause_blocks=4")
    expected = {"surplus_min_kw": "1.4", "min_pause_blocks": 4, "loads": [{"id": "load-1"}]}
    assert trial.policy == parse_policy(expected)
    assert trial.name == "surplus_min_kw 1.5 → 1.4, min_pause_blocks 2 → 4"


def test_load_with_a_value_of_its_own_moves_from_there() -> None:
    """Each load is moved from what holds for it, and its document is left alone."""
    own = {"id": "load-2", "priority": 2, "surplus_min_kw": "2.0"}
    document = {"loads": [{"id": "load-1"}, own]}
    loads = changed(document, "surplus_min_kw=-0.05").policy.loads
    assert [load.thresholds.surplus_min_w for load in loads] == [1450, 1950]
    assert own["surplus_min_kw"] == "2.0"


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("sun=1", "'sun' cannot be changed"),
        ("surplus_min_kw", "names no value"),
        ("surplus_min_kw=", "names no value"),
        ("surplus_min_kw=much", "is no number"),
        ("surplus_min_kw=+NaN", "is no number"),
        ("surplus_min_kw=-9", "is outside"),
        ("surplus_min_kw=1,surplus_min_kw=2", "one key twice"),
        ("max_starts_per_day=+1", "is not set"),
    ],
)
def test_wrong_wish_is_refused_with_its_reason(wish: str, sentence: str) -> None:
    """A person reads what was wrong."""
    with pytest.raises(BadInput, match=sentence):
        changed(DOCUMENT, wish)
