"""When an archive counts as stale, and when that is not judged at all."""

from pathlib import Path

import pytest

from bitgrid_core.archive.leaf import Kind
from bitgrid_research.outcome import WrongUse
from bitgrid_research.verify.freshness import parse_age, parse_instant
from support.forge import Forge
from support.reader import pull_and_verify


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """An archive whose newest word is a heartbeat of 2024-06-01T10:10Z; one is due each day."""
    forge = Forge(tmp_path / "source")
    forge.keys()
    forge.consent()
    forge.says(Kind.HEARTBEAT)
    forge.publish()
    return forge


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--now", "2024-06-02T10:10:00Z"], 0),
        (["--now", "2024-06-02T16:10:00Z"], 0),
        (["--now", "2024-06-02T16:10:01Z"], 3),
        (["--now", "2024-05-01T00:00:00Z"], 0),
        (["--now", "2024-06-01T12:10:01Z", "--max-age", "2h"], 3),
        (["--now", "2024-06-01T12:10:00Z", "--max-age", "2h"], 0),
        (["--now", "2024-06-09T12:10:00+02:00", "--max-age", "8d"], 0),
        (["--max-age", "2d"], 3),
    ],
)
def test_age_is_judged_only_when_asked(
    forge: Forge, tmp_path: Path, options: list[str], code: int
) -> None:
    """`--now` allows the heartbeat and a quarter; `--max-age` decides instead; neither: no word."""
    said = pull_and_verify(
        forge.root, tmp_path / "workspace", "--fingerprint", forge.fingerprint, *options
    )
    assert said.code == code


def test_log_that_tells_no_time_is_stale_when_asked(tmp_path: Path) -> None:
    """Nothing shows that it is alive: exit 3, with the remedy."""
    forge = Forge(tmp_path / "source")
    forge.keys()
    forge.publish()
    options = ("--fingerprint", forge.fingerprint, "--max-age", "2d")
    assert pull_and_verify(forge.root, tmp_path / "workspace", *options).code == 3
    by_heartbeat = ("--fingerprint", forge.fingerprint, "--now", "2024-06-01T00:00:00Z")
    assert pull_and_verify(forge.root, tmp_path / "workspace", *by_heartbeat).code == 3


@pytest.mark.parametrize("text", ["", "2", "d", "0d", "-1d", "2w", "1.5h", "2 d", "9999999d"])
def test_odd_age_is_wrong_use(text: str) -> None:
    """Only a number and s, m, h or d make an age."""
    with pytest.raises(WrongUse, match="not an age"):
        parse_age(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-06-01T10:00:00", "2024-06-01", "2024"])
def test_instant_without_zone_is_wrong_use(text: str) -> None:
    """An instant that could mean two moments is not guessed."""
    with pytest.raises(WrongUse, match="instant with a zone"):
        parse_instant(text)
