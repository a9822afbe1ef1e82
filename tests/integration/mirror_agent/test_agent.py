"""Whole turns of the agent over a real directory, real keys and the stock programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bitgrid_core.archive.padding import padme
from bitgrid_core.errors import CheckFailed, StorageError
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.readme import README
from support.independent import leaves_of, newest, records_of, verified_leaves
from support.mirror import (
    SECRET_TEXT,
    START_MS,
    ZERO_HEAD,
    FaultyStore,
    House,
    MemoryStore,
    record_hash,
    shards,
)
from support.tools import need


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without a consent."""
    return House(tmp_path / "data")


@pytest.fixture
def key_file(house: House, tmp_path: Path) -> Path:
    """The owner's identity in a file, as age wants it."""
    path = tmp_path / "owner.key"
    path.write_text(f"{house.owner}\n")
    return path


@pytest.mark.parametrize("profile", ["full", "research"])
def test_sealed_slices_open_with_stock_programs_and_continue_the_chain(
    house: House, key_file: Path, profile: str
) -> None:
    """age, zstd and tar give back every record, and each record's hash is the next one's prev."""
    for tool in ("age", "zstd"):
        need(tool)
    house.grant(profile=profile)
    for _ in range(5):
        house.close_slice(7)
    assert house.agent().turn().state == "idle"
    (root,) = shards(house.archive)
    head, records = ZERO_HEAD, records_of(root, key_file)
    for number, record in enumerate(records, start=1):
        assert record["seq"] == number
        assert record["prev"] == head
        head = record_hash(record)
    assert head == house.head
    assert (SECRET_TEXT in json.dumps(records)) == (profile == "full")


def test_only_recipients_open_and_a_changed_byte_opens_nothing(
    house: House, tmp_path: Path, key_file: Path
) -> None:
    """A stranger's key and a flipped bit both end in an error, with nothing on standard output."""
    need("age")
    need("age-keygen")
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    (sealed,) = house.archive.glob("v1/*/s000/obj/*/*.age")
    stranger = tmp_path / "stranger.key"
    subprocess.run(["age-keygen", "-o", stranger], check=True, capture_output=True)
    changed = tmp_path / "changed.age"
    data = bytearray(sealed.read_bytes())
    data[-1] ^= 1
    changed.write_bytes(data)
    for key, file in ((stranger, sealed), (key_file, changed)):
        done = subprocess.run(
            ["age", "-d", "-i", key, file], capture_output=True, check=False, timeout=20
        )
        assert done.returncode != 0
        assert done.stdout == b""


def test_what_age_encrypts_has_a_padded_length(house: House) -> None:
    """The size of an object tells little about the day inside."""
    house.grant()
    house.close_slice(30)
    house.agent().turn()
    (sealed,) = house.archive.glob("v1/*/s000/obj/*/*.age")
    import pyrage

    plain = pyrage.decrypt(sealed.read_bytes(), [house.researcher])
    assert len(plain) == padme(len(plain))


def test_program_in_the_readme_verifies_the_archive(house: House) -> None:
    """The README's lines of Python are enough, run as they stand there."""
    house.grant()
    for _ in range(3):
        house.close_slice(4)
        house.agent().turn()
    (root,) = shards(house.archive)
    assert (root / "README.txt").read_text() == README
    block = README.split('"cryptography"):\n')[1].split("\nThen")[0]
    program = "\n".join(line[2:] for line in block.split("\n"))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert house.status()["key_fingerprint"] in done.stdout
    assert "leaves verified" in done.stdout


def test_every_checkpoint_ever_pushed_still_verifies(house: House) -> None:
    """Growth keeps all older views readable: their partial tiles stay."""
    house.grant()
    for _ in range(12):
        house.close_slice(1)
        house.agent().turn()
    (root,) = shards(house.archive)
    for path in root.glob("log/checkpoint.d/*"):
        name = str(path.relative_to(root))
        leaves = verified_leaves(lambda one: (root / one).read_bytes(), name)
        assert len(leaves) == int(path.name)


def test_second_turn_without_news_pushes_nothing(house: House) -> None:
    """No new leaf, no new checkpoint, no new object."""
    house.grant()
    house.close_slice(3)
    first = house.agent().turn()
    before = {path: path.stat().st_mtime_ns for path in house.archive.rglob("*")}
    assert house.agent().turn() == first
    assert {path: path.stat().st_mtime_ns for path in house.archive.rglob("*")} == before


