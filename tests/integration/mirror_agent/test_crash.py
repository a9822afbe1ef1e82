"""Ends the agent at every durable step, resumes, and looks for anything lost, doubled or forked."""

import json
from collections import Counter
from pathlib import Path

import pyrage
import pytest
import zstandard

from bitgrid_mirror_agent.consent import Target
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.store import Store
from support.independent import leaves_of, unpacked
from support.mirror import FaultyStore, House, sequence_numbers, shards

RECORDS = 12


class Killed(BaseException):
    """Stands for kill -9: nothing of the agent may catch it."""


class Countdown:
    """Ends the program at the n-th durable step, or counts the steps."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.seen: list[str] = []

    def __call__(self, step: str) -> None:
        """One step."""
        self.seen.append(step)
        if len(self.seen) == self.at:
            raise Killed


def two_turns(house: House, hook: Countdown, sent: list[tuple[str, bytes]] | None = None) -> None:
    """Two pushes with news in between; what was sent goes into ``sent``."""

    def open_store(target: Target) -> Store:
        store = FaultyStore(DirectoryStore(Path(target.path), hook))
        store.sent = [] if sent is None else sent
        return store

    if house.seq == 0:
        house.grant()
        house.close_slice(RECORDS // 2)
    house.agent(hook=hook, store=open_store).turn()
    if house.seq == RECORDS // 2:
        house.close_slice(RECORDS // 2)
    house.agent(hook=hook, store=open_store).turn()


def steps(tmp_path: Path) -> list[str]:
    """All durable steps of an undisturbed run."""
    hook = Countdown(0)
    two_turns(House(tmp_path / "undisturbed"), hook)
    return hook.seen


def delivered(house: House) -> Counter[int]:
    """How often each record lies in the archive behind a verified leaf."""
    found: Counter[int] = Counter()
    (root,) = shards(house.archive)
    for leaf in leaves_of(root):
        if leaf["kind"] == "logs":
            sealed = (root / f"obj/{leaf['obj'][:2]}/{leaf['obj']}.age").read_bytes()
            compressed = pyrage.decrypt(sealed, [house.owner])
            reader = zstandard.ZstdDecompressor().stream_reader(compressed, read_across_frames=True)
            files = unpacked(reader.read())
            for part in json.loads(files["manifest.json"])["files"]:
                found.update(sequence_numbers(files[part["name"]].splitlines()))
    return found


def test_kill_at_every_durable_step_delivers_each_record_exactly_once(tmp_path: Path) -> None:
    """One shard, one root per size, no stray object, an empty spool: as if nothing had happened."""
    all_steps = steps(tmp_path)
    assert len(set(all_steps)) > 12
    for at in range(1, len(all_steps) + 1):
        house = House(tmp_path / str(at))
        sent: list[tuple[str, bytes]] = []
        with pytest.raises(Killed):
            two_turns(house, Countdown(at), sent)
        two_turns(house, Countdown(0), sent)
        bodies: dict[str, set[bytes]] = {}
        for name, body in sent:
            bodies.setdefault(name, set()).add(body)
        forked = [name for name, found in bodies.items() if len(found) > 1]
        assert {name.rpartition("/")[2] for name in forked} <= {"checkpoint"}
        assert delivered(house) == Counter(range(1, RECORDS + 1)), (at, all_steps[at - 1])
        (root,) = shards(house.archive)
        objects = {leaf["obj"] for leaf in leaves_of(root) if leaf["kind"] == "logs"}
        assert {path.stem for path in root.glob("obj/*/*")} == objects
        assert not list((house.data / "mirror" / "spool").iterdir())
        assert not list(house.archive.glob(".incoming*"))


def test_kill_twice_in_a_row_changes_nothing_either(tmp_path: Path) -> None:
    """A crash during recovery is a crash like any other."""
    count = len(steps(tmp_path))
    for at in range(1, count, 8):
        house = House(tmp_path / str(at))
        for again in (at, max(1, at // 2)):
            try:
                two_turns(house, Countdown(again))
            except Killed:
                continue
        two_turns(house, Countdown(0))
        assert delivered(house) == Counter(range(1, RECORDS + 1))
