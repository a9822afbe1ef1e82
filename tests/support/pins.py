"""Lives whose decisions are pinned by digest: what no refactoring may change by a byte.

``python tests/support/pins.py`` writes the digests anew, for a change that is meant; the journals
under ``tests/vectors/journals`` are never written anew.
"""

import hashlib
import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from bitgrid_core.engine import EngineState, step  # noqa: E402
from bitgrid_core.events import to_bytes  # noqa: E402
from bitgrid_core.inputs import Input  # noqa: E402
from support.moments import decision_at, moment  # noqa: E402
from support.site import SiteConfig, inputs  # noqa: E402
from support.walks import walk  # noqa: E402

FILE = TESTS / "vectors" / "pins.json"
LIVES = range(1, 21)
WALKS = range(1, 41)
MOMENTS = range(0, 4000, 400)
_A_RANGE = 400


def digests() -> dict[str, str]:
    """Digest of all decisions of each life, walk and range of moments, by name."""
    found = {f"life {seed}": _life(seed) for seed in LIVES}
    found |= {f"walk {seed}": _stepped(walk(seed, 40)) for seed in WALKS}
    return found | {f"moments {first}": _moments(first) for first in MOMENTS}


def _life(seed: int) -> str:
    config = SiteConfig(seed=seed, blocks=60, loads=1 + seed % 3, events=(80, 300, 900)[seed % 3])
    return _stepped(list(inputs(config)))


def _stepped(items: list[Input]) -> str:
    state, seen = EngineState(), hashlib.sha256()
    for item in items:
        state, events = step(state, item)
        for event in events:
            seen.update(to_bytes(event))
    return seen.hexdigest()


def _moments(first: int) -> str:
    seen = hashlib.sha256()
    for seed in range(first, first + _A_RANGE):
        event, memory = decision_at(moment(seed))
        seen.update(to_bytes(event))
        seen.update(repr(memory).encode())
    return seen.hexdigest()


if __name__ == "__main__":
    FILE.write_text(json.dumps(digests(), indent=1) + "\n", encoding="utf-8")
