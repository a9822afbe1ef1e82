"""Re-decides recorded blocks and compares, byte for byte. Read-only by construction.

Every input is stepped through the engine again. After each recorded decision the engine's
memory is set to the **recorded** one, so that one difference does not cascade. A decision
whose bytes differ is made once more from its recorded memory and state, and taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, cast

from bitgrid_core.codec import Json, loads_trusted
from bitgrid_core.engine import EngineState, Frame, decide, lease_event, step
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body, to_body, to_bytes
from bitgrid_core.inputs import INPUT_KINDS, BlockClosed, Input, PolicyChanged, from_record
from bitgrid_core.model import DecisionEvent, Trigger
from bitgrid_core.policy import Policy
from bitgrid_core.restore import memory_after

MAX_LISTED: Final = 1000
"""Deviations that a report lists; all are counted."""

_OUTCOME: Final = ("action", "level", "decision_code")


class ReplayRecord(Protocol):
    """What a replay reads of a record; the private part is not needed."""

    @property
    def kind(self) -> str:
        """Its kind."""

    @property
    def body_bytes(self) -> bytes:
        """Its body as it was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One field that came out differently.

    Attributes:
        block_id: where.
        load: for which load.
        field: name in the event; ``votes.R1`` for a vote.
        recorded: value in the journal.
        replayed: value now.
    """

    block_id: int
    load: str
    field: str
    recorded: Json
    replayed: Json


@dataclass(slots=True, kw_only=True)
class ReplayReport:
    """What a replay found; it grows while the replay runs.

    Attributes:
        blocks: windows read.
        decisions: decisions made again.
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

    def note(self, event: DecisionEvent, name: str, recorded: Json, replayed: Json) -> None:
        """Count a deviation, and keep it while there is room."""
        self.deviating += 1
        if len(self.deviations) < MAX_LISTED:
            self.deviations.append(
                Deviation(
                    block_id=event.block_id,
                    load=event.load,
                    field=name,
                    recorded=recorded,
                    replayed=replayed,
                )
            )


def replay(records: Iterable[ReplayRecord], policy: Policy | None = None) -> ReplayReport:
    """Re-decide every recorded decision.

    Args:
        records: in order; the policy in force must come before the first decision.
        policy: decide with this one instead; then outcomes are compared, not bytes.

    Raises:
        BadInput: a record cannot be read, or the policy in force is not among the records.
    """
    run = _Run(policy)
    for record in records:
        run.take(record)
    run.finish()
    return run.report


