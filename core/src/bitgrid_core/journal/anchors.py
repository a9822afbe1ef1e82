"""Anchors: signed heads outside the journal, against a cut tail or a rewritten chain.

An anchor is written beside the journal (one canonical JSON line each) and recorded in it.
Signing and checking signatures are functions that are passed in: core holds no cryptography
beyond hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from bitgrid_core.chain import Head
from bitgrid_core.codec import Json, decode, encode
from bitgrid_core.errors import BadInput, StorageError

FORMAT: Final = 1

Sign: TypeAlias = Callable[[bytes], tuple[str, str]]
"""Bytes to (signature, public key), both hex."""

CheckSignature: TypeAlias = Callable[[bytes, str, str], bool]
"""Whether bytes carry that signature by that public key, both hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A head at an instant, signed.

    Attributes:
        head: where the chain ended.
        at: RFC 3339 text.
        signature: hex, over ``signed_bytes``.
        public_key: hex.
    """

    head: Head
    at: str
    signature: str
    public_key: str

    def to_json(self) -> dict[str, Json]:
        """The anchor as one line of the file and as a record's body."""
        return {
            "anchor": cast("Json", _document(self.head, self.at)),
            "signature": self.signature,
            "public_key": self.public_key,
        }


def make_anchor(head: Head, at: str, sign: Sign) -> Anchor:
    """Sign a head."""
    signature, public_key = sign(signed_bytes(head, at))
    return Anchor(head=head, at=at, signature=signature, public_key=public_key)


def signed_bytes(head: Head, at: str) -> bytes:
    """What an anchor's signature covers."""
    return encode(cast("Json", _document(head, at)))


def read_anchors(path: Path) -> list[Anchor]:
    """The anchors of a file, oldest first; none if there is no file.

    Raises:
        BadInput: a line is no anchor.
        StorageError: the file cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(
            f"The anchors {path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    complete = lines[:-1]  # a last line without its line feed was never finished
    return [_parse(line, number) for number, line in enumerate(complete, start=1)]


def _parse(line: bytes, number: int) -> Anchor:
    try:
        anchor = _anchor(cast("dict[str, Json]", decode(line)))
        _require_canonical(anchor, line)
    except (BadInput, KeyError, TypeError) as error:
        raise BadInput(
            f"Line {number} of the anchors is damaged: {error}.", "Use the pushed checkpoints."
        ) from error
    return anchor


def _require_canonical(anchor: Anchor, line: bytes) -> None:
    if encode(anchor.to_json()) != line:
        raise BadInput(f"it is not of format {FORMAT}")


def _anchor(document: dict[str, Json]) -> Anchor:
    fields = cast("dict[str, Json]", document["anchor"])
    seq = fields["seq"]
    if isinstance(seq, bool) or not isinstance(seq, int) or seq < 0:
        raise TypeError(seq)
    return Anchor(
        head=Head(seq=seq, hash=str(fields["hash"])),
        at=str(fields["at"]),
        signature=str(document["signature"]),
        public_key=str(document["public_key"]),
    )


def _document(head: Head, at: str) -> dict[str, object]:
    return {"v": FORMAT, "seq": head.seq, "hash": head.hash, "at": at}
