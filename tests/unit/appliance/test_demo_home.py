"""Which household a demo plays: days, steps and scale, and a word for what does not fit."""

from pathlib import Path

import pytest

from bitgrid_appliance.demo_home import HomeWords, read_home
from bitgrid_appliance.policies import demo_policy
from bitgrid_core.block import at_text
from bitgrid_core.errors import BadInput
from support.homes import sunny_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days."""
    return sunny_home(tmp_path_factory.mktemp("home") / "home.csv", 3)


def test_without_words_all_days_are_played_in_steps_of_a_minute(home: Path) -> None:
    """The whole file, live."""
    found = read_home(HomeWords(file=home), demo_policy())
    assert (found.blocks, found.step_s) == (432, 60)
    assert at_text(found.start_ms) == "2024-06-01T00:00:00.000Z"


def test_once_takes_the_longest_step_that_sees_every_value(home: Path) -> None:
    """One step a block, where rows are half hours."""
    assert read_home(HomeWords(file=home, once=True), demo_policy()).step_s == 600


@pytest.mark.parametrize(
    "start", ["2024-06-02", "2024-06-02T00:00:00Z", "2024-06-02T00:00:00+00:00"]
)
def test_start_is_a_day_or_an_instant(home: Path, start: str) -> None:
    """Both mean the same midnight."""
    found = read_home(HomeWords(file=home, start=start, days=1), demo_policy())
    assert (at_text(found.start_ms)[:10], found.blocks) == ("2024-06-02", 144)


def test_file_that_begins_at_noon_starts_with_its_first_full_day(tmp_path: Path) -> None:
    """A day is a day."""
    lines = sunny_home(tmp_path / "home.csv", 3).read_text().splitlines()
    late = tmp_path / "late.csv"
    late.write_text("\n".join([lines[0], *lines[25:]]))
    found = read_home(HomeWords(file=late), demo_policy())
    assert (at_text(found.start_ms)[:10], found.blocks) == ("2024-06-02", 288)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"days": 4}, "before 4 days"),
        ({"days": 0}, "--days is 0"),
        ({"step_s": 7}, "step of 7 s"),
        ({"step_s": 0}, "step of 0 s"),
        ({"start": "yesterday"}, "not a time"),
        ({"start": "2024-06-01T00:01:00Z"}, "cannot start"),
        ({"start": "2025-06-01"}, "no whole block"),
        ({"pv_scale": "much"}, "not a number"),
        ({"pv_scale": "-1"}, "PV scale"),
        ({"seed": -1}, "Seed"),
    ],
)
def test_words_that_do_not_fit_are_refused(home: Path, words: dict[str, object], said: str) -> None:
    """Each with its value and a remedy."""
    with pytest.raises(BadInput, match=said) as caught:
        read_home(HomeWords(file=home, **words), demo_policy())  # type: ignore[arg-type]  # a table
    assert caught.value.hint


def test_words_for_the_adapter_mean_the_same_household(home: Path) -> None:
    """What the command hands on is all that it was told."""
    words = HomeWords(
        file=home, start="2024-06-02", days=1, step_s=300, pv_scale="2", seed=3, once=True
    )
    assert words.argv() == (
        *("--household", str(home), "--pv-scale", "2", "--seed", "3"),
        *("--start", "2024-06-02", "--days", "1", "--step", "300", "--once"),
    )
