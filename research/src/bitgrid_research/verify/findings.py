"""Collecting what is wrong with one shard, in the order in which it is found.

Invariant: the first finding is the first bad thing on the way from the pin to the journal.
"""

from __future__ import annotations

from bitgrid_research.layout import ShardId
from bitgrid_research.outcome import Finding, Outcome, worst


class Findings:
    """A shard's findings; names are completed with the shard's path."""

    def __init__(self, shard: ShardId) -> None:
        self._shard = shard
        self._found: list[Finding] = []

    def add(self, outcome: Outcome, name: str, what: str) -> None:
        """Note one thing: which name, and in one sentence what."""
        full = f"{self._shard.path}/{name}" if name else self._shard.path
        self._found.append(Finding(outcome=outcome, name=full, what=what))

    def tampered(self, name: str, what: str) -> None:
        """Note bytes that are not what was signed."""
        self.add(Outcome.TAMPERED, name, what)

    def missing(self, name: str, what: str) -> None:
        """Note something that should be there."""
        self.add(Outcome.INCOMPLETE, name, what)

    @property
    def all(self) -> tuple[Finding, ...]:
        """Everything found so far."""
        return tuple(self._found)

    @property
    def outcome(self) -> Outcome:
        """The worst of it."""
        return worst(finding.outcome for finding in self._found)
