"""Notes under ``keys/``: a numbered set of verifier keys, signed by the set before.

Set 0 signs itself: what makes it trustworthy is the fingerprint that a reader pins. Later
sets carry signatures of both sets. Knows no secret key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bitgrid_core.archive.note import VerifierKey, parse_verifier_key
from bitgrid_core.errors import BadInput

_MARK = "keys "
_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The keys of one log from a moment on."""

    origin: str
    number: int
    keys: tuple[VerifierKey, ...]

    @property
    def text(self) -> str:
        """The note's text: origin, number, one verifier key a line."""
        lines = [self.origin, f"{_MARK}{self.number}", *(key.text for key in self.keys)]
        return "\n".join(lines) + "\n"


def parse(text: str) -> KeySet:
    """A key set from a note's text.

    Raises:
        BadInput: another form, no key or too many, or a key of another log.
    """
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not lines[1].removeprefix(_MARK).isdecimal():  # noqa: PLR2004
        raise BadInput("A key note is malformed.", "Fetch it again.")
    keys = tuple(parse_verifier_key(line) for line in lines[2 : 3 + _MOST])
    found = KeySet(origin=lines[0], number=int(lines[1].removeprefix(_MARK)), keys=keys)
    if found.text != text or len(keys) > _MOST or not _all_of(found.origin, keys):
        raise BadInput("A key note names too many keys, or a foreign one.", "Do not trust it.")
    return found


def _all_of(origin: str, keys: Sequence[VerifierKey]) -> bool:
    return all(key.name == origin for key in keys)
