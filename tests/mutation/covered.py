"""What the mutation run covers, and a digest that says whether it is still the same code."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COVERED = (
    "bitgrid_core/arbiter.py",
    "bitgrid_core/deciding.py",
    "bitgrid_core/engine.py",
    "bitgrid_core/rules/*.py",
)


def digest() -> str:
    """SHA-256 over names and bytes of the covered modules."""
    seen = hashlib.sha256()
    source = ROOT / "core" / "src"
    for path in sorted(path for pattern in COVERED for path in source.glob(pattern)):
        seen.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()
