"""What would change a decision: the smallest single change of one input, or the passing of time.

Found by asking the rules themselves: every input is set to the values at which some rule's
comparison turns (``turning``), the decision is made again, and the smallest change that leads to
another level is kept per input. Waiting is an input too. Where no single change suffices, the
smallest pair is named. A load that is off stays off unless the vote that keeps it off changes, so
only what that vote compared is tried, then what the next one compared: an explanation costs less
than the decision that it explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Final, TypeAlias

from bitgrid_core.arbiter import advance, arbitrate
from bitgrid_core.deciding import Frame, acted_level, decide
from bitgrid_core.model import (
    OFF,
    Decision,
    DecisionEvent,
    Effect,
    EnergyState,
    Memory,
    Rule,
    Vote,
)
from bitgrid_core.policy import LoadProfile, Policy
from bitgrid_core.rules import all_votes, situation
from bitgrid_core.rules.situation import Situation
from bitgrid_core.turning import (
    INPUTS,
    Change,
    changes_of,
    compared_by,
    next_turn,
    surplus_without_pv_w,
)

WAIT: Final = "wait_blocks"
MAX_WAIT_BLOCKS: Final = 24
_ORDER: Final = (*INPUTS[:6], WAIT, *INPUTS[6:])
_ANYTHING: Final = frozenset(INPUTS)
_FIELDS: Final = tuple(field.name for field in fields(EnergyState))


_Said: TypeAlias = tuple[Situation, tuple[Vote, ...], Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Changes that, together, lead to another level.

    Attributes:
        changes: one, or two where one does not suffice.
        level: the level that would follow.
        proposed: whether a person would have to say yes to it.
    """

    changes: tuple[Change, ...]
    level: str
    proposed: bool = False


def outcome(event: DecisionEvent) -> str:
    """The level that the decision leads to, or would with a person's yes."""
    proposed = event.decision.effect is Effect.PROPOSED
    return event.decision.level if proposed else acted_level(event)


def counterfactuals(event: DecisionEvent, policy: Policy) -> list[Counterfactual]:
    """The smallest change per input, inputs in the order in which a person thinks of them.

    Args:
        event: the decision.
        policy: the one whose digest the event carries.

    Returns:
        One per input that can change the level alone; else the smallest pair, if any. Nothing
        for what the system itself decided: no input of the rules was asked.
    """
    if event.decision.rule is Rule.SYS:
        return []
    search = _Search(event, policy)
    singles = list(search.singles())
    return singles or list(search.pairs())[:1]


def likeliest(event: DecisionEvent, policy: Policy) -> Counterfactual | None:
    """The first of them: what a person would look at first; what only time holds, time changes."""
    if event.decision.rule is Rule.SYS:
        return None
    search = _Search(event, policy)
    return next(search.singles(), None) or next(search.pairs(), None)


def following(
    frame: Frame,
    load: LoadProfile,
    begin: tuple[EnergyState, Memory],
    blocks: int,
    before: Memory | None = None,
) -> Iterator[tuple[int, DecisionEvent, Memory]]:
    """The decisions of the next blocks in which time alone may turn something.

    Args:
        frame: policy and autonomy in force.
        load: the load's profile.
        begin: what it sees in all of them, and what it remembers after the block at hand.
        blocks: how far to look.
        before: what it remembered before the block at hand; else the next one may turn anyway.

    Yields:
        How many blocks later, the decision, and what is remembered after it.
    """
    state, after = begin
    passed = 0
    while True:
        turn = 1
        if before is not None and _settled(before, after):
            at = replace(state, block_id=state.block_id + passed)
            found = next_turn(situation(at, after, frame.policy, load), after)
            if found is None:
                return
            turn = found
        passed += turn
        if passed > blocks:
            return
        later = replace(state, block_id=state.block_id + passed)
        before = advance(after, turn)
        event, after = decide(frame, load, later, before)
        yield passed, event, after


def _settled(before: Memory, after: Memory) -> bool:
    """Whether a decision left everything but counters as it was."""
    return (before.level, before.lockout, before.override) == (
        after.level,
        after.lockout,
        after.override,
    )


