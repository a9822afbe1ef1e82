"""Where recorded data lies that is read in place and never copied into the project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(os.environ.get("BITGRID_SHARED_DATA", ROOT.parent / "shared" / "data"))


def shared_file(name: str) -> Path | None:
    """Path of a shared file or folder, or ``None`` where it is absent."""
    path = BASE / name
    return path if path.exists() else None


def shared_data(name: str) -> Path:
    """Path of a shared file or folder; the test is skipped with that reason where it is absent."""
    path = shared_file(name)
    if path is None:
        reason = f"shared data {name} is not at {BASE}; set BITGRID_SHARED_DATA"
        pytest.skip(reason, allow_module_level=True)
    return path
