"""Opens what a replay or an explanation reads: journal, slices, bundle or closed days.

Reading only: a journal that nobody has open is read as a file that nobody changes, so that nothing
appears beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from bitgrid_core.chain import Head, Record, from_json, verify_chain
from bitgrid_core.cli.bundles import bundle_records, is_bundle, read_manifest
from bitgrid_core.cli.days import begins_at, day_records, holds_days
from bitgrid_core.codec import loads
from bitgrid_core.errors import BadInput, CheckFailed
from bitgrid_core.inputs import PolicyChanged, from_record
from bitgrid_core.journal.sqlite import SqliteReader, StoredBody
from bitgrid_core.policy import Policy
from bitgrid_core.replay import ReplayRecord

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_SHORTEST_PREFIX: Final = 6
_SHOWN: Final = 12

Blocks: TypeAlias = tuple[int | None, int | None]
"""First and last block; ``None`` leaves a side open."""


def is_journal(path: Path) -> bool:
    """Whether a file is an SQLite journal.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error


def slice_records(path: Path) -> Iterator[Record]:
    """The records of a slice, or of all slices of a folder in order, each following the last.

    Raises:
        BadInput: no slice there, or a damaged line.
        CheckFailed: a record was changed, or a slice between is missing.
    """
    files = sorted(path.glob("*-*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise BadInput(f"{path} holds no slices.", "Name a journal, a slice or a folder of slices.")
    head = None
    for file in files:
        for record in _read(file):
            before = head or Head(seq=record.seq - 1, hash=record.prev)
            head, fault = verify_chain([record], before)
            if fault is not None:
                raise CheckFailed(f"{file}: {fault.reason}.", "Fetch the slices again.")
            yield record


def _read(file: Path) -> Iterator[Record]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield _parsed(file, number, line)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", "Check the name.") from error


def _parsed(file: Path, number: int, line: bytes) -> Record:
    try:
        return from_json(loads(line))
    except BadInput as error:
        raise BadInput(
            f"Line {number} of {file} is not a record: {error.message}", error.hint
        ) from error


def replay_records(path: Path, blocks: Blocks) -> Iterator[ReplayRecord]:
    """What a replay reads, cut to a range of blocks, with the policy in force before it.

    Args:
        path: journal, slice, bundle, closed day, or a folder of slices or of closed days.
        blocks: first and last block.

    Raises:
        BadInput: nothing there, or damaged.
    """
    if not path.is_dir() and is_journal(path):
        with SqliteReader(path, at_rest=True) as reader:
            yield from _window(reader, blocks)
    else:
        yield from _cut(_chained(path), blocks)


def window_records(path: Path, blocks: Blocks) -> Iterator[tuple[Record, bool]]:
    """The same as whole records, every kind among them, for a bundle.

    Yields:
        A record, and whether it is the policy in force before the window.

    Raises:
        BadInput: nothing there, or damaged.
    """
    if not path.is_dir() and is_journal(path):
        with SqliteReader(path, at_rest=True) as reader:
            first, last = _bounds(reader, blocks)
            policy = reader.newest("policy", before=first) if first > 1 else None
            if policy is not None:
                yield policy, True
            yield from ((record, False) for record in reader.records(first, last))
        return
    policy, inside = None, False
    for record in _until(_chained(path), blocks[1]):
        block_id = record.body.get("block_id")
        starts = (
            record.kind == "block" and isinstance(block_id, int) and block_id >= (blocks[0] or 0)
        )
        if not inside and (blocks[0] is None or starts):
            inside = True
            if policy is not None:
                yield policy, True
        if inside:
            yield record, False
        elif record.kind == "policy":
            policy = record


def recorded_policy(path: Path, digest: str) -> Policy:
    """The recorded policy whose digest begins like this.

    Raises:
        BadInput: none does, or several do.
    """
    found: dict[str, Policy] = {}
    for record in _policies(path):
        item = from_record("policy", record.body)
        if isinstance(item, PolicyChanged):
            found[str(record.body["digest"])] = item.policy
    fitting = [name for name in found if name.startswith(digest)]
    if len(digest) < _SHORTEST_PREFIX or len(fitting) != 1:
        known = ", ".join(name[:_SHOWN] for name in found) or "none"
        raise BadInput(
            f"recorded:{digest} names {len(fitting)} policies of {path}.",
            f"Give {_SHORTEST_PREFIX} characters or more; recorded there: {known}.",
        )
    return found[fitting[0]]


def _policies(path: Path) -> Iterator[Record]:
    if path.is_dir() or not is_journal(path):
        yield from (record for record in _chained(path) if record.kind == "policy")
        return
    with SqliteReader(path, at_rest=True) as reader:
        record = reader.newest("policy")
        while record is not None:
            yield record
            record = reader.newest("policy", before=record.seq)


def _chained(path: Path) -> Iterator[Record]:
    """The records of whatever is no journal, each following the last."""
    if holds_days(path):
        return day_records(path)
    is_tar = not path.is_dir() and is_bundle(path)
    return bundle_records(path) if is_tar else slice_records(path)


def begins_a_journal(path: Path) -> bool:
    """Whether the first record there is a journal's first.

    Raises:
        BadInput: nothing there, or damaged.
    """
    if holds_days(path):
        return begins_at(path) == 1
    if not path.is_dir() and is_journal(path):
        with SqliteReader(path, at_rest=True) as reader:
            return reader.base().seq == 0
    if not path.is_dir() and is_bundle(path):
        return read_manifest(path).first == 1
    first = next(slice_records(path), None)
    return first is not None and first.seq == 1


def _window(reader: SqliteReader, blocks: Blocks) -> Iterator[StoredBody | Record]:
    first, last = _bounds(reader, blocks)
    policy = reader.newest("policy", before=first)
    if policy is not None:
        yield policy
    yield from reader.bodies(first, last)


def _bounds(reader: SqliteReader, blocks: Blocks) -> tuple[int, int | None]:
    """Numbers of the window's first and last record; beyond the end where it holds no block."""
    begin = reader.base().seq + 1
    first = begin if blocks[0] is None else reader.first_of_block(blocks[0])
    after = None if blocks[1] is None else reader.first_of_block(blocks[1] + 1)
    return reader.head().seq + 1 if first is None else first, None if after is None else after - 1


def _cut(records: Iterator[Record], blocks: Blocks) -> Iterator[ReplayRecord]:
    low = -1 if blocks[0] is None else blocks[0]
    inside = blocks[0] is None
    for record in _until(records, blocks[1]):
        block_id = record.body.get("block_id")
        if record.kind == "block" and isinstance(block_id, int):
            inside = block_id >= low
        if inside or record.kind == "policy":
            yield record


def _until(records: Iterator[Record], last_block: int | None) -> Iterator[Record]:
    for record in records:
        block_id = record.body.get("block_id")
        is_after = isinstance(block_id, int) and last_block is not None and block_id > last_block
        if record.kind == "block" and is_after:
            return
        yield record
