"""An archive made by hand, leaf by leaf, honest or not.

What no real agent would write, a reader must still survive. Only the formats come from core; sealing is pyrage's, compression zstandard's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyrage
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bitgrid_core import codec
from bitgrid_core.archive import checkpoint, entries, keyset, manifest, merkle, names, note, tiles
from bitgrid_core.archive import leaf as leaves
from bitgrid_core.archive.leaf import Kind, Leaf
from bitgrid_core.archive.manifest import Manifest, SlicePart
from bitgrid_core.archive.note import VerifierKey
from bitgrid_core.chain import GENESIS, Draft, Record, make_record
from support.tars import Entry, ustar

NODE = "00112233445566ff"
SALT = "5a" * 32
AT = "2024-06-01T10:10:00.000Z"


def journal(count: int, kind: str = "note") -> list[Record]:
    """A chain of ``count`` records."""
    records: list[Record] = []
    for seq in range(1, count + 1):
        draft = Draft(kind=kind, body={"n": seq}, private={"place": "secret"})
        prev = records[-1].hash if records else GENESIS
        records.append(make_record(draft, seq, AT, prev, bytes(16)))
    return records


def lines_of(records: Sequence[Record]) -> bytes:
    """Records as a slice file."""
    return b"".join(codec.encode(record.to_json()) + b"\n" for record in records)


def _decided(record: Record) -> bool:
    return record.kind == "decision" and "policy" in record.body


def describe(records: Sequence[Record], data: bytes, **changes: Any) -> Manifest:
    """The manifest of one slice; ``changes`` replace its fields."""
    first, last = records[0].seq, records[-1].seq
    heads = {"head_before": records[0].prev, "head_after": records[-1].hash}
    part = SlicePart(
        name=manifest.part_name("logs", first, last),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        first=first,
        last=last,
        **heads,
    )
    honest = Manifest(
        stream="logs",
        first=first,
        last=last,
        first_block=None,
        last_block=None,
        files=(part,),
        policy_digests=tuple(sorted({str(r.body["policy"]) for r in records if _decided(r)})),
        software=("test 1",),
        profile="full",
        consent="consent-1",
        salt=SALT,
        **heads,
    )
    return replace(honest, **changes)


@dataclass
class Forge:
    """One shard under construction; ``root`` is the folder of the whole archive."""

    root: Path
    node: str = NODE
    shard: int = 0
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    reader: Any = field(default_factory=pyrage.x25519.Identity.generate)
    leaves: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The name that the log signs with."""
        return names.origin(self.node, self.shard)

    @property
    def folder(self) -> Path:
        """Root of the shard."""
        return self.root / names.root("", self.node, self.shard)

    @property
    def fingerprint(self) -> str:
        """What a researcher pins."""
        return self.verifier().fingerprint

    def verifier(self, key: Ed25519PrivateKey | None = None) -> VerifierKey:
        """The public side of the current or another key."""
        public = (key or self.key).public_key().public_bytes_raw()
        return VerifierKey(name=self.origin, algorithm=note.ED25519, public=public)

    def put(self, name: str, data: bytes) -> Path:
        """Write one object of the bucket."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def keys(self, number: int = 0, keys: Sequence[Ed25519PrivateKey] = ()) -> None:
        """Write a key note, signed by the current key and by ``keys``, which it names."""
        named = keys or [self.key]
        verifiers = tuple(self.verifier(key) for key in named)
        text = keyset.KeySet(origin=self.origin, number=number, keys=verifiers).text
        signers = {key.public_key().public_bytes_raw(): key for key in [self.key, *named]}
        pairs = [(self.verifier(key), key.sign) for key in signers.values()]
        self.put(names.key_note(number), note.sign(text, pairs))

    def add(self, leaf: Leaf) -> int:
        """Append a leaf; its sequence number is its place."""
        return self.add_raw(leaves.encode(replace(leaf, seq=len(self.leaves))))

    def add_raw(self, data: bytes) -> int:
        """Append any bytes as a leaf."""
        self.leaves.append(data)
        return len(self.leaves) - 1

    def consent(self, name: str = "consent-1", heartbeat_s: int = 86_400, at: str = AT) -> int:
        """A consent is granted."""
        return self.add(
            Leaf(
                seq=0,
                kind=Kind.CONSENT,
                consent=name,
                at=at,
                digest="d" * 64,
                heartbeat_s=heartbeat_s,
                valid_until=at,
                profile="full",
                streams=("logs",),
            )
        )

    def says(self, kind: Kind, consent: str = "consent-1", at: str = AT) -> int:
        """A heartbeat, or the end of a consent."""
        return self.add(Leaf(seq=0, kind=kind, consent=consent, at=at))

    def gap(self, first: int, last: int, prev_end: int, **more: Any) -> int:
        """Records are declared missing; ``more`` has at least the cause."""
        return self.add(
            Leaf(
                seq=0,
                kind=Kind.GAP,
                stream="logs",
                first=first,
                last=last,
                count=last - first + 1,
                prev_end=prev_end,
                **more,
            )
        )

    def slice(self, records: Sequence[Record], **changes: Any) -> str:
        """Seal records honestly and append their leaf; ``changes`` replace the leaf's fields."""
        data = lines_of(records)
        described = describe(records, data)
        return self.files(
            {manifest.NAME: manifest.encode(described), described.files[0].name: data},
            described,
            **changes,
        )

    def files(self, files: Mapping[str, bytes], told: Manifest, **changes: Any) -> str:
        """Seal any files under a leaf that tells what ``told`` says."""
        tar = ustar([Entry(name=name, body=body) for name, body in files.items()])
        return self.plain(zstandard.compress(tar), told, **changes)

    def plain(self, plain: bytes, told: Manifest, **changes: Any) -> str:
        """Seal any bytes under a leaf; returns the object's name."""
        recipient = self.reader.to_public()
        return self.sealed(pyrage.encrypt(plain, [recipient]), told, **changes)

    def sealed(self, data: bytes, told: Manifest, **changes: Any) -> str:
        """Store any bytes as a sealed object under a leaf."""
        obj = hashlib.sha256(data).hexdigest()
        name = names.sealed_object(obj)
        self.put(name, data)
        honest = Leaf(
            seq=0,
            kind=Kind.LOGS,
            stream="logs",
            obj=obj,
            size=len(data),
            first=told.first,
            last=told.last,
            journal_head=leaves.head_commitment(told.salt, told.head_after),
            consent="consent-1",
            epoch=0,
            prev_end=told.first - 1,
        )
        self.add(replace(honest, **changes))
        return name

    def publish(self, key: Ed25519PrivateKey | None = None) -> bytes:
        """Write the log as far as it is; returns the root."""
        hashes = [merkle.leaf_hash(data) for data in self.leaves]
        node = merkle.reader_of(hashes)
        for tile in tiles.tiles_of(len(hashes)):
            span = range(tile.index * tiles.WIDTH, tile.index * tiles.WIDTH + tile.width)
            self.put(tile.name, b"".join(node(8 * tile.level, i) for i in span))
            if tile.level == 0:
                self.put(tile.entries_name, entries.pack([self.leaves[i] for i in span]))
        return self.sign(len(hashes), merkle.root_of(hashes), key)

    def sign(self, size: int, root: bytes, key: Ed25519PrivateKey | None = None) -> bytes:
        """Sign and write a checkpoint, whatever it says."""
        signer = key or self.key
        text = checkpoint.Checkpoint(origin=self.origin, size=size, root=root).text
        data = note.sign(text, [(self.verifier(signer), signer.sign)])
        self.put(names.checkpoint(size), data)
        self.put(names.CHECKPOINT, data)
        return root


def honest(root: Path) -> Forge:
    """A small honest archive: keys, consent, two slices in two pushes, a heartbeat."""
    forge = Forge(root)
    records = journal(6)
    forge.keys()
    forge.consent()
    forge.slice(records[:3])
    forge.publish()
    forge.slice(records[3:])
    forge.says(Kind.HEARTBEAT)
    forge.publish()
    return forge
