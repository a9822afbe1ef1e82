"""The researcher's folder: a local copy of archives, kept apart by what is proven about it.

``nodes/NODE/sNNN/`` holds ``incoming/`` (as fetched), ``verified/`` (proven by this program) and
``quarantine/`` (proven bad), each in the layout of the bucket, and ``seen.checkpoint``, the
newest checkpoint that was ever proven here, and ``listing.json``, what the source showed last.

Must not know signatures or formats. Invariant: bytes get into ``verified/`` only by `accept`,
after their proof; unverified bytes never lie there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bitgrid_core import codec
from bitgrid_core.errors import BadInput
from bitgrid_research.layout import ShardId, size_limit, split
from bitgrid_research.outcome import CannotCheck

NODES = "nodes"
OPENED = "opened"
PART = ".part"
_SEEN = "seen.checkpoint"
_LISTING = "listing.json"


class Place(StrEnum):
    """Where bytes lie, which says what is known of them."""

    VERIFIED = "verified"
    INCOMING = "incoming"
    QUARANTINE = "quarantine"


_BEST_FIRST = (Place.VERIFIED, Place.INCOMING, Place.QUARANTINE)
_NEWEST_FIRST = (Place.INCOMING, Place.QUARANTINE, Place.VERIFIED)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with everything that was pulled; nothing is created before it is needed."""

    folder: Path

    def shards(self) -> list[ShardId]:
        """Every shard that was pulled, in order."""
        found = (split(f"v1/{path.parent.name}/{path.name}/x") for path in self._shard_folders())
        return sorted(item[0] for item in found if item is not None)

    def shard(self, shard: ShardId) -> ShardFolder:
        """The folder of one shard."""
        return ShardFolder(self.folder / NODES / shard.node / shard.shard)

    def demand(self) -> list[ShardId]:
        """Like ``shards``, for commands that need at least one.

        Raises:
            CannotCheck: nothing was pulled into this folder.
        """
        found = self.shards()
        if not found:
            raise CannotCheck(
                f"{self.folder} holds no pulled archive.",
                "Run `bitgrid-research pull SOURCE WORKSPACE` first.",
            )
        return found

    def _shard_folders(self) -> Iterator[Path]:
        return (self.folder / NODES).glob("*/*/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Names and sizes that a source showed for one shard."""

    source: str
    names: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ShardFolder:
    """The bytes of one shard, by name and place."""

    folder: Path

    def path(self, name: str, place: Place) -> Path:
        """Where a name's bytes lie, or would."""
        return self.folder / place / name

    def find(self, name: str, *, newest: bool = False) -> Path | None:
        """Where a name's bytes are: proven ones first, unless ``newest`` asks for fetched ones."""
        places = _NEWEST_FIRST if newest else _BEST_FIRST
        paths = (self.path(name, place) for place in places)
        return next((path for path in paths if path.is_file()), None)

    def read(self, name: str, *, newest: bool = False) -> bytes | None:
        """A name's bytes, at most one more than its kind may have; ``None`` if it is not here."""
        path = self.find(name, newest=newest)
        if path is None:
            return None
        with path.open("rb") as file:
            return file.read((size_limit(name) or 0) + 1)

    def names(self, below: str = "") -> list[str]:
        """Names of format 1 that are here, in whatever place, sorted; ``below`` one folder only."""
        found: set[str] = set()
        for place in Place:
            base = self.folder / place
            found.update(path.relative_to(base).as_posix() for path in (base / below).rglob("*"))
        return sorted(name for name in found if size_limit(name) and self.find(name))

    def accept(self, name: str) -> None:
        """Move a name's bytes, whose proof was just made, to the verified ones."""
        self._move(name, Place.VERIFIED, newest=name.endswith("/checkpoint"))
        self.path(name, Place.QUARANTINE).unlink(missing_ok=True)

    def reject(self, name: str) -> None:
        """Move a name's bytes, just proven bad, out of reach."""
        self._move(name, Place.QUARANTINE, newest=name.endswith("/checkpoint"))

    def seen(self) -> bytes | None:
        """The newest checkpoint that was ever proven here."""
        try:
            return (self.folder / _SEEN).read_bytes()
        except FileNotFoundError:
            return None

    def remember(self, checkpoint: bytes) -> None:
        """Keep a proven checkpoint for the next comparison."""
        write_whole(self.folder / _SEEN, checkpoint)

    def listing(self) -> Listing | None:
        """What the source showed at the last pull; ``None`` before the first.

        Raises:
            CannotCheck: the note of it was damaged.
        """
        try:
            document = codec.loads((self.folder / _LISTING).read_bytes())
            return _listing(document)
        except FileNotFoundError:
            return None
        except BadInput as error:
            raise CannotCheck(
                f"{self.folder / _LISTING} is damaged.", "Delete it and pull again."
            ) from error

    def note_listing(self, listing: Listing) -> None:
        """Keep what the source showed."""
        document: codec.Json = {"source": listing.source, "names": dict(listing.names)}
        write_whole(self.folder / _LISTING, codec.encode(document))

    def _move(self, name: str, place: Place, *, newest: bool) -> None:
        source, target = self.find(name, newest=newest), self.path(name, place)
        if source is not None and source != target:
            make_folder(target.parent)
            source.replace(target)


def _listing(document: codec.Json) -> Listing:
    source, known = (
        (document.get("source"), document.get("names")) if isinstance(document, dict) else (0, 0)
    )
    if not isinstance(source, str) or not isinstance(known, dict):
        raise BadInput("Not a listing.", "Pull again.")
    sizes = {name: size for name, size in known.items() if isinstance(size, int)}
    return Listing(source=source, names=sizes)


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a crash leaves the old or the new one.

    Raises:
        CannotCheck: the disk refuses.
    """
    make_folder(path.parent)
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise CannotCheck(
            f"{path} cannot be written: {error.strerror}.", "Check space and permissions."
        ) from error


def make_folder(path: Path) -> None:
    """Make a folder and its parents.

    Raises:
        CannotCheck: the disk refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCheck(
            f"{path} cannot be made: {error.strerror}.", "Give a workspace that you may write."
        ) from error
