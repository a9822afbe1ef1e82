"""The plant's own random numbers: splitmix64, so that a seed means the same everywhere.

Pure: the state goes in and comes out. Not for secrets. Algorithm: Steele, Lea, Flood 2014,
as published in the public domain by Vigna (https://prng.di.unimi.it/splitmix64.c).
"""

from __future__ import annotations

_MASK = 2**64 - 1


def draw(state: int) -> tuple[int, int]:
    """The next state and 64 random bits."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    bits = state
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return state, bits ^ (bits >> 31)


def jitter_permille(state: int, spread_permille: int) -> tuple[int, int]:
    """The next state and a factor in ‰, uniform in 1000 ± ``spread_permille``."""
    state, bits = draw(state)
    return state, 1000 - spread_permille + bits % (2 * spread_permille + 1)
