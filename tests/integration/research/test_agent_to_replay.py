"""The whole way: core's outbox, the real agent, a directory store, the reader, a replay."""

import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitgrid_core.outbox import Outbox
from support.decided import START_MS, Decider
from support.mirror import DAY_MS, House
from support.reader import pull_and_verify, research

REDACTED = "research"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive that the agent pushed, its pin, and a researcher's identity file."""

    source: Path
    node: str
    fingerprint: str
    key: Path

    @property
    def shard(self) -> Path:
        """Root of its only shard."""
        return self.source / "v1" / self.node / "s000"


def pushed(folder: Path, *, restored: bool = False, **consent: object) -> tuple[House, Archive]:
    """Two days of decisions in three slices, pushed in two turns of the agent.

    With ``restored``, the agent's state comes back from a copy in between.
    """
    house = House(folder / "data")
    decider = Decider()
    decider.decide(100)
    outbox = Outbox(house.data / "outbox")
    outbox.close_slice(decider.journal, START_MS + DAY_MS)
    house.grant(
        valid_from="2024-01-01T00:00:00.000Z", valid_until="2026-01-01T00:00:00.000Z", **consent
    )
    house.agent(now_ms=START_MS + DAY_MS).turn()
    if restored:
        (house.data / "mirror").rename(folder / "gone")  # kept: its inodes must not be given again
        shutil.copytree(folder / "gone", house.data / "mirror")
    for _ in range(2):
        decider.decide(100)
        outbox.close_slice(decider.journal, START_MS + 2 * DAY_MS)
    house.agent(now_ms=START_MS + 2 * DAY_MS).turn()
    status = house.status()
    key = folder / "researcher.txt"
    key.write_text(f"# a researcher\n{house.researcher}\n")
    archive = Archive(
        source=house.archive,
        node=status["node"],
        fingerprint=status["key_fingerprint"],
        key=key,
    )
    return house, archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """One archive with the research profile, for tests that copy it."""
    return pushed(tmp_path_factory.mktemp("archive"), profile=REDACTED)[1]


@pytest.mark.parametrize("profile", ["full", REDACTED])
def test_what_the_agent_pushed_is_complete_and_replays(tmp_path: Path, profile: str) -> None:
    """Verified, opened and re-run byte for byte, with private parts or without them."""
    _, archive = pushed(tmp_path, profile=profile)
    workspace = tmp_path / "workspace"
    research("pull", archive.source, workspace)
    research("trust", workspace, archive.fingerprint)
    said = research("verify", workspace, "--identity", archive.key)
    assert (said.code, said.findings) == (0, [])
    opened = research("open", workspace, "--identity", archive.key, "--out", tmp_path / "out")
    assert opened.code == 0
    replayed = research("replay", workspace, "--identity", archive.key)
    assert (replayed.code, replayed.document["identical"]) == (0, 300)
    alone = research("replay", workspace, "--opened", tmp_path / "out")
    assert (alone.code, alone.document["identical"]) == (0, 300)


def test_replay_goes_on_where_a_restored_agent_opened_a_new_shard(tmp_path: Path) -> None:
    """The second shard begins in the midst of a journal, under the policy of the first."""
    _, archive = pushed(tmp_path, restored=True)
    assert [path.name for path in sorted(archive.shard.parent.iterdir())] == ["s000", "s001"]
    workspace = tmp_path / "workspace"
    research("pull", archive.source, workspace)
    research("trust", workspace, archive.fingerprint)
    replayed = research("replay", workspace, "--identity", archive.key)
    assert (replayed.code, replayed.document["identical"]) == (0, 300)


def test_owner_opens_with_the_recovery_key(tmp_path: Path) -> None:
    """The second recipient, the owner's offline key, opens the same objects."""
    house, archive = pushed(tmp_path)
    owner = tmp_path / "owner.txt"
    owner.write_text(f"{house.owner}\n")
    said = pull_and_verify(
        archive.source, tmp_path / "w", "--fingerprint", archive.fingerprint, "--identity", owner
    )
    assert (said.code, said.document["shards"][0]["records"]) == (0, 601)


def test_flipped_byte_of_a_real_archive_is_named(archive: Archive, tmp_path: Path) -> None:
    """Three random bytes of each file that the agent wrote: exit 1, that file named."""
    draw = random.Random(20240601)  # seeded: the same bytes each time
    files = [path for path in archive.shard.rglob("*") if path.is_file()]
    for path in files:
        if path.name == "README.txt":
            continue
        name = path.relative_to(archive.shard).as_posix()
        for number in range(3):
            source = tmp_path / "source"
            shutil.rmtree(source, ignore_errors=True)
            shutil.rmtree(tmp_path / "w", ignore_errors=True)
            shutil.copytree(archive.source, source)
            data = bytearray(path.read_bytes())
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            (source / path.relative_to(archive.source)).write_bytes(data)
            said = pull_and_verify(source, tmp_path / "w", "--fingerprint", archive.fingerprint)
            assert said.code == 1, (name, number)
            assert ("tampered", name) in said.findings, (name, number)


def test_withdrawal_by_the_owner_reaches_the_researcher(tmp_path: Path) -> None:
    """After `withdraw` and the agent's last push, the reader refuses: exit 6."""
    house, archive = pushed(tmp_path)
    options = ("--fingerprint", archive.fingerprint)
    assert pull_and_verify(archive.source, tmp_path / "w", *options).code == 0
    house.withdraw()
    house.agent(now_ms=START_MS + 3 * DAY_MS).turn()
    assert pull_and_verify(archive.source, tmp_path / "w", *options).code == 6
    opened = research("open", tmp_path / "w", "--identity", archive.key, *options)
    assert (opened.code, opened.document["shards"][0]["opened"]) == (6, 0)


def test_consent_after_the_first_slice_leaves_an_honest_gap(tmp_path: Path) -> None:
    """Slices that the consent does not cover are declared, and the archive is complete."""
    house = House(tmp_path / "data")
    house.close_slice(5, at_ms=START_MS)
    house.close_slice(5, at_ms=START_MS + 2 * DAY_MS)
    house.grant(valid_from="2024-06-02T00:00:00.000Z", valid_until="2026-01-01T00:00:00.000Z")
    house.agent(now_ms=START_MS + 3 * DAY_MS).turn()
    fingerprint = house.status()["key_fingerprint"]
    said = pull_and_verify(house.archive, tmp_path / "w", "--fingerprint", fingerprint)
    (shard,) = said.document["shards"]
    assert [(gap["first"], gap["last"], gap["cause"]) for gap in shard["gaps"]] == [
        (1, 5, "uncovered")
    ]
    assert said.code == 0


def test_installed_program_says_the_same(archive: Archive, tmp_path: Path) -> None:
    """The console script, as a process of its own, ends with the documented codes."""
    program = Path(sys.executable).with_name("bitgrid-research")
    if not program.exists():
        pytest.skip("bitgrid-research is not installed as a program")
    workspace = str(tmp_path / "w")

    def code(*words: str | Path) -> int:
        return subprocess.run([program, *words], capture_output=True, check=False).returncode

    assert code("pull", archive.source, workspace) == 0
    assert code("verify", workspace) == 4
    assert code("trust", workspace, archive.fingerprint) == 0
    assert code("replay", workspace, "--identity", archive.key) == 0
    assert code("verify", workspace, "--max-age", "2d") == 3
    assert code("bogus") == 64