class _Search:
    """Asks the rules again and again about one event."""

    def __init__(self, event: DecisionEvent, policy: Policy) -> None:
        self._event = event
        self._load = policy.load(event.load)
        self._frame = Frame(policy=policy, digest=event.policy, autonomy=event.autonomy)
        self._here = outcome(event)
        self._now = situation(event.state, event.memory, policy, self._load)
        self._said: dict[tuple[Change, ...], _Said] = {}
        self._seen = {name: getattr(event.state, name) for name in _FIELDS}
        self._dark_w = surplus_without_pv_w(self._now)

    def singles(self) -> Iterator[Counterfactual]:
        """The smallest change of each input that suffices alone, likeliest input first."""
        decision = self._event.decision
        by_time = decision.rule is Rule.R5 or decision.reason == "LOCKOUT"
        order = (WAIT, *INPUTS) if by_time else _ORDER
        names = self._worth_trying(self._now, self._event.votes, decision)
        for name in order:
            if name == WAIT:
                found = self.wait(())
            elif name in names:
                found = self._first((change,) for change in changes_of(self._now, name))
            else:
                found = None
            if found is not None:
                yield found

    def pairs(self) -> Iterator[Counterfactual]:
        """Two changes: one that takes the deciding vote away, one that the next vote asks for."""
        waiting = []
        for change, (now, votes, decision) in self._without_the_winner():
            names = self._worth_trying(now, votes, decision) - {change.name}
            found = self._first(
                (change, other)
                for name in INPUTS
                if name in names
                for other in changes_of(now, name)
            )
            if found is not None:
                yield found
            waiting.append(change)
        waiting += self._asked_for_later()
        yield from (found for change in waiting if (found := self.wait((change,))) is not None)

    def wait(self, changes: tuple[Change, ...]) -> Counterfactual | None:
        """The first later block with another level, deciding at every block that may turn."""
        for blocks, event in self._later(self._changed(changes)):
            if outcome(event) != self._here:
                return _found((*changes, Change(name=WAIT, before=0, after=blocks)), event.decision)
        return None

    def _later(self, state: EnergyState) -> Iterator[tuple[int, DecisionEvent]]:
        """The decisions of the next blocks if nothing changes but time."""
        event, after = self._decide(state, self._event.memory)
        wait = following(self._frame, self._load, (state, after), MAX_WAIT_BLOCKS, event.memory)
        for blocks, later, _after in wait:
            yield blocks, later

    def _first(self, options: Iterable[tuple[Change, ...]]) -> Counterfactual | None:
        """The first changes that lead to another level."""
        for changes in options:
            _now, _votes, decision = self._decided(changes)
            if decision.level != self._here:  # held by autonomy, it is the present level
                return _found(tuple(sorted(changes, key=_likelihood)), decision)
        return None

    def _without_the_winner(self) -> Iterator[tuple[Change, _Said]]:
        """Single changes after which another vote decides, and what that vote says."""
        before, votes = self._event.decision, self._event.votes
        names = self._worth_trying(self._now, votes, before)
        for name in INPUTS:
            for change in changes_of(self._now, name) if name in names else ():
                said = _now, others, decision = self._decided((change,))
                if _winner(others, decision) != _winner(votes, before):
                    yield change, said

    def _asked_for_later(self) -> Iterator[Change]:
        """What the vote asks for that decides when time has taken the present one away."""
        for _blocks, event in self._later(self._event.state):
            if _winner(event.votes, event.decision) == _winner(
                self._event.votes, self._event.decision
            ):
                continue
            now = situation(event.state, event.memory, self._frame.policy, self._load)
            names = self._worth_trying(now, event.votes, event.decision)
            for name in INPUTS:
                yield from changes_of(now, name) if name in names else ()

    def _worth_trying(
        self, now: Situation, votes: tuple[Vote, ...], decision: Decision
    ) -> frozenset[str]:
        """Inputs whose change may matter: for a load that stays off, those of the winner."""
        if now.running or self._here != OFF:
            return _ANYTHING
        vote = next((vote for vote in votes if vote.rule is decision.rule), None)
        return frozenset() if vote is None else compared_by(vote, now)

    def _decide(self, state: EnergyState, memory: Memory) -> tuple[DecisionEvent, Memory]:
        return decide(self._frame, self._load, state, memory)

    def _decided(self, changes: tuple[Change, ...]) -> _Said:
        """A decision without its event; a pair's first change was asked about alone before."""
        said = self._said.get(changes)
        if said is None:
            state, policy = self._changed(changes), self._frame.policy
            now = situation(state, self._event.memory, policy, self._load)
            votes = all_votes(now)
            said = now, votes, arbitrate(now, votes, self._frame.autonomy)
            self._said[changes] = said
        return said

    def _changed(self, changes: tuple[Change, ...]) -> EnergyState:
        values: dict[str, int] = {}
        for change in changes:
            if change.name == "surplus_w":
                assert self._dark_w is not None, "offered only where the rest is known"
                values["pv_power_w"] = change.after - self._dark_w
            else:
                values[change.name] = change.after
        return EnergyState(**{**self._seen, **values}) if values else self._event.state


def _likelihood(change: Change) -> int:
    return INPUTS.index(change.name)


def _winner(votes: tuple[Vote, ...], decision: Decision) -> tuple[object, ...]:
    """What decided: not with which numbers."""
    signals = next((vote.signals for vote in votes if vote.rule is decision.rule), ())
    return decision.rule, decision.reason, signals


def _found(changes: tuple[Change, ...], decision: Decision) -> Counterfactual:
    proposed = decision.effect is Effect.PROPOSED
    return Counterfactual(changes=changes, level=decision.level, proposed=proposed)
