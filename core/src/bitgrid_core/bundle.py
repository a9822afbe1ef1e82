"""A replay bundle: what of a window of a journal is needed to decide it again, and what was decided.

A tar of ``manifest.json`` and ``records.jsonl``: the policy in force before the window, then every
record of the window as in an outbox slice with its private part dropped — names and places stay
behind, and the commitment keeps each hash computable. Pure: bytes and values, no file. Invariants:
``decode(encode(m)) == m``; records that do not follow each other, or end elsewhere than the manifest
says, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final, cast

from bitgrid_core import codec
from bitgrid_core.chain import Head, Record, from_json, verify_chain
from bitgrid_core.codec import Json, encode_trusted
from bitgrid_core.errors import BadInput, CheckFailed

FORMAT: Final = "bitgrid-replay-bundle/1"
MANIFEST: Final = "manifest.json"
RECORDS: Final = "records.jsonl"
MAX_MANIFEST_BYTES: Final = 64 * 1024
MAX_LINE_BYTES: Final = 4 * 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle holds.

    Attributes:
        first: number of the window's first record; 1 is a journal's beginning.
        last: number of its last record.
        policy: number of the policy's record before it, or ``None``.
        first_block: first block decided in it, or ``None``.
        last_block: last block decided in it, or ``None``.
        head_before: hash of the record before ``first``.
        head_after: hash of record ``last``.
        policies: digests of the policies in force, in order.
        software: versions that wrote it, as its boots say, in order.
        size: bytes of ``records.jsonl``.
        sha256: of them.
    """

    first: int
    last: int
    policy: int | None
    first_block: int | None
    last_block: int | None
    head_before: str
    head_after: str
    policies: tuple[str, ...]
    software: tuple[str, ...]
    size: int
    sha256: str


class Summary:
    """Gathers what a manifest says while records pass by."""

    def __init__(self) -> None:
        """Begin before the first record."""
        self.count = 0
        self._policy: int | None = None
        self._first: Record | None = None
        self._last: Record | None = None
        self._blocks: list[int] = []
        self._policies: dict[str, None] = {}
        self._software: dict[str, None] = {}

    def take(self, record: Record, *, before: bool) -> bytes:
        """One record's line; ``before`` says that it is the policy from before the window.

        Raises:
            CheckFailed: it was changed, or does not follow the one before.
        """
        document = replace(record, private=None, salt=None).to_json()
        if from_json(document).hash != record.hash:
            raise CheckFailed(f"Record {record.seq} was changed.", "Verify the journal.")
        if record.kind == "policy":
            self._policies[str(record.body.get("digest"))] = None
        if before:
            self._policy = record.seq
        else:
            if self._last is not None and record.prev != self._last.hash:
                raise CheckFailed(f"Record {record.seq} does not follow.", "Verify the journal.")
            self._first, self._last = self._first or record, record
            self._note(record)
        self.count += 1
        return encode_trusted(document) + b"\n"

    def manifest(self, size: int, sha256: str) -> Manifest:
        """The manifest of all that was taken.

        Raises:
            BadInput: there was nothing.
        """
        if self._first is None or self._last is None:
            raise BadInput("The window holds no record.", "Check --from and --to.")
        return Manifest(
            first=self._first.seq,
            last=self._last.seq,
            policy=self._policy,
            first_block=min(self._blocks, default=None),
            last_block=max(self._blocks, default=None),
            head_before=self._first.prev,
            head_after=self._last.hash,
            policies=tuple(self._policies),
            software=tuple(self._software),
            size=size,
            sha256=sha256,
        )

    def _note(self, record: Record) -> None:
        block_id, software = record.body.get("block_id"), record.body.get("software")
        if record.kind == "block" and isinstance(block_id, int):
            self._blocks = [min([*self._blocks, block_id]), max([*self._blocks, block_id])]
        if record.kind == "boot" and isinstance(software, str):
            self._software[software] = None


def encode(manifest: Manifest) -> bytes:
    """Canonical bytes of a manifest."""
    document: dict[str, object] = {"v": 1, "format": FORMAT, **asdict(manifest)}
    document |= {"policies": list(manifest.policies), "software": list(manifest.software)}
    return codec.encode(cast("Json", document))


def decode(data: bytes) -> Manifest:
    """A manifest from its bytes.

    Raises:
        BadInput: too large, another format, or a field that cannot be.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise BadInput(f"A manifest of {len(data)} bytes is too large.", "Make the bundle again.")
    document = codec.decode(data)
    if not isinstance(document, dict) or (document.get("v"), document.get("format")) != (1, FORMAT):
        raise BadInput("The bundle has an unknown format.", "Use a newer version.")
    del document["v"], document["format"]
    for name in ("head_before", "head_after", "sha256"):
        if not _HASH.fullmatch(str(document.get(name))):
            raise BadInput(f"Field {name} of the bundle is no hash.", "Make the bundle again.")
    try:
        texts = {name: tuple(cast("list[str]", document.pop(name))) for name in _TEXTS}
        numbers = {name: _number(name, document.pop(name)) for name in _NUMBERS}
        return Manifest(**numbers, **texts, **document)  # type: ignore[arg-type]  # checked above
    except (KeyError, TypeError) as error:
        raise BadInput(f"The bundle's manifest is none: {error}.", "Make it again.") from error


def records_of(manifest: Manifest, lines: Iterable[bytes]) -> Iterator[Record]:
    """The records of a bundle in order, each following the last.

    Raises:
        BadInput: a line is no record.
        CheckFailed: a record was changed, taken away or added.
    """
    head = Head(seq=manifest.first - 1, hash=manifest.head_before)
    waits_for_policy = manifest.policy is not None
    for number, line in enumerate(lines, start=1):
        record = _parsed(number, line)
        if waits_for_policy:
            waits_for_policy = False
            if record.kind != "policy" or record.seq != manifest.policy:
                raise CheckFailed("The bundle does not begin with its policy.", _AGAIN)
        else:
            head, fault = verify_chain([record], head)
            if fault is not None:
                raise CheckFailed(f"In the bundle, {fault.reason}.", _AGAIN)
        yield record
    if (head.seq, head.hash) != (manifest.last, manifest.head_after):
        raise CheckFailed(f"The bundle ends at record {head.seq}, not {manifest.last}.", _AGAIN)


_AGAIN: Final = "Make the bundle again."
_TEXTS: Final = ("policies", "software")
_NUMBERS: Final = ("first", "last", "policy", "first_block", "last_block", "size")
_OPTIONAL: Final = frozenset({"policy", "first_block", "last_block"})


def _number(name: str, value: Json) -> int | None:
    if value is None and name in _OPTIONAL:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(name)
    return value


def _parsed(number: int, line: bytes) -> Record:
    try:
        return from_json(codec.loads(line))
    except BadInput as error:
        raise BadInput(f"Line {number} of the bundle: {error.message}", error.hint) from error