def test_missing_and_uncovered_slices_become_gaps(house: House, key_file: Path) -> None:
    """Every sequence number is in an object or in a gap that says why."""
    house.close_slice(4, at_ms=START_MS - 1)
    house.close_slice(4, at_ms=START_MS + 1)
    house.close_slice(4, at_ms=START_MS + 2).unlink()
    house.close_slice(4, at_ms=START_MS + 3)
    house.grant()
    house.agent().turn()
    (root,) = shards(house.archive)
    spoken = [leaf for leaf in leaves_of(root) if "first" in leaf]
    assert [(one["kind"], one["first"], one["last"], one.get("cause")) for one in spoken] == [
        ("gap", 1, 4, "uncovered"),
        ("logs", 5, 8, None),
        ("gap", 9, 12, "missing"),
        ("logs", 13, 16, None),
    ]
    assert [one["prev_end"] for one in spoken] == [0, 4, 8, 12]
    assert len(records_of(root, key_file)) == 8


def test_long_slice_is_cut_and_short_ones_are_joined(house: House, key_file: Path) -> None:
    """Objects stay between about one and eight MiB, and no record is lost at a cut."""
    house.grant()
    house.close_slice(20, size=500_000)
    for _ in range(10):
        house.close_slice(1)
    house.agent().turn()
    (root,) = shards(house.archive)
    ranges = [(leaf["first"], leaf["last"]) for leaf in leaves_of(root) if "obj" in leaf]
    assert ranges == [(1, 12), (13, 20), (21, 30)]
    assert [one["seq"] for one in records_of(root, key_file)] == list(range(1, 31))


def test_refusing_store_pauses_with_an_alarm_and_drops_nothing(house: House) -> None:
    """After the cause is removed the same bytes arrive."""
    house.grant()
    house.close_slice(3)
    store = FaultyStore(DirectoryStore(house.archive), ["ok", "ok", "stop"])
    with pytest.raises(StorageError, match="HTTP 403"):
        house.agent(store=lambda _target: store).turn()
    assert house.status()["state"] == "paused"
    assert "HTTP 403" in house.status()["alarm"]
    house.agent(store=lambda _target: store).turn()
    assert store.sent[2] == store.sent[3]
    assert house.status()["alarm"] is None
    assert leaves_of(shards(house.archive)[0])[-1]["kind"] == "logs"


def test_lost_answers_send_the_same_bytes_again(house: House) -> None:
    """Already there after an unclear answer is what the agent itself stored."""
    house.grant()
    house.close_slice(3)
    store = FaultyStore(MemoryStore(), ["lost", "ok", "unsent", "ok"] * 3)
    assert house.agent(store=lambda _target: store).turn().notice is None
    bodies: dict[str, set[bytes]] = {}
    for name, body in store.sent:
        bodies.setdefault(name, set()).add(body)
    assert all(len(found) == 1 for found in bodies.values())


def test_changed_slice_is_named_and_nothing_of_it_leaves(house: House) -> None:
    """A byte that does not match the index stops the stream with an alarm."""
    house.grant()
    path = house.close_slice(3)
    path.write_bytes(path.read_bytes().replace(b"load-1", b"load-2"))
    with pytest.raises(CheckFailed, match=path.name):
        house.agent().turn()
    assert not list(house.archive.glob("v1/*/*/obj/*/*"))


def test_replaced_journal_is_found_by_its_head(house: House) -> None:
    """A slice that does not continue what was sealed is not sealed."""
    house.grant()
    house.close_slice(3)
    house.agent().turn()
    house.head = "f" * 64
    house.close_slice(3)
    index = house.data / "outbox" / "logs" / "index.jsonl"
    index.write_bytes(index.read_bytes().split(b"\n")[1] + b"\n")
    with pytest.raises(CheckFailed, match="does not continue"):
        house.agent().turn()


def test_newest_checkpoint_is_also_the_mutable_copy(house: House) -> None:
    """Stock clients find at log/checkpoint what is authoritative elsewhere."""
    house.grant()
    for _ in range(3):
        house.close_slice(2)
        house.agent().turn()
    (root,) = shards(house.archive)
    names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    assert (root / "log/checkpoint").read_bytes() == (root / newest(names)).read_bytes()
