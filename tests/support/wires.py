"""A bus that only notes, a disk that is slow or gone, and clocks that are set by hand."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bitgrid_appliance.clock import Clocks
from bitgrid_appliance.mqtt import Outgoing, Session
from bitgrid_core.chain import Draft, Record
from bitgrid_core.codec import Json
from bitgrid_core.errors import StorageError
from support.runtimes import LookingJournal


@dataclass
class Wire:
    """A session that notes what is published, and when."""

    sent: list[Outgoing] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """See ``Session``."""
        self.sent += messages
        self.at_s += [time.monotonic()] * len(messages)

    @property
    def session(self) -> Session:
        """As the core takes it."""
        return cast("Session", self)

    def answer(self) -> dict[str, Any]:
        """The newest payload."""
        return cast("dict[str, Any]", self.sent[-1].payload)


class SlowJournal(LookingJournal):
    """A journal whose disk is slow, or gone."""

    wait_s = 0.0
    gone = False

    def append(self, drafts: Sequence[Draft], at_ms: int) -> list[Record]:
        """See ``Journal``."""
        time.sleep(self.wait_s)
        if self.gone:
            raise StorageError("The disk is full.", "Make room.")
        return super().append(drafts, at_ms)


@dataclass
class HandClocks:
    """Both clocks of a machine, moved by hand."""

    wall: int
    mono: float = 100.0

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.mono += seconds
        self.wall += round(seconds * 1000)

    @property
    def clocks(self) -> Clocks:
        """As the core takes them."""
        return Clocks(wall_ms=lambda: self.wall, mono_s=lambda: self.mono)


@dataclass
class KeptTrace:
    """A trace in memory that outlives a runtime."""

    document: Json = None

    def keep(self, document: Json) -> None:
        """See ``Trace``."""
        self.document = document

    def kept(self) -> Json:
        """See ``Trace``."""
        return self.document

    def clear(self) -> None:
        """See ``Trace``."""
        self.document = None
