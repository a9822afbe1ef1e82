"""The log in the ledger: tiles over several levels, one root per size, shards."""

import secrets
from pathlib import Path

import pytest

from bitgrid_core.archive import checkpoint, merkle, note
from bitgrid_core.archive.leaf import Kind, Leaf
from bitgrid_mirror_agent import state
from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.durable import no_hook
from bitgrid_mirror_agent.pusher import Result, Surroundings, push
from bitgrid_mirror_agent.state import State
from support.independent import verified_leaves
from support.mirror import MemoryStore

AT = "2024-06-01T00:00:00.000Z"
WORLD = Surroundings(wait=lambda _ms: False, draw=lambda: 0, pushed=lambda _put: None)


@pytest.fixture
def opened(tmp_path: Path) -> State:
    """A new log."""
    target = Target(kind=TargetKind.DIRECTORY, digest="x", path="unused")
    return state.create(tmp_path, target, secrets.token_bytes, no_hook)


def heartbeat() -> Leaf:
    """A small leaf."""
    return Leaf(seq=0, kind=Kind.HEARTBEAT, consent="consent-1", at=AT)


def grow(opened: State, count: int) -> None:
    """Append leaves and sign."""
    with opened.ledger.transaction("test"):
        for _ in range(count):
            opened.log.append(heartbeat())
    opened.log.publish()


def push_all(opened: State, store: MemoryStore) -> Result:
    """Push without prefix."""
    return push(opened.queue, store, lambda shard: f"s{shard}/", WORLD).result


def test_every_signed_size_verifies_over_tile_borders(opened: State) -> None:
    """Checkpoints of 1 to 700 leaves are all readable from what was pushed for them."""
    store, sizes = MemoryStore(), []
    for count in (1, 200, 55, 1, 255, 188):
        grow(opened, count)
        sizes.append(opened.log.size)
        assert push_all(opened, store) is Result.ALL
    assert sizes == [1, 201, 256, 257, 512, 700]
    for size in sizes:
        leaves = verified_leaves(
            lambda name: store.objects["s0/" + name], f"log/checkpoint.d/{size:012d}"
        )
        assert [leaf["seq"] for leaf in leaves] == list(range(size))
    row = b"".join(store.objects[f"s0/log/tile/0/{i:03d}"][:32] for i in range(2))
    assert len(row) == 64
    assert len(store.objects["s0/log/tile/1/000.p/2"]) == 64


def test_level_one_tile_holds_the_roots_of_the_full_tiles_below(opened: State) -> None:
    """A full audit can start from the upper level."""
    store = MemoryStore()
    grow(opened, 300)
    push_all(opened, store)
    full = store.objects["s0/log/tile/0/000"]
    hashes = [full[i : i + 32] for i in range(0, len(full), 32)]
    assert store.objects["s0/log/tile/1/000.p/1"] == merkle.root_of(hashes)


def test_nothing_new_signs_nothing(opened: State) -> None:
    """There is one checkpoint per size, ever."""
    grow(opened, 3)
    assert opened.log.publish() is None
    rows = opened.ledger.db.execute("SELECT size FROM checkpoint").fetchall()
    assert rows == [(3,)]


def test_new_shard_names_the_confirmed_checkpoint_and_carries_the_rest(opened: State) -> None:
    """Leaves that no confirmed checkpoint covers come again under new indexes."""
    store = MemoryStore()
    grow(opened, 3)
    push_all(opened, store)
    text = note.parse(store.objects["s0/log/checkpoint"]).text
    grow(opened, 2)
    opened.log.open_new_shard(AT)
    opened.log.publish()
    assert push_all(opened, store) is Result.ALL
    assert "s0/log/checkpoint.d/000000000005" not in store.objects
    leaves = verified_leaves(lambda name: store.objects["s1/" + name], "log/checkpoint")
    assert [leaf["kind"] for leaf in leaves] == ["shard", "heartbeat", "heartbeat"]
    prior = checkpoint.parse(text)
    assert leaves[0]["prior"] == {
        "origin": prior.origin,
        "size": 3,
        "root": prior.root.hex(),
    }
