"""Fetching archives into a workspace: log first, then the objects that the log names.

Must not judge what it fetches: everything lands in ``incoming/`` and waits for ``verify``.
Invariants: no fetched byte is written beyond the limit of its name; strays are not fetched; a
cut download goes on where it stopped; what lies in ``verified/`` is never fetched again.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bitgrid_core.archive import entries, leaf, names
from bitgrid_core.errors import BitgridError
from bitgrid_research import layout
from bitgrid_research.layout import ShardId, is_object, size_limit
from bitgrid_research.outcome import CannotCheck, Finding, Outcome
from bitgrid_research.progress import Advance, progress
from bitgrid_research.store_reader import NotThere, StoreReader
from bitgrid_research.workspace import PART, Listing, Place, ShardFolder, Workspace, make_folder

_MOST_NAMES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came from one shard."""

    shard: ShardId
    fetched: int
    fetched_bytes: int
    held: int
    strays: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where to fetch from: the store, its address as text, and how many downloads at a time."""

    store: StoreReader
    address: str
    jobs: int


def pull(source: Source, workspace: Workspace) -> list[Pulled]:
    """Fetch every shard of a source; a shard that came from there before and is gone is named.

    Raises:
        CannotCheck: the source cannot be read or holds no archive.
    """
    listings = _listings(source.store)
    for shard in workspace.shards():
        listing = workspace.shard(shard).listing()
        if listing is not None and listing.source == source.address:
            listings.setdefault(shard, {})
    if not listings:
        raise CannotCheck(
            f"{source.address} holds no archive.", "Give the folder or prefix that holds `v1/`."
        )
    return [
        _pull_shard(source, shard, workspace.shard(shard), listing)
        for shard, listing in sorted(listings.items())
    ]


def _listings(store: StoreReader) -> dict[ShardId, dict[str, int]]:
    found: dict[ShardId, dict[str, int]] = {}
    for count, item in enumerate(store.list_names("v1/")):
        if count >= _MOST_NAMES:
            raise CannotCheck(
                f"The source lists more than {_MOST_NAMES} names.", "Pull a smaller prefix."
            )
        place = layout.split(item.name)
        if place is not None:
            found.setdefault(place[0], {})[place[1]] = item.size
    return {shard: names for shard, names in found.items() if any(map(size_limit, names))}


def _pull_shard(
    source: Source, shard: ShardId, folder: ShardFolder, listing: dict[str, int]
) -> Pulled:
    known = {name: size for name, size in listing.items() if size_limit(name)}
    fetch = _Fetch(source, shard, folder)
    log = [name for name in known if not is_object(name)]
    fetch.all(_missing(folder, log, known), f"{shard.path} log")
    objects = sorted(_named_objects(folder))
    fetch.all(_missing(folder, objects, known), f"{shard.path} objects")
    folder.note_listing(Listing(source=source.address, names=known))
    gone = [name for name in folder.names() if name not in known]
    gone += [name for name in objects if name not in known and name not in gone]
    withheld = [
        Finding(
            outcome=Outcome.INCOMPLETE,
            name=f"{shard.path}/{name}",
            what="The source does not have it.",
        )
        for name in gone
    ]
    return Pulled(
        shard=shard,
        fetched=fetch.count,
        fetched_bytes=fetch.bytes,
        held=len(folder.names()),
        strays=len(listing.keys() - known.keys() - {names.README}),
        findings=(*fetch.findings, *withheld),
    )


def _missing(folder: ShardFolder, wanted: Iterable[str], known: dict[str, int]) -> list[_Wanted]:
    found: list[_Wanted] = []
    for name in wanted:
        if name not in known:
            continue
        incoming = folder.path(name, Place.INCOMING)
        mutable = name == names.CHECKPOINT
        if not mutable and folder.path(name, Place.VERIFIED).is_file():
            continue
        if not mutable and incoming.is_file() and incoming.stat().st_size == known[name]:
            continue
        found.append(_Wanted(name=name, size=known[name]))
    return found


def _named_objects(folder: ShardFolder) -> set[str]:
    """Objects that the fetched leaves name, proven or not: what is bad shows in ``verify``."""
    found: set[str] = set()
    for name in folder.names("log/tile/entries"):
        tile = layout.parse_tile(name)
        if tile is None or tile.level != layout.ENTRIES:
            continue
        try:
            for data in entries.unpack(folder.read(name) or b"", tile.width):
                one = leaf.decode(data)
                if one.kind in leaf.DATA_KINDS and one.obj is not None:
                    found.add(names.sealed_object(one.obj))
        except BitgridError:
            continue
    return found


class _Fetch:
    """Downloads of one shard: counts, and what could not be had."""

    def __init__(self, source: Source, shard: ShardId, folder: ShardFolder) -> None:
        self._source = source
        self._shard = shard
        self._folder = folder
        self.count = 0
        self.bytes = 0
        self.findings: list[Finding] = []

    def all(self, wanted: list[_Wanted], title: str) -> None:
        """Fetch everything, several at a time; a fault of the store ends it."""
        with (
            progress(title, sum(item.size for item in wanted), "B") as advance,
            ThreadPoolExecutor(max_workers=self._source.jobs) as pool,
        ):
            for size, finding in pool.map(lambda item: self._one(item, advance), wanted):
                self.count += finding is None
                self.bytes += size
                if finding is not None:
                    self.findings.append(finding)

    def _one(self, wanted: _Wanted, advance: Advance) -> tuple[int, Finding | None]:
        limit = size_limit(wanted.name)
        assert limit is not None, "strays are not fetched"
        path = self._folder.path(wanted.name, Place.INCOMING)
        part = path.with_name(path.name + PART)
        make_folder(path.parent)
        start = part.stat().st_size if part.is_file() else 0
        if start > min(wanted.size, limit) or wanted.name == names.CHECKPOINT:
            start = 0
        # One byte too many is kept, so that `verify` sees that the object is too large.
        room = limit + 1 - start
        got = 0
        try:
            with (
                self._source.store.read(self._shard.root + wanted.name, start) as chunks,
                part.open("ab" if start else "wb") as file,
            ):
                for chunk in chunks:
                    got += file.write(chunk[: room - got])
                    advance(len(chunk))
                    if got >= room:
                        break
        except NotThere as error:
            return got, self._finding(Outcome.INCOMPLETE, wanted.name, error.message)
        part.replace(path)
        return got, None

    def _finding(self, outcome: Outcome, name: str, what: str) -> Finding:
        return Finding(outcome=outcome, name=f"{self._shard.path}/{name}", what=what)
