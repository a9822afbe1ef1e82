"""C2SP tlog checkpoints: origin, size and root of a log as the text of a signed note.

Only the text's form lives here; signatures are the business of `note`.

Invariant: ``parse(c.text) == c``.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.archive.merkle import HASH_SIZE
from bitgrid_core.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log's state: whose it is, how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note's text, which is what is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse(text: str) -> Checkpoint:
    """A checkpoint from a note's text; extension lines are ignored.

    Raises:
        BadInput: fewer than three lines, a size with leading zeros, or a root of another length.
    """
    origin, _, rest = text.partition("\n")
    size_text, _, rest = rest.partition("\n")
    root_text, _, _ = rest.partition("\n")
    try:
        root = base64.b64decode(root_text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadInput("A checkpoint's root is not base64.", "Fetch it again.") from error
    found = Checkpoint(origin=origin, size=_size(size_text), root=root)
    if not origin or len(root) != HASH_SIZE or not text.startswith(found.text):
        raise BadInput("A checkpoint is malformed.", "Fetch it again.")
    return found


def _size(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LIMITS.log_size)):
        raise BadInput(f"{text[:40]!r} is not a log size.", "Fetch the checkpoint again.")
    return int(text)
