"""Opens what a replay or an explanation reads: a journal, slices, or closed days.

Closed days are compressed, and core knows no compression: whoever mounts the verbs says how such a
file is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, TypeAlias

from bitgrid_core.chain import Head, Record, from_json, verify_chain
from bitgrid_core.codec import loads
from bitgrid_core.errors import BadInput, CheckFailed, MissingDependency
from bitgrid_core.journal.days import SUFFIX, ClosedDay, header_of, records_of
from bitgrid_core.journal.sqlite import SqliteReader, StoredBody
from bitgrid_core.replay import ReplayRecord

OpenLines: TypeAlias = Callable[[Path], AbstractContextManager[Iterator[bytes]]]
"""Opens a compressed file as its lines."""

OPENERS: Final[dict[str, OpenLines]] = {}
"""By suffix; filled once, where the verbs are mounted."""

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"


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


def replay_records(path: Path, blocks: tuple[int | None, int | None]) -> Iterator[ReplayRecord]:
    """What a replay reads, cut to a range of blocks, with the policy in force before it.

    Args:
        path: journal, slice, closed day, or a folder of slices or of closed days.
        blocks: first and last block; ``None`` leaves a side open.

    Raises:
        BadInput: nothing there, or damaged.
    """
    if not path.is_dir() and is_journal(path):
        with SqliteReader(path) as reader:
            yield from _window(reader, blocks)
    else:
        records = day_records(path) if _holds_days(path) else slice_records(path)
        yield from _cut(records, blocks)


def day_records(path: Path) -> Iterator[Record]:
    """The records of a closed day, or of all in a folder, with the policy in force before them.

    Raises:
        BadInput: no day there, or a damaged line.
        CheckFailed: a record was changed, or a day between is missing.
    """
    last: ClosedDay | None = None
    for file in _days(path):
        try:
            with _opened(file) as rest:
                closed = header_of(next(rest, b""))
                if last is None and closed.policy is not None:
                    yield closed.policy
                if last is not None and closed.day.before != last.day.after:
                    raise CheckFailed(
                        f"{file} does not follow {last.day.name}: a day between is missing.",
                        "Fetch the days again, or name a single one.",
                    )
                yield from records_of(closed, rest)
                last = closed
        except BadInput as error:
            raise BadInput(f"{file} is damaged: {error.message}", "Take another copy.") from error


def _holds_days(path: Path) -> bool:
    return path.name.endswith(SUFFIX) or (path.is_dir() and any(path.glob(f"*{SUFFIX}")))


def _days(path: Path) -> list[Path]:
    return sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]


def _opened(file: Path) -> AbstractContextManager[Iterator[bytes]]:
    opener = OPENERS.get(file.suffix)
    if opener is None:
        raise MissingDependency(f"{file} is compressed.", "Decompress it by the command bitgrid.")
    return opener(file)


def begins_a_journal(path: Path) -> bool:
    """Whether the first record there is a journal's first.

    Raises:
        BadInput: nothing there, or damaged.
    """
    if _holds_days(path):
        with _opened(_days(path)[0]) as found:
            return header_of(next(found, b"")).day.first == 1
    if not path.is_dir() and is_journal(path):
        with SqliteReader(path) as reader:
            return reader.base().seq == 0
    first = next(slice_records(path), None)
    return first is not None and first.seq == 1


def _window(
    reader: SqliteReader, blocks: tuple[int | None, int | None]
) -> Iterator[StoredBody | Record]:
    first = 1 if blocks[0] is None else reader.first_of_block(blocks[0])
    if first is None:
        return
    after = None if blocks[1] is None else reader.first_of_block(blocks[1] + 1)
    policy = reader.newest("policy", before=first)
    if policy is not None:
        yield policy
    yield from reader.bodies(first, None if after is None else after - 1)


def _cut(
    records: Iterator[Record], blocks: tuple[int | None, int | None]
) -> Iterator[ReplayRecord]:
    low = -1 if blocks[0] is None else blocks[0]
    high = 2**62 if blocks[1] is None else blocks[1]
    inside = blocks[0] is None
    for record in records:
        block_id = record.body.get("block_id")
        if record.kind == "block" and isinstance(block_id, int):
            if block_id > high:
                return
            inside = block_id >= low
        if inside or record.kind == "policy":
            yield record
