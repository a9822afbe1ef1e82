"""Padding that hides a plaintext's length, written as a zstd skippable frame.

Padmé (Nikitin et al., PETS 2019) leaves O(log log n) bits of a length and adds at most 12 %.
The frame is the last one, so that ``zstd -d`` and readers of a single frame both skip it.
"""

from __future__ import annotations

SKIPPABLE_MAGIC = 0x184D2A50
FRAME_HEADER_SIZE = 8


def padme(length: int) -> int:
    """The padded length: at least ``length``, with few significant bits."""
    if length < 2:  # noqa: PLR2004 - the logarithms start here
        return length
    exponent = length.bit_length() - 1
    kept = exponent.bit_length()
    mask = (1 << (exponent - kept)) - 1 if exponent > kept else 0
    return (length + mask) & ~mask


def frame(length: int) -> bytes:
    """The skippable frame that brings a zstd stream of ``length`` bytes to a Padmé length."""
    bare = length + FRAME_HEADER_SIZE
    zeros = padme(bare) - bare
    return SKIPPABLE_MAGIC.to_bytes(4, "little") + zeros.to_bytes(4, "little") + bytes(zeros)
