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
MOMENTS = range(0, 4000, 200)
_A_RANGE = 200


def digest_of(name: str) -> str:
    """Digest of all decisions of one life, walk or range of moments."""
    kind, number = name.split()
    return _KINDS[kind](int(number))


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


def _walk(seed: int) -> str:
    return _stepped(walk(seed, 40))


def _moments(first: int) -> str:
    seen = hashlib.sha256()
    for seed in range(first, first + _A_RANGE):
        event, memory = decision_at(moment(seed))
        seen.update(to_bytes(event))
        seen.update(repr(memory).encode())
    return seen.hexdigest()


_KINDS = {"life": _life, "walk": _walk, "moments": _moments}
NAMES = (
    *(f"moments {first}" for first in MOMENTS),
    *(f"walk {seed}" for seed in WALKS),
    *(f"life {seed}" for seed in LIVES),
)

if __name__ == "__main__":
    digests = {name: digest_of(name) for name in NAMES}
    FILE.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
