"""Signed checkpoints: which are genuine, which is the newest, and whether history was kept.

Must not know tiles or leaves beyond a function that gives the root at a size. Invariants: the
mutable copy proves nothing on its own; a genuine checkpoint of the past always has to fit into
the newest log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bitgrid_core.archive import checkpoint, names, note
from bitgrid_core.archive.checkpoint import Checkpoint
from bitgrid_core.archive.note import VerifierKey
from bitgrid_core.errors import BadInput, CheckFailed
from bitgrid_research.layout import ShardId
from bitgrid_research.verify.findings import Findings
from bitgrid_research.verify.keys import signature_holds
from bitgrid_research.workspace import ShardFolder

SEEN = "seen.checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint whose signature holds, under the name where it lay."""

    name: str
    data: bytes
    checkpoint: Checkpoint


def genuine(data: bytes, shard: ShardId, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint in a note that one of the keys signed for this shard.

    Raises:
        BadInput: not a checkpoint, or another log's.
        CheckFailed: no trusted key signed it.
    """
    parsed = note.parse(data)
    found = checkpoint.parse(parsed.text)
    if found.origin != shard.origin:
        raise BadInput(f"It is a checkpoint of {found.origin}.", "Do not trust it.")
    note.verify(parsed, keys, signature_holds)
    return found


def genuine_checkpoints(
    folder: ShardFolder, shard: ShardId, keys: Sequence[VerifierKey], found: Findings
) -> list[SignedCheckpoint]:
    """Every genuine checkpoint that is held, the write-once ones by size and the copy last."""
    signed: list[SignedCheckpoint] = []
    listed = folder.names(names.CHECKPOINT_DIR)
    for name in [*listed, names.CHECKPOINT]:
        data = folder.read(name, newest=name == names.CHECKPOINT)
        if data is None:
            continue
        try:
            one = genuine(data, shard, keys)
            _check_name(name, one)
        except (BadInput, CheckFailed) as error:
            folder.reject(name)
            found.tampered(name, error.message)
            continue
        signed.append(SignedCheckpoint(name=name, data=data, checkpoint=one))
    return signed


def _check_name(name: str, one: Checkpoint) -> None:
    if names.checkpoint_size(name) not in (None, one.size):
        raise BadInput(f"It is the checkpoint of size {one.size}.", "Do not trust it.")


def check_newest(
    signed: Sequence[SignedCheckpoint], seen: Checkpoint | None, found: Findings
) -> None:
    """Name what is withheld: no checkpoint at all, or a newer one that is known to exist."""
    once = [one.checkpoint.size for one in signed if one.name != names.CHECKPOINT]
    known = max(once, default=-1)
    if not once:
        found.missing(names.CHECKPOINT_DIR, "No genuine checkpoint is there.")
    if seen is not None and seen.size > known:
        found.missing(
            names.checkpoint(seen.size),
            f"A checkpoint of {seen.size} leaves was seen before and is withheld now.",
        )
    for one in signed:
        if one.name == names.CHECKPOINT and one.checkpoint.size > known:
            found.missing(
                names.checkpoint(one.checkpoint.size),
                "log/checkpoint speaks of this newer checkpoint, which is missing.",
            )


def fit_into_one_history(
    folder: ShardFolder,
    signed: Sequence[SignedCheckpoint],
    root_at: Callable[[int], bytes],
    top: Checkpoint,
    found: Findings,
) -> None:
    """Accept each checkpoint whose root is the log's root at its size; name every other."""
    for one in signed:
        if one.checkpoint.size > top.size:
            continue
        if root_at(one.checkpoint.size) == one.checkpoint.root:
            folder.accept(one.name)
        else:
            folder.reject(one.name)
            found.tampered(one.name, "It is signed, but the log has another root at its size.")


def seen_before(
    folder: ShardFolder, shard: ShardId, keys: Sequence[VerifierKey], found: Findings
) -> Checkpoint | None:
    """The newest checkpoint that this workspace ever proved; a damaged note of it is named."""
    data = folder.seen()
    if data is None:
        return None
    try:
        return genuine(data, shard, keys)
    except (BadInput, CheckFailed) as error:
        found.tampered(SEEN, f"The last seen checkpoint of this workspace: {error.message}")
        return None
