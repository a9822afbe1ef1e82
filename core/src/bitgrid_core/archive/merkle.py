"""RFC 6962 Merkle trees: hashes, roots, inclusion and consistency proofs, both sides.

A tree is known only through a ``NodeReader``: the hash of the complete subtree at a tree level
and index. Whether it reads tiles, a database or a list is its own affair.

Invariant: what ``inclusion_proof`` and ``consistency_proof`` give, the verifiers accept, and
nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

from bitgrid_core.errors import BadInput, CheckFailed

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader: TypeAlias = Callable[[int, int], bytes]
"""``(level, index)`` to the hash of leaves ``index << level`` up to ``(index + 1) << level``."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, node: NodeReader) -> bytes:
    """Root hash of the first ``size`` leaves."""
    return EMPTY_ROOT if size == 0 else _range_root(0, size, node)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root hash over leaf hashes in memory."""
    return root(len(hashes), reader_of(hashes))


def reader_of(hashes: Sequence[bytes]) -> NodeReader:
    """A reader over leaf hashes in memory, computing each inner node once."""
    levels: list[list[bytes]] = [list(hashes)]
    while len(levels[-1]) > 1:
        row = levels[-1]
        levels.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return lambda level, index: levels[level][index]


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """Audit path of a leaf, from the bottom up (RFC 6962, section 2.1.1)."""
    if not 0 <= index < size:
        raise BadInput(f"Leaf {index} is not in a log of {size}.", "Ask for an earlier leaf.")
    start, end, path = 0, size, []
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(_range_root(split, end, node))
            end = split
        else:
            path.append(_range_root(start, split, node))
            start = split
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """Proof that the first ``old`` of ``new`` leaves are unchanged (RFC 6962, section 2.1.2)."""
    if not 0 <= old <= new:
        raise BadInput(f"No log grows from {old} to {new} leaves.", "Swap the two sizes.")
    if old in (0, new):
        return []
    start, end, whole, path = 0, new, True, []
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            path.append(_range_root(split, end, node))
            end = split
        else:
            path.append(_range_root(start, split, node))
            start, whole = split, False
    if not whole:
        path.append(_range_root(start, end, node))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> None:
    """Check a leaf's hash against a root (RFC 9162, section 2.1.3.2).

    Raises:
        CheckFailed: the leaf is not at that index of the log with that root.
    """
    if not 0 <= index < size:
        raise CheckFailed(f"Leaf {index} cannot be in a log of {size}.", "Do not trust it.")
    position, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise CheckFailed("An inclusion proof is too long.", "Do not trust it.")
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    if last != 0 or found != expected:
        raise CheckFailed(f"Leaf {index} is not in the log of {size}.", "Do not trust it.")


def verify_consistency(
    old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]
) -> None:
    """Check that a log of ``(size, root)`` grew into another (RFC 9162, section 2.1.4.2).

    Raises:
        CheckFailed: the newer log changed or lost what the older one held.
    """
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size > new_size:
        raise CheckFailed(f"A log of {old_size} shrank to {new_size}.", "Ask who hides leaves.")
    if old_size in (0, new_size):
        expected = EMPTY_ROOT if old_size == 0 else new_root
        if proof or old_root != expected:
            raise CheckFailed(f"Two roots for the size {old_size}.", "The log's history is split.")
        return
    _verify_growth(old, new, list(proof))


def _verify_growth(old: tuple[int, bytes], new: tuple[int, bytes], proof: list[bytes]) -> None:
    (old_size, old_root), (new_size, new_root) = old, new
    failed = CheckFailed(
        f"The log of {new_size} does not continue that of {old_size}.",
        "Keep both checkpoints: they prove a rewritten history.",
    )
    if old_size & (old_size - 1) == 0:
        proof = [old_root, *proof]
    if not proof:
        raise failed
    first, last = old_size - 1, new_size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_found = new_found = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise failed
        if first & 1 or first == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or old_found != old_root or new_found != new_root:
        raise failed


def _split(count: int) -> int:
    """Largest power of two smaller than ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(start: int, end: int, node: NodeReader) -> bytes:
    """Root over leaves ``start`` to ``end``; ``start`` is a multiple of the size's top power."""
    parts = []
    while end - start > 0:
        level = (end - start).bit_length() - 1
        parts.append(node(level, start >> level))
        start += 1 << level
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found
