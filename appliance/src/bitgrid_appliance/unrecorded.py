"""What was acted on before it could be recorded, in order, until it is; and the trace of it.

A safety stop waits for its record only so long. What then has no record yet is kept here, and as a
trace outside the journal, so that a core whose predecessor died meanwhile can record it instead.
Invariant: records follow in the order of the acts, each with a ``recorded_late`` that names it.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

from bitgrid_appliance.durable import replace_file
from bitgrid_core.block import at_text, parse_at
from bitgrid_core.chain import Draft, Record
from bitgrid_core.codec import Json, encode, loads
from bitgrid_core.errors import BadInput, StorageError
from bitgrid_core.events import to_body
from bitgrid_core.inputs import Input, from_record, to_record
from bitgrid_core.journal.protocol import JournalReader
from bitgrid_core.model import DecisionEvent

_VERSION: Final = 1
_log: Final = logging.getLogger("bitgrid.core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was acted on.

    Attributes:
        item: the input.
        events: decided on it.
        acted_ms: when.
    """

    item: Input
    events: tuple[DecisionEvent, ...]
    acted_ms: int


class Trace(Protocol):
    """A place outside the journal that outlives the process."""

    def keep(self, document: Json) -> None:
        """Keep this instead of what was kept; as well as it can be done, without an error."""

    def kept(self) -> Json:
        """What was kept; ``None`` for nothing."""

    def clear(self) -> None:
        """Keep nothing."""


class TraceFile:
    """A trace in a file of the run directory, which is no part of the journal's disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, document: Json) -> None:
        """See ``Trace``: it has to outlive this process, not a power cut, which ends all leases."""
        try:
            replace_file(self._path, encode(document), sync=False)
        except StorageError as error:
            _log.warning("no trace of what is not recorded: %s", error)

    def kept(self) -> Json:
        """See ``Trace``; one that cannot be read is none."""
        try:
            return loads(self._path.read_bytes())
        except (OSError, BadInput):
            return None

    def clear(self) -> None:
        """See ``Trace``."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class NoTrace:
    """No trace: for a core whose journal is lost with the process anyway."""

    def keep(self, document: Json) -> None:
        """See ``Trace``."""

    def kept(self) -> Json:
        """See ``Trace``."""
        return None

    def clear(self) -> None:
        """See ``Trace``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What a predecessor did and did not record.

    Attributes:
        boot: of the predecessor.
        acts: inputs and when they were acted on, without a record.
        late: numbers of records that were there in the end, and when they had been acted on.
    """

    boot: int
    acts: tuple[tuple[Input, int], ...]
    late: tuple[tuple[int, int], ...]


class Unrecorded:
    """The acts of one core that wait for their records."""

    def __init__(self, trace: Trace, boot: int) -> None:
        self._trace = trace
        self._boot = boot
        self._acts: list[Act] = []
        self._first: list[Draft] = []
        self._late: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._acts or self._first or self._late)

    def keep(self, act: Act, head_seq: int) -> None:
        """One more, behind the others."""
        self._acts.append(act)
        self.trace(head_seq)

    def trace(self, head_seq: int, more: Act | None = None) -> None:
        """Leave the trace: what waits, and what may have to."""
        acts = [*self._acts, *([] if more is None else [more])]
        told: list[Json] = []
        for act in acts:
            kind, body = to_record(act.item)
            told.append({"kind": kind, "body": body, "acted_at": at_text(act.acted_ms)})
        document: Json = {"v": _VERSION, "boot": self._boot, "after_seq": head_seq, "acts": told}
        self._trace.keep(document)

    def untrace(self) -> None:
        """What may have had to wait is recorded."""
        if not self._acts:
            self._trace.clear()

    def follow(self, gap: Gap, acts: list[Act]) -> None:
        """Wait with what a predecessor left, in its name."""
        if acts:
            body: dict[str, Json] = {"boot": gap.boot, "acts": len(acts)}
            self._first = [Draft(kind="gap", body=body)]
        self._acts = acts
        self._late = list(gap.late)

    def drafts(self, next_seq: int) -> list[Draft]:
        """Everything that waits as records of which the first has that number."""
        found = [_late(seq, acted_ms) for seq, acted_ms in self._late] + self._first
        for act in self._acts:
            kind, body = to_record(act.item)
            seq = next_seq + len(found)
            found.append(Draft(kind=kind, body=body))
            found += [Draft(kind="decision", body=to_body(event)) for event in act.events]
            found.append(_late(seq, act.acted_ms))
        return found

    def recorded(self) -> None:
        """All of it is recorded now."""
        self._acts, self._first, self._late = [], [], []
        self._trace.clear()


def found_gap(trace: Trace, journal: JournalReader) -> Gap | None:
    """What a predecessor's trace says that the journal lacks.

    Raises:
        BadInput: the trace names an input that is none.
    """
    document = trace.kept()
    if not isinstance(document, dict) or document.get("v") != _VERSION:
        return None
    try:
        after = cast("int", document["after_seq"])
        told = cast("list[dict[str, Json]]", document["acts"])
        acts, late = _sorted_out(told, list(journal.records(after + 1)))
        return Gap(boot=cast("int", document["boot"]), acts=tuple(acts), late=tuple(late))
    except (LookupError, TypeError, AttributeError) as error:
        raise BadInput(
            f"The trace of what was not recorded cannot be read: {error!r}.",
            "Remove unrecorded.json from the run directory.",
        ) from error


def _sorted_out(
    told: list[dict[str, Json]], records: list[Record]
) -> tuple[list[tuple[Input, int]], list[tuple[int, int]]]:
    """Acts without a record, and records without the word that they came late."""
    lates = {record.body["seq"] for record in records if record.kind == "recorded_late"}
    acts: list[tuple[Input, int]] = []
    late: list[tuple[int, int]] = []
    for act in told:
        kind, body = cast("str", act["kind"]), cast("dict[str, Json]", act["body"])
        acted_ms = parse_at(cast("str", act["acted_at"]))
        seq = next((one.seq for one in records if (one.kind, one.body) == (kind, body)), None)
        if seq is None:
            acts.append((from_record(kind, body), acted_ms))
        elif seq not in lates:
            late.append((seq, acted_ms))
    return acts, late


def _late(seq: int, acted_ms: int) -> Draft:
    return Draft(kind="recorded_late", body={"seq": seq, "acted_at": at_text(acted_ms)})