class _Run:
    """One replay: the engine's state, corrected by what is recorded after every decision."""

    def __init__(self, policy: Policy | None) -> None:
        self.report = ReplayReport()
        self._other = policy
        self._state = EngineState()
        self._due: dict[tuple[str, Trigger], DecisionEvent] = {}
        self._known: set[str] = set()

    def take(self, record: ReplayRecord) -> None:
        """One record: an input moves the state, a decision is made again."""
        if record.kind == "decision":
            self._decided(record.body_bytes)
        elif record.kind in INPUT_KINDS:
            self.finish()
            body = cast("dict[str, Json]", loads_trusted(record.body_bytes))
            self._move(from_record(record.kind, body))

    def finish(self) -> None:
        """Whatever the inputs so far caused must have been recorded by now."""
        for event in self._due.values():
            if event.load in self._known:
                self.report.note(event, "decision", None, event.id)
        self._due = {}

    def _move(self, item: Input) -> None:
        if isinstance(item, PolicyChanged) and self._other is not None:
            item = PolicyChanged(policy=self._other)
        if isinstance(item, BlockClosed):
            self.report.blocks += 1
            if self._state.policy is None:
                raise BadInput(
                    f"Block {item.window.block_id} comes before any policy.",
                    "Begin the replay where a policy is recorded, or name one.",
                )
        self._state, events = step(self._state, item)
        self._due = {(event.load, event.trigger): event for event in events}

    def _decided(self, body_bytes: bytes) -> None:
        self.report.decisions += 1
        if self._other is None and len(self._due) == 1:
            (expected,) = self._due.values()
            if to_bytes(expected) == body_bytes:  # the usual case, without decoding anything
                self._due = {}
                self._agreed(expected)
                return
        self._compare(body_bytes)

    def _agreed(self, event: DecisionEvent) -> None:
        self.report.identical += 1
        self.report.switches += event.switches
        self._known.add(event.load)

    def _compare(self, body_bytes: bytes) -> None:
        body = cast("dict[str, Json]", loads_trusted(body_bytes))
        recorded = from_body(body)
        expected = self._due.pop((recorded.load, recorded.trigger), None)
        if self._other is None and expected is not None and to_bytes(expected) == body_bytes:
            self._agreed(expected)
            return
        if self._other is None and expected is not None and recorded.load in self._known:
            self._note_causes(body, to_body(expected))
        again = self._from_recorded(recorded)
        if self._other is None:
            same = to_bytes(again) == body_bytes
            names = set(body) | set(to_body(again))
        else:
            same = _outcome(body) == _outcome(to_body(again))
            names = set(_OUTCOME)
        self.report.identical += same
        self.report.switches += recorded.switches
        if not same:
            self._note_fields(recorded, body, to_body(again), names)
        self._correct(recorded)

    def _note_causes(self, recorded: dict[str, Json], expected: dict[str, Json]) -> None:
        """State and memory that do not follow from what is recorded before."""
        event = from_body(recorded)
        for name in ("state", "memory"):
            if recorded[name] != expected[name]:
                self.report.note(event, name, recorded[name], expected[name])

    def _note_fields(
        self,
        event: DecisionEvent,
        recorded: dict[str, Json],
        again: dict[str, Json],
        names: set[str],
    ) -> None:
        for name in sorted(names - {"votes"}):
            if recorded.get(name) != again.get(name):
                self.report.note(event, name, recorded.get(name), again.get(name))
        before, after = _votes(recorded), _votes(again)
        for rule in sorted(set(before) | set(after)):
            if before.get(rule) != after.get(rule):
                self.report.note(event, f"votes.{rule}", before.get(rule), after.get(rule))

    def _from_recorded(self, recorded: DecisionEvent) -> DecisionEvent:
        """The decision again, from its recorded state and memory."""
        policy = self._policy()
        frame = Frame(
            policy=policy,
            digest=self._state.policy_digest,
            autonomy=recorded.autonomy,
            trigger=recorded.trigger,
            n=recorded.n,
        )
        if recorded.trigger is Trigger.LEASE:
            return lease_event(frame, recorded.load, recorded.block_id, recorded.memory)
        try:
            load = policy.load(recorded.load)
        except KeyError:
            raise BadInput(
                f"Load {recorded.load!r} of block {recorded.block_id} is not in its policy.",
                "Name the policy that was in force.",
            ) from None
        event, _memory = decide(frame, load, recorded.state, recorded.memory)
        return event

    def _correct(self, recorded: DecisionEvent) -> None:
        """Go on with the recorded memory, whatever came out here."""
        self._known.add(recorded.load)
        if recorded.trigger is Trigger.LEASE:
            return
        memory = memory_after(recorded, self._policy())
        self._state = replace(self._state, memories=self._state.memories | {recorded.load: memory})

    def _policy(self) -> Policy:
        if self._state.policy is None:
            raise BadInput(
                "A decision comes before any policy.",
                "Begin the replay where a policy is recorded, or name one.",
            )
        return self._state.policy


def _votes(body: dict[str, Json]) -> dict[str, Json]:
    votes = cast("list[dict[str, Json]]", body["votes"])
    return {str(vote["rule"]): cast("Json", vote) for vote in votes}


def _outcome(body: dict[str, Json]) -> object:
    votes = {
        rule: [cast("dict[str, Json]", vote).get(key) for key in ("action", "reason")]
        for rule, vote in _votes(body).items()
    }
    return [[body[name] for name in _OUTCOME], votes]
