"""The transparency log in the ledger: leaves, tiles, signed checkpoints, shards.

Leaves are appended inside the caller's transaction. A checkpoint is made, with the tiles and
entries that it needs, in one transaction before any byte of them leaves.

Invariant: one root per shard and size, ever; a new shard starts where the last confirmed
checkpoint ends and carries over every leaf after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bitgrid_core.archive import entries, leaf, merkle, names, tiles
from bitgrid_core.archive.checkpoint import Checkpoint
from bitgrid_core.archive.keyset import KeySet
from bitgrid_core.archive.leaf import DATA_KINDS, Kind, Leaf, PriorLog
from bitgrid_core.archive.tiles import Tile, TileReader
from bitgrid_mirror_agent.keys import CheckpointKey
from bitgrid_mirror_agent.ledger import Ledger
from bitgrid_mirror_agent.queue import Queue
from bitgrid_mirror_agent.readme import README


class Log:
    """The log of one node.

    Args:
        ledger: where it lies.
        queue: takes what is to be pushed.
        key: signs its checkpoints.
    """

    def __init__(self, ledger: Ledger, queue: Queue, key: CheckpointKey) -> None:
        self._ledger = ledger
        self._queue = queue
        self._key = key

    @property
    def node(self) -> str:
        """The node's pseudonym."""
        return self._ledger.get("node")

    @property
    def shard(self) -> int:
        """Number of the shard that leaves are appended to."""
        return int(self._ledger.get("shard", "0"))

    @property
    def origin(self) -> str:
        """Name of the current shard's log."""
        return names.origin(self.node, self.shard)

    @property
    def size(self) -> int:
        """Leaves of the current shard."""
        query = "SELECT count(*) FROM leaf WHERE shard = ?"
        return int(self._ledger.db.execute(query, (self.shard,)).fetchone()[0])

    def start_shard(self, number: int) -> None:
        """Begin a shard: its README and its keys; inside a transaction."""
        self._ledger.set("shard", str(number))
        keys = KeySet(origin=self.origin, number=0, keys=(self._key.verifier(self.origin),))
        self._queue.add(number, names.README, README.encode())
        self._queue.add(number, names.key_note(0), self._key.sign_note(self.origin, keys.text))

    def append(self, one: Leaf) -> int:
        """Append a leaf, whatever its ``seq``, inside a transaction; returns its index."""
        seq = self.size
        data = leaf.encode(replace(one, seq=seq))
        self._ledger.db.execute(
            "INSERT INTO leaf VALUES (?, ?, ?, ?)", (self.shard, seq, data, merkle.leaf_hash(data))
        )
        return seq

    def publish(self) -> int | None:
        """Sign a checkpoint over all leaves, if there is a new one, and queue it; its size."""
        shard, size = self.shard, self.size
        old = self._signed_size(shard)
        if size == old:
            return None
        with self._ledger.transaction("checkpoint"):
            for tile in tiles.new_tiles(old, size):
                self._queue_tile(shard, tile)
            root = merkle.root(size, TileReader(size, self._tile_of(shard)).node)
            text = Checkpoint(origin=self.origin, size=size, root=root).text
            note = self._key.sign_note(self.origin, text)
            self._ledger.db.execute(
                "INSERT INTO checkpoint (shard, size, root, note) VALUES (?, ?, ?, ?)",
                (shard, size, root, note),
            )
            self._queue.add(shard, names.checkpoint(size), note)
            self._queue.add_mutable(shard, names.CHECKPOINT, note)
        return size

    def open_new_shard(self, at: str) -> None:
        """Leave a shard that another copy of this disk writes to, and carry on in the next.

        The first leaf names the last checkpoint that the store confirmed; leaves after it come
        again, with new indexes, and their objects are pushed again from the spool. The consent in
        force is said again with the next turn, so that each shard can be read by itself.
        """
        old = self.shard
        prior = self._confirmed(old)
        with self._ledger.transaction("shard"):
            carried = self._leaves(old, prior.size, self.size)
            self._ledger.db.execute(
                "UPDATE put SET state = 'abandoned', body = NULL "
                "WHERE shard = ? AND state = 'pending' AND spool IS NULL",
                (old,),
            )
            self.start_shard(old + 1)
            self.append(Leaf(seq=0, kind=Kind.SHARD, at=at, prior=prior))
            for name in ("consent_digest", "recipients"):
                self._ledger.set(name, "")
            for offset, data in enumerate(carried):
                self._carry(old, prior.size + offset, leaf.decode(data))

    def _carry(self, old: int, index: int, one: Leaf) -> None:
        seq = self.append(one)
        if one.kind in DATA_KINDS:
            self._ledger.db.execute(
                "UPDATE put SET shard = ?, leaf = ?, attempts = 0, state = 'pending' "
                "WHERE shard = ? AND leaf = ? AND spool IS NOT NULL",
                (self.shard, seq, old, index),
            )

    def leaf(self, shard: int, index: int) -> Leaf:
        """A leaf by its index."""
        return leaf.decode(self._leaves(shard, index, index + 1)[0])

    def _queue_tile(self, shard: int, tile: Tile) -> None:
        data = self._hashes(shard, tile)
        self._queue.add(shard, tile.name, data)
        if tile.level == 0:
            start = tile.index * tiles.WIDTH
            bundle = entries.pack(self._leaves(shard, start, start + tile.width))
            self._queue.add(shard, tile.entries_name, bundle)
        if tile.width == tiles.WIDTH:
            size = merkle.HASH_SIZE
            parts = [data[i : i + size] for i in range(0, len(data), size)]
            self._ledger.db.execute(
                "INSERT INTO node VALUES (?, ?, ?, ?)",
                (shard, tile.level + 1, tile.index, tiles.subtree_root(parts)),
            )

    def _hashes(self, shard: int, tile: Tile) -> bytes:
        start = tile.index * tiles.WIDTH
        if tile.level == 0:
            query = "SELECT hash FROM leaf WHERE shard = ? AND seq >= ? AND seq < ? ORDER BY seq"
            values: Sequence[object] = (shard, start, start + tile.width)
        else:
            query = (
                "SELECT hash FROM node WHERE shard = ? AND level = ? AND idx >= ? AND idx < ? "
                "ORDER BY idx"
            )
            values = (shard, tile.level, start, start + tile.width)
        return b"".join(row[0] for row in self._ledger.db.execute(query, values))

    def _tile_of(self, shard: int) -> Callable[[Tile], bytes]:
        return lambda tile: self._hashes(shard, tile)

    def _leaves(self, shard: int, start: int, end: int) -> list[bytes]:
        query = "SELECT data FROM leaf WHERE shard = ? AND seq >= ? AND seq < ? ORDER BY seq"
        return [bytes(row[0]) for row in self._ledger.db.execute(query, (shard, start, end))]

    def _signed_size(self, shard: int) -> int:
        query = "SELECT max(size) FROM checkpoint WHERE shard = ?"
        return int(self._ledger.db.execute(query, (shard,)).fetchone()[0] or 0)

    def _confirmed(self, shard: int) -> PriorLog:
        query = (
            "SELECT size, root FROM checkpoint WHERE shard = ? AND confirmed = 1 "
            "ORDER BY size DESC LIMIT 1"
        )
        row = self._ledger.db.execute(query, (shard,)).fetchone()
        size, root = (0, merkle.EMPTY_ROOT) if row is None else row
        return PriorLog(origin=names.origin(self.node, shard), size=size, root=root.hex())
