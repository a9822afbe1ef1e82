"""What the core's machine suffers: its disk is gone, or it is killed at a chosen point.

Every durable or visible step of the core passes ``reach``; a kill is armed so many steps ahead.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bitgrid_appliance.anchoring import AnchorFile
from bitgrid_core.chain import Record
from bitgrid_core.errors import StorageError
from bitgrid_core.journal.protocol import Journal, JournalReader
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.outbox import Outbox


class Killed(BaseException):
    """The core's process is gone, as by SIGKILL."""


@dataclass(slots=True)
class Perils:
    """What may go wrong in the core's machine now.

    Attributes:
        disk_lost: nothing can be written.
        steps_left: steps until the core is killed; ``None``: it is not.
        dead: it was killed, whoever heard of it.
        appended: records that became durable and nobody has looked at yet.
        head_seq: number of the last durable record.
    """

    disk_lost: bool = False
    steps_left: int | None = None
    dead: bool = False
    appended: list[Record] = field(default_factory=list)
    head_seq: int = 0

    def reach(self) -> None:
        """One step further; the armed one is the last, and nothing comes after it.

        Raises:
            Killed: it was.
        """
        if self.dead:
            raise Killed
        if self.steps_left is None:
            return
        self.steps_left -= 1
        if self.steps_left <= 0:
            self.steps_left, self.dead = None, True
            raise Killed

    def require_disk(self) -> None:
        """Refuse to write to a disk that is gone.

        Raises:
            StorageError: it is.
        """
        if self.disk_lost:
            raise StorageError("The disk is gone.", "Put it back.")


class WatchedJournal(SqliteJournal):
    """The real journal on a disk that may be gone, for a core that may be killed."""

    def __init__(self, path: Path, perils: Perils) -> None:
        super().__init__(path)
        self._perils = perils

    def append(self, drafts: Any, at_ms: int) -> list[Record]:
        """See ``Journal``."""
        self._perils.reach()
        self._perils.require_disk()
        records = super().append(drafts, at_ms)
        self._perils.appended += records
        self._perils.head_seq = records[-1].seq if records else self._perils.head_seq
        self._perils.reach()
        return records


class WatchedOutbox(Outbox):
    """The real outbox, likewise."""

    def __init__(self, folder: Path, perils: Perils) -> None:
        super().__init__(folder)
        self._perils = perils

    def close_slice(self, journal: JournalReader, at_ms: int) -> str | None:
        """See ``Slices``."""
        self._perils.reach()
        self._perils.require_disk()
        name = super().close_slice(journal, at_ms)
        self._perils.reach()
        return name

    def _append_index(self, entry: Any) -> None:
        self._perils.reach()  # between the slice's rename and its index line
        super()._append_index(entry)


class WatchedAnchors:
    """The real anchors, likewise; a kill may also come between file and record."""

    def __init__(self, file: AnchorFile, perils: Perils) -> None:
        self._file = file
        self._perils = perils

    def newest_at_ms(self) -> int | None:
        """See ``Anchors``."""
        return self._file.newest_at_ms()

    def add(self, journal: Journal, at_ms: int) -> None:
        """See ``Anchors``; the journal's own append has its points of death."""
        self._perils.reach()
        self._perils.require_disk()
        self._file.add(journal, at_ms)
