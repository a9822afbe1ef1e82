"""Programs of the other members: found, absent, or without a word."""

import sys
from pathlib import Path

import pytest

from bitgrid_appliance.supervisor import Completed, program_path
from bitgrid_core.errors import CheckFailed, MissingDependency


def test_program_beside_this_python_is_taken() -> None:
    """Whoever runs from an environment means that environment."""
    assert program_path("bitgrid-mirror") == str(Path(sys.executable).parent / "bitgrid-mirror")


def test_absent_program_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No researcher's side, no proof: exit 3."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, member in (
        ("bitgrid-research", "bitgrid-research"),
        ("bitgrid-mirror", "bitgrid-mirror-agent"),
    ):
        with pytest.raises(MissingDependency, match=name) as caught:
            program_path(name)
        assert member in caught.value.hint


@pytest.mark.parametrize("output", ["", "Traceback …", "[1]", "1"])
def test_program_without_a_result_is_a_failed_check(output: str) -> None:
    """What is no JSON object is not guessed at."""
    with pytest.raises(CheckFailed, match="code 9"):
        Completed(program="bitgrid-research", code=9, output=output).document()
