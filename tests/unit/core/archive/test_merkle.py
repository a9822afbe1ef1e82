"""RFC 6962 trees against the RFC's definition and the reference vectors."""

import hashlib

import pytest

from bitgrid_core.archive import merkle
from bitgrid_core.errors import BadInput, CheckFailed

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
"""Leaves of the test tree of the certificate-transparency reference implementation."""
HASHES = [merkle.leaf_hash(one) for one in INPUTS]
LARGE = [merkle.leaf_hash(bytes([number])) for number in range(41)]


def by_definition(leaves: list[bytes]) -> bytes:
    """The root as the RFC's recursion says it."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    joined = b"\1" + by_definition(leaves[:k]) + by_definition(leaves[k:])
    return hashlib.sha256(joined).digest()


def test_roots_are_those_of_the_reference_implementation() -> None:
    """Sizes 0, 1 and 8 have the published roots."""
    assert merkle.root_of([]).hex() == hashlib.sha256(b"").hexdigest()
    assert merkle.root_of(HASHES[:1]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert merkle.root_of(HASHES).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_root_of_every_size_is_the_recursive_definition() -> None:
    """Reading complete subtrees gives what the recursion over leaves gives."""
    for size in range(1, len(LARGE) + 1):
        assert merkle.root_of(LARGE[:size]) == by_definition(LARGE[:size])


def test_every_inclusion_proof_is_accepted_for_its_leaf_and_no_other() -> None:
    """A proof shows one leaf at one index of one log."""
    for size in range(1, len(LARGE) + 1):
        node, root = merkle.reader_of(LARGE[:size]), merkle.root_of(LARGE[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, node)
            merkle.verify_inclusion(LARGE[index], index, size, proof, root)
            with pytest.raises(CheckFailed):
                merkle.verify_inclusion(HASHES[0], index, size, proof, root)


def test_every_consistency_proof_is_accepted_for_its_roots_and_no_other() -> None:
    """A proof shows growth between two roots; a changed root is found."""
    for new in range(len(LARGE) + 1):
        node = merkle.reader_of(LARGE[:new])
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, node)
            before, after = (
                (old, merkle.root_of(LARGE[:old])),
                (new, merkle.root_of(LARGE[:new])),
            )
            merkle.verify_consistency(before, after, proof)
            with pytest.raises(CheckFailed):
                merkle.verify_consistency((old, HASHES[7]), after, proof)
            if old > 0:
                with pytest.raises(CheckFailed):
                    merkle.verify_consistency(before, (new, HASHES[7]), proof)


def test_proof_with_a_changed_cut_or_extra_hash_is_refused() -> None:
    """Nothing but the proof itself passes."""
    node, root = merkle.reader_of(LARGE), merkle.root_of(LARGE)
    proof = merkle.inclusion_proof(5, 41, node)
    for wrong in (proof[:-1], [*proof, HASHES[0]], [HASHES[0], *proof[1:]], []):
        with pytest.raises(CheckFailed):
            merkle.verify_inclusion(LARGE[5], 5, 41, wrong, root)
    grown = merkle.consistency_proof(13, 41, node)
    old = (13, merkle.root_of(LARGE[:13]))
    for wrong in (grown[:-1], [*grown, HASHES[0]], [HASHES[0], *grown[1:]], []):
        with pytest.raises(CheckFailed):
            merkle.verify_consistency(old, (41, root), wrong)


def test_impossible_index_or_shrinking_log_is_refused() -> None:
    """Sizes that cannot be are named, not computed with."""
    node = merkle.reader_of(HASHES)
    with pytest.raises(BadInput):
        merkle.inclusion_proof(8, 8, node)
    with pytest.raises(BadInput):
        merkle.consistency_proof(9, 8, node)
    with pytest.raises(CheckFailed):
        merkle.verify_consistency((8, HASHES[0]), (7, HASHES[0]), [])
    with pytest.raises(CheckFailed):
        merkle.verify_inclusion(HASHES[0], 1, 1, [], HASHES[0])
