"""Bech32 (BIP 173) as age uses it: text form of recipients and identities, without a length limit.

Knows only the coding: what a decoded key opens is none of its business.

Invariant: ``decode(encode(p, d)) == (p, d)``; a changed character is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from bitgrid_core.errors import BadInput

RECIPIENT = "age"
IDENTITY = "age-secret-key-"
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6
_MOST = 4096


def encode(prefix: str, data: bytes) -> str:
    """Lower-case Bech32 text of ``data``."""
    words = _regroup(data, 8, 5, pad=True)
    check = _polymod([*_expand(prefix), *words, *[0] * _CHECKSUM_LENGTH]) ^ 1
    words += [(check >> 5 * (5 - i)) & 31 for i in range(_CHECKSUM_LENGTH)]
    return f"{prefix}1" + "".join(_ALPHABET[word] for word in words)


def decode(text: str) -> tuple[str, bytes]:
    """Prefix (in lower case) and bytes of a Bech32 text, all lower or all upper case.

    Raises:
        BadInput: a foreign character, mixed case, a wrong checksum or stray bits; the text, which
            may be a secret, is not repeated.
    """
    if len(text) > _MOST or text not in (text.lower(), text.upper()):
        raise _refused("mixes upper and lower case, or is too long")
    prefix, mark, tail = text.lower().rpartition("1")
    if not mark or not prefix or len(tail) < _CHECKSUM_LENGTH:
        raise _refused("has no prefix or is cut")
    if not (prefix.isascii() and prefix.isprintable() and set(tail) <= set(_ALPHABET)):
        raise _refused("holds a character that no key has")
    words = [_ALPHABET.index(char) for char in tail]
    if _polymod([*_expand(prefix), *words]) != 1:
        raise _refused("has a wrong checksum")
    return prefix, bytes(_regroup(words[:-_CHECKSUM_LENGTH], 5, 8, pad=False))


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATOR):
            check ^= generator if (top >> i) & 1 else 0
    return check


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _regroup(data: Iterable[int], old: int, new: int, *, pad: bool) -> list[int]:
    value = bits = 0
    out: list[int] = []
    for word in data:
        value, bits = (value << old | word) & 0xFFFF, bits + old
        while bits >= new:
            bits -= new
            out.append(value >> bits & ((1 << new) - 1))
    rest = value & ((1 << bits) - 1)
    if pad and bits:
        out.append(rest << (new - bits))
    elif not pad and (bits >= old or rest):
        raise _refused("has stray bits at its end")
    return out


def _refused(what: str) -> BadInput:
    return BadInput(f"The key {what}.", "Copy the whole key again.")
