"""Reads core's outbox: the index of closed slices and the slices' records. Never writes there.

Everything is checked before it is used: the index joins without overlap and its heads meet, a
slice has the size and hash that the index says, and its records count up by one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from bitgrid_core import codec
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput, CheckFailed, StorageError
from bitgrid_mirror_agent import instants

INDEX = "index.jsonl"
_FILE = re.compile(r"[0-9]{12}-[0-9]{12}\.jsonl")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One line of the index: records ``first`` to ``last`` in a file that never changes."""

    stream: str
    first: int
    last: int
    file: str
    size: int
    sha256: str
    head_before: str
    head_after: str
    first_block: int | None
    last_block: int | None
    closed_at_ms: int
    policy_digests: tuple[str, ...]
    software: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as core wrote it: ``line`` with its line feed, and its parsed form."""

    seq: int
    prev: str
    line: bytes
    document: dict[str, codec.Json]


class OutboxReader:
    """The outbox below one directory.

    Args:
        root: the directory with one subdirectory per stream.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def slices(self, stream: str) -> list[Slice]:
        """The closed slices of a stream, oldest first; a line still being written is left out.

        Raises:
            CheckFailed: the index overlaps itself, or its heads do not meet.
            BadInput: a line is not an index line.
        """
        try:
            data = (self._root / stream / INDEX).read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self._root / stream / INDEX, error) from error
        found: list[Slice] = []
        for line in data.split(b"\n")[:-1]:
            found.append(_slice(line, stream))
            if len(found) > 1:
                _check_join(found[-2], found[-1])
        return found

    def newest_ms(self, streams: tuple[str, ...]) -> int | None:
        """When the newest slice of these streams was closed."""
        closed = [entry.closed_at_ms for stream in streams for entry in self.slices(stream)[-1:]]
        return max(closed, default=None)

    def has(self, entry: Slice) -> bool:
        """Whether the slice's file is still there: core prunes old ones and keeps the index."""
        return (self._root / entry.stream / entry.file).is_file()

    def records(self, entry: Slice) -> Iterator[Record]:
        """The records of a slice, after its size and hash were found right.

        Raises:
            CheckFailed: the file is not what the index says.
        """
        path = self._root / entry.stream / entry.file
        try:
            with path.open("rb") as file:
                _check_content(file, entry)
                file.seek(0)
                yield from _records(file, entry)
        except OSError as error:
            raise _unreadable(path, error) from error


def _check_content(file: BinaryIO, entry: Slice) -> None:
    size, found = 0, hashlib.sha256()
    while block := file.read(_BLOCK):
        size += len(block)
        found.update(block)
    if size != entry.size or found.hexdigest() != entry.sha256:
        raise CheckFailed(
            f"Slice {entry.file} has other bytes than the index says.",
            "Check the disk, then run bitgrid journal verify.",
        )


def _records(file: BinaryIO, entry: Slice) -> Iterator[Record]:
    expected, head = entry.first, entry.head_before
    while line := file.readline(LIMITS.record + 1):
        document = codec.loads(line) if len(line) <= LIMITS.record else None
        if not isinstance(document, dict) or document.get("seq") != expected:
            raise CheckFailed(
                f"Slice {entry.file} has no record {expected} in its place.",
                "Run bitgrid journal verify.",
            )
        prev = str(document.get("prev"))
        if expected == entry.first and prev != head:
            raise CheckFailed(
                f"Record {expected} does not continue the head that the index says.",
                "Run bitgrid journal verify.",
            )
        yield Record(seq=expected, prev=prev, line=line, document=document)
        expected += 1
    if expected != entry.last + 1:
        raise CheckFailed(
            f"Slice {entry.file} ends before record {entry.last}.", "Run bitgrid journal verify."
        )


def _check_join(before: Slice, after: Slice) -> None:
    overlap = after.first <= before.last
    broken = after.first == before.last + 1 and after.head_before != before.head_after
    if overlap or broken:
        raise CheckFailed(
            f"Slices {before.file} and {after.file} do not join.", "Run bitgrid journal verify."
        )


def _slice(line: bytes, stream: str) -> Slice:
    value = codec.loads(line)
    if not isinstance(value, dict) or value.get("v") != 1 or value.get("stream") != stream:
        raise BadInput(f"The index of {stream} has a line of another form.", "Update the agent.")
    found = Slice(
        stream=stream,
        first=_count(value, "first"),
        last=_count(value, "last"),
        file=str(value.get("file")),
        size=_count(value, "size"),
        sha256=_hash(value, "sha256"),
        head_before=_hash(value, "head_before"),
        head_after=_hash(value, "head_after"),
        first_block=_block(value, "first_block"),
        last_block=_block(value, "last_block"),
        closed_at_ms=instants.parse(value.get("closed_at")),
        policy_digests=_digests(value),
        software=str(value.get("software")),
    )
    if not _FILE.fullmatch(found.file) or not 1 <= found.first <= found.last:
        raise BadInput(
            f"The index of {stream} names {found.file!r}.", "Run bitgrid journal verify."
        )
    return found


def _count(value: Mapping[str, codec.Json], name: str) -> int:
    found = value.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise BadInput(f"The outbox index has {found!r} as {name}.", "Run bitgrid journal verify.")
    return found


def _block(value: Mapping[str, codec.Json], name: str) -> int | None:
    return None if value.get(name) is None else _count(value, name)


def _hash(value: Mapping[str, codec.Json], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not _HEX64.fullmatch(found):
        raise BadInput(f"The outbox index has no hash as {name}.", "Run bitgrid journal verify.")
    return found


def _digests(value: Mapping[str, codec.Json]) -> tuple[str, ...]:
    found = value.get("policy_digests")
    return tuple(str(item) for item in cast("list[codec.Json]", found or []))


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be read: {error.strerror}.", "Give the agent read access to the outbox."
    )
