"""The same bytes under another hash seed, time zone, locale and Python.

The core needs the standard library alone, so its sources on the path suffice for any Python.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from bitgrid_core import codec
from bitgrid_core.inputs import to_record
from support.tree import ROOT
from support.walks import walk

WALKS, BLOCKS = 20, 10
"""About two hundred inputs."""

PROGRAM = """
import hashlib, sys
from bitgrid_core import codec
from bitgrid_core.engine import EngineState, step
from bitgrid_core.events import to_bytes
from bitgrid_core.explain import detail, short
from bitgrid_core.explain.changes import what_changes
from bitgrid_core.inputs import PolicyChanged, from_record

state, policy, seen, found = None, None, 0, hashlib.sha256()
for line in sys.stdin.buffer:
    kind, body = codec.decode(line.rstrip(b"\\n"))
    item = from_record(kind, body)
    if isinstance(item, PolicyChanged):
        state, policy = EngineState(), item.policy
    state, events = step(state, item)
    for event in events:
        seen += 1
        found.update(to_bytes(event))
        if seen % 10 == 0 and event.trigger == "tick":
            said = [*detail(event, "de"), short(event, "en"), what_changes(event, policy, "de")]
            found.update("".join(said).encode())
print(sys.version_info[:2], seen, found.hexdigest())
"""

WORLDS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"},
    {"PYTHONHASHSEED": "random", "TZ": "Europe/Berlin", "LC_ALL": "de_DE.UTF-8"},
]


@cache
def corpus() -> bytes:
    """The inputs as records, one canonical line each."""
    lines = []
    for seed in range(WALKS):
        for item in walk(seed, BLOCKS):
            kind, body = to_record(item)
            lines.append(codec.encode([kind, body]))
    return b"\n".join(lines) + b"\n"


def pythons(version: str) -> list[str]:
    """Where that Python may be: on the path, or among those that pyenv built."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    built = sorted((root / "versions").glob(f"{version}.*/bin/python"))
    return [str(path) for path in (shutil.which(f"python{version}"), *built) if path]


@cache
def python(version: str) -> str:
    """A Python of that version that starts, or a skip that names it."""
    for path in pythons(version):
        done = subprocess.run([path, "-c", ""], capture_output=True, check=False)
        if done.returncode == 0:
            return path
    return pytest.skip(f"python{version} is not here")


def digest(executable: str, world: dict[str, str]) -> list[str]:
    """How many events that interpreter makes of the corpus, and the digest of their bytes."""
    done = subprocess.run(
        [executable, "-B", "-c", PROGRAM],
        input=corpus(),
        capture_output=True,
        env={"PYTHONPATH": str(ROOT / "core" / "src"), "PATH": os.defpath} | world,
        check=True,
    )
    return done.stdout.decode().rsplit(maxsplit=2)[1:]


@cache
def here() -> list[str]:
    """The digest that this interpreter makes in the first world."""
    return digest(sys.executable, WORLDS[0])


def test_corpus_is_about_two_hundred_inputs_with_as_many_events() -> None:
    """The comparison is about something."""
    assert 200 <= len(corpus().splitlines()) <= 300
    assert int(here()[0]) >= 150


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world["TZ"])
def test_bytes_do_not_depend_on_hash_seed_time_zone_or_locale(world: dict[str, str]) -> None:
    """Every event and explanation is the same in another world."""
    assert digest(sys.executable, world) == here()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_bytes_do_not_depend_on_the_python(version: str) -> None:
    """Every event and explanation is the same on each Python that is promised."""
    assert digest(python(version), WORLDS[-1]) == here()
