"""Re-decides recorded blocks and compares, byte for byte. Read-only by construction.

Every input is stepped through the engine again. Where a decision differs, it is made once more
from its **recorded** memory, so that one difference does not cascade: after it the replay
follows both what is recorded and what should have been, until the records show which it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from bitgrid_core.codec import Json, loads_trusted
from bitgrid_core.deviation import Deviation, Difference
from bitgrid_core.engine import EngineState, step
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body, to_bytes
from bitgrid_core.inputs import INPUT_KINDS, BlockClosed, Input, PolicyChanged, from_record
from bitgrid_core.policy import Policy
from bitgrid_core.redecision import Line, Moment, Recorded, against, outcomes, recorded_line

MAX_LISTED: Final = 1000
"""Deviations that a report lists; all are counted."""


_UNREADABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class ReplayRecord(Protocol):
    """What a replay reads of a record; the private part is not needed."""

    @property
    def kind(self) -> str:
        """Its kind."""

    @property
    def body_bytes(self) -> bytes:
        """Its body as it was stored."""


@dataclass(slots=True, kw_only=True)
class ReplayReport:
    """What a replay found; it grows while the replay runs.

    Attributes:
        blocks: windows read.
        decisions: decisions read and made again.
        identical: decisions that came out byte for byte (with another policy: with the same
            action, level, code and votes).
        switches: recorded switches off↔on.
        deviating: number of deviations.
        deviations: the first of them.
    """

    blocks: int = 0
    decisions: int = 0
    identical: int = 0
    switches: int = 0
    deviating: int = 0
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether every decision came out as recorded."""
        return self.deviating == 0 and self.identical == self.decisions

    def note(self, block_id: int, load: str, found: Sequence[Difference]) -> None:
        """Count deviations of one decision, and keep them while there is room."""
        self.deviating += len(found)
        for item in found[: MAX_LISTED - len(self.deviations)]:
            self.deviations.append(
                Deviation(
                    block_id=block_id,
                    load=load,
                    field=item.field,
                    recorded=item.recorded,
                    replayed=item.replayed,
                )
            )


def replay(
    records: Iterable[ReplayRecord], policy: Policy | None = None, *, whole: bool = False
) -> ReplayReport:
    """Re-decide every recorded decision.

    Args:
        records: in order; the policy in force must come before the first decision.
        policy: decide with this one instead; then outcomes are compared, not bytes.
        whole: the records begin with a journal's first, before which nothing was remembered;
            else each load's first recorded memory is believed.

    Raises:
        BadInput: a record cannot be read, or the policy in force is not among the records.
    """
    run = _Run(whole=whole) if policy is None else _OtherPolicy(policy)
    for number, record in enumerate(records, start=1):
        try:
            run.take(record)
        except _UNREADABLE as error:
            raise _unreadable(f"Record {number} of the replay", error) from error
    try:
        run.finish()
    except _UNREADABLE as error:
        raise _unreadable("The last decision", error) from error
    return run.report


def _unreadable(what: str, error: Exception) -> BadInput:
    """Whatever somebody wrote into a record is bad input, not a fault of this program."""
    return BadInput(f"{what} cannot be replayed: {error!r}.", "Verify the journal.")


class _Run:
    """One replay under the recorded policy.

    Decisions are collected until the next input and then compared with what the input before
    them caused.
    """

    def __init__(self, *, whole: bool) -> None:
        self.report = ReplayReport()
        self._lines = [Line(state=EngineState(), events=())]
        self._item: Input | None = None
        self._bodies: list[bytes] = []
        self._whole = whole
        self._known: set[str] = set()

    def take(self, record: ReplayRecord) -> None:
        """One record: an input moves the state, a decision waits for the next input."""
        if record.kind == "decision":
            self._bodies.append(record.body_bytes)
        elif record.kind in INPUT_KINDS:
            self.finish()
            body = cast("dict[str, Json]", loads_trusted(record.body_bytes))
            self._move(from_record(record.kind, body))

    def finish(self) -> None:
        """Compare what was decided since the last input; nothing may be missing by now."""
        bodies, self._bodies = self._bodies, []
        self.report.decisions += len(bodies)
        line = self._lines[0]
        if len(self._lines) == 1 and [to_bytes(event) for event in line.events] == bodies:
            self.report.identical += len(bodies)
            self.report.switches += sum(event.switches for event in line.events)
            self._known.update(event.load for event in line.events)
        elif bodies or any(one.events for one in self._lines):
            self._settle([_recorded(data) for data in bodies])
        self._lines = [Line(state=one.state, events=()) for one in self._lines]

    def _move(self, item: Input) -> None:
        self._item = item
        if isinstance(item, BlockClosed):
            self.report.blocks += 1
            if self._lines[0].state.policy is None:
                raise _no_policy(item)
        self._lines = [Line(*step(one.state, item)) for one in self._lines]

    def _settle(self, items: list[Recorded]) -> None:
        """Take the line that explains the records best, and go on from there."""
        if self._item is None or self._lines[0].state.policy is None:
            raise _no_policy(None)
        window = self._item.window if isinstance(self._item, BlockClosed) else None
        found = []
        for line in self._lines:
            moment = Moment(line=line, window=window, known=self._is_known)
            found.append((line, against(moment, items)))
        faults = [sum(len(pair.found) for pair in pairs) for _line, pairs in found]
        best = [one for one, count in zip(found, faults, strict=True) if count == min(faults)]
        line, pairs = best[0]
        for pair in pairs:
            self.report.note(pair.block_id, pair.load, pair.found)
            self.report.identical += pair.is_recorded and not pair.found
        self.report.switches += sum(item.event.switches for item in items)
        adopted = recorded_line(line, items)
        self._known.update(item.event.load for item in items)
        deviates = any(pair.found for pair in pairs)
        # What both ways explain equally well does not yet say which of them it was.
        others = [line] if deviates else [recorded_line(one, items) for one, _pairs in best[1:]]
        self._lines = [adopted, *(one for one in others if one.state != adopted.state)]

    def _is_known(self, load: str) -> bool:
        return self._whole or load in self._known


class _OtherPolicy(_Run):
    """One replay under another policy: each block from what it recorded, outcomes alone."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(whole=False)
        state, _none = step(EngineState(), PolicyChanged(policy=policy))
        self._lines = [Line(state=state, events=())]

    def _move(self, item: Input) -> None:
        self._item = item
        self.report.blocks += isinstance(item, BlockClosed)

    def _settle(self, items: list[Recorded]) -> None:
        window = self._item.window if isinstance(self._item, BlockClosed) else None
        moment = Moment(line=self._lines[0], window=window, known=self._is_known)
        for item, found in zip(items, outcomes(moment, items), strict=True):
            self.report.note(item.event.block_id, item.event.load, found)
            self.report.identical += not found
            self.report.switches += item.event.switches


def _recorded(data: bytes) -> Recorded:
    body = cast("dict[str, Json]", loads_trusted(data))
    return Recorded(data=data, body=body, event=from_body(body))


def _no_policy(item: BlockClosed | None) -> BadInput:
    what = "A decision" if item is None else f"Block {item.window.block_id}"
    return BadInput(
        f"{what} comes before any policy.",
        "Begin the replay where a policy is recorded, or name one.",
    )
