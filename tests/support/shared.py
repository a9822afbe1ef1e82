"""Where recorded data lies that is read in place and never copied into the project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_data(name: str) -> Path:
    """Path of a shared file or folder; the test is skipped with that reason where it is absent."""
    base = Path(os.environ.get("BITGRID_SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = base / name
    if not path.exists():
        reason = f"shared data {name} is not at {base}; set BITGRID_SHARED_DATA"
        pytest.skip(reason, allow_module_level=True)
    return path
