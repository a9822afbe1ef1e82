"""Settings from defaults, file, environment and options."""

from pathlib import Path

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_mirror_agent import settings
from bitgrid_mirror_agent.settings import Clock


def test_defaults_lie_in_the_data_directory(tmp_path: Path) -> None:
    """One option is enough to start."""
    found = settings.load(tmp_path)
    assert found.outbox == tmp_path / "outbox"
    assert found.state == tmp_path / "mirror"
    assert (found.interval_s, found.clock) == (3600, Clock.WALL)


def test_environment_wins_over_the_file_and_options_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearer, the stronger."""
    (tmp_path / "mirror.toml").write_text('interval_s = 10\njitter_s = 1\nclock = "outbox"\n')
    monkeypatch.setenv("BITGRID_MIRROR_INTERVAL_S", "20")
    assert settings.load(tmp_path).interval_s == 20
    assert settings.load(tmp_path).jitter_s == 1
    assert settings.load(tmp_path, {"interval_s": 30}).interval_s == 30
    assert settings.load(tmp_path).clock is Clock.OUTBOX


@pytest.mark.parametrize(
    "text", ["interval = 10", "interval_s = 0", 'interval_s = "x"', 'clock = "sun"', "= ="]
)
def test_unknown_or_malformed_setting_is_named(tmp_path: Path, text: str) -> None:
    """A typing error does not become a default."""
    (tmp_path / "mirror.toml").write_text(text)
    with pytest.raises(BadInput):
        settings.load(tmp_path)


def test_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """The remedy is one command."""
    path = tmp_path / "mirror.toml"
    path.write_text('s3_secret_access_key = "x"\n')
    path.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        settings.load(tmp_path)
    path.chmod(0o600)
    assert settings.load(tmp_path).s3_secret_access_key == "x"
