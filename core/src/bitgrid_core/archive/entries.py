"""Entry bundles of C2SP tlog-tiles: up to 256 leaves, each behind its length in 16 bits.

Knows no leaf's meaning.

Invariant: ``unpack(pack(x), len(x)) == x``.
"""

from __future__ import annotations

from collections.abc import Sequence

from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput, CheckFailed


def pack(leaves: Sequence[bytes]) -> bytes:
    """Bytes of a bundle."""
    too_long = next((leaf for leaf in leaves if len(leaf) > LIMITS.leaf), None)
    if too_long is not None:
        raise BadInput(
            f"A leaf of {len(too_long)} bytes exceeds {LIMITS.leaf}.", "Name fewer things in it."
        )
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def unpack(data: bytes, count: int) -> list[bytes]:
    """The ``count`` leaves of a bundle.

    Raises:
        CheckFailed: a leaf is cut or too long, or the bundle holds another number of leaves.
    """
    leaves: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data) or end - at - 2 > LIMITS.leaf:
            raise CheckFailed(f"An entry bundle is cut at byte {at}.", "Fetch it again.")
        leaves.append(data[at + 2 : end])
        at = end
    if len(leaves) != count:
        raise CheckFailed(
            f"An entry bundle holds {len(leaves)} leaves, not {count}.", "Fetch it again."
        )
    return leaves
