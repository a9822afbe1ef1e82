"""The outbox: closed slices of the journal in a directory that the agent may only read.

A slice is one JSON line per record, private parts included — redaction is the agent's, under
the owner's consent. Order of a slice: file written and synced, renamed, directory synced,
index line appended and synced. After a crash the next ``close_slice`` finishes or repeats it:
a slice never changes once its index line stands, and slices join without a hole.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, cast

from bitgrid_core import __version__
from bitgrid_core.block import at_text
from bitgrid_core.chain import Head, Record
from bitgrid_core.codec import Json, encode_trusted, loads
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.journal.protocol import JournalReader

FORMAT: Final = 1
STREAM: Final = "logs"
SOFTWARE: Final = f"bitgrid-core {__version__}"


class Outbox:
    """Writes slices of one journal into one directory."""

    def __init__(self, folder: Path) -> None:
        """Use (or create) ``folder/logs``.

        Raises:
            StorageError: the folder cannot be made or its index is damaged.
        """
        self._folder = folder / STREAM
        self._index = self._folder / "index.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._last = self._recovered()
        except OSError as error:
            raise _failed(self._folder, error) from error
        self._failed_before = False

    @property
    def last_seq(self) -> int:
        """Number of the last record that lies in a closed slice."""
        return self._last.seq

    def close_slice(self, journal: JournalReader, at_ms: int) -> str | None:
        """Write all records after the last slice as the next one.

        Args:
            journal: where the records stand.
            at_ms: when the slice is closed.

        Returns:
            The slice's file name, or ``None`` if there was nothing new.

        Raises:
            StorageError: the disk did not take it, or the journal does not go on where the
                last slice ended; nothing is half-done.
        """
        try:
            if self._failed_before:
                self._last = self._recovered()
            self._failed_before = True  # until the end is reached
            name = self._close_slice(journal, at_ms)
        except OSError as error:
            raise _failed(self._folder, error) from error
        self._failed_before = False
        return name

    def _close_slice(self, journal: JournalReader, at_ms: int) -> str | None:
        records = list(journal.records(self._last.seq + 1))
        follows = records[0].prev == self._last.hash if records else self._ends(journal)
        if not follows:
            raise StorageError(
                f"The journal does not go on where the outbox ends, at record {self._last.seq}.",
                f"Move {self._folder} aside if the journal is a new one.",
            )
        if not records:
            return None
        data = b"".join(encode_trusted(record.to_json()) + b"\n" for record in records)
        entry = _entry(records, data, self._last, at_ms)
        self._write(str(entry["file"]), data)
        self._append_index(entry)
        self._last = Head(seq=records[-1].seq, hash=records[-1].hash)
        return str(entry["file"])

    def _ends(self, journal: JournalReader) -> bool:
        return journal.head() == self._last

    def _write(self, name: str, data: bytes) -> None:
        pending = self._folder / f".{name}.part"
        with pending.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        pending.rename(self._folder / name)
        self._sync_folder()

    def _append_index(self, entry: dict[str, Json]) -> None:
        with self._index.open("ab") as file:
            file.write(encode_trusted(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._sync_folder()

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _recovered(self) -> Head:
        """The last complete index line; what a crash left behind it is taken away."""
        data = self._index.read_bytes() if self._index.exists() else b""
        complete = data[: data.rfind(b"\n") + 1]
        if len(complete) < len(data):
            with self._index.open("r+b") as file:
                file.truncate(len(complete))
                file.flush()
                os.fsync(file.fileno())
        last = self._end_of(complete)
        self._drop_unfinished(last.seq)
        return last

    def _end_of(self, index: bytes) -> Head:
        if not index:
            return Head()
        try:
            entry = cast("dict[str, Json]", loads(index[:-1].rpartition(b"\n")[2]))
            return Head(seq=int(str(entry["last"])), hash=str(entry["head_after"]))
        except (BadInput, KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"The last line of {self._index} is damaged: {error}.",
                "Restore the index, or move the outbox aside.",
            ) from error

    def _drop_unfinished(self, last_seq: int) -> None:
        """Remove a slice that no index line names: it will be written again, maybe longer."""
        for path in self._folder.glob(".*.jsonl.part"):
            path.unlink()
        for path in self._folder.glob("*-*.jsonl"):
            if _first_of(path) > last_seq:
                path.unlink()


def _first_of(path: Path) -> int:
    text = path.name.partition("-")[0]
    return int(text) if text.isdecimal() else 0


def _entry(records: list[Record], data: bytes, before: Head, at_ms: int) -> dict[str, Json]:
    first, last = records[0].seq, records[-1].seq
    blocks = [cast("int", record.body["block_id"]) for record in records if record.kind == "block"]
    digests = {str(record.body["policy"]) for record in records if record.kind == "decision"}
    return {
        "v": FORMAT,
        "stream": STREAM,
        "first": first,
        "last": last,
        "file": f"{first:012d}-{last:012d}.jsonl",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "head_before": before.hash,
        "head_after": records[-1].hash,
        "first_block": min(blocks, default=None),
        "last_block": max(blocks, default=None),
        "closed_at": at_text(at_ms),
        "policy_digests": cast("Json", sorted(digests)),
        "software": SOFTWARE,
    }


def _failed(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The outbox {folder} failed: {error.strerror}.", "Check the disk and its permissions."
    )
