"""Where a decision that was made again differs from the recorded one, field by field.

Compares JSON forms only; knows no engine. With another policy outcomes are compared — action,
level, code, each vote's action and reason —, else everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from bitgrid_core.codec import Json, encode_trusted

Body: TypeAlias = dict[str, Json]

_OUTCOME: Final = ("action", "level", "decision_code")
_VOTE_OUTCOME: Final = ("action", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One field that came out differently.

    Attributes:
        block_id: where.
        load: for which load.
        field: name in the event; ``votes.R1`` for a vote, ``decision`` for a whole one.
        recorded: value in the journal.
        replayed: value now.
    """

    block_id: int
    load: str
    field: str
    recorded: Json
    replayed: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field's two values, of whatever decision."""

    field: str
    recorded: Json
    replayed: Json


def differences(recorded: Body, again: Body) -> list[Difference]:
    """Every field whose value differs, votes one by one."""
    names = sorted((set(recorded) | set(again)) - {"votes"})
    before, after = _votes(recorded), _votes(again)
    rules = sorted(set(before) | set(after))
    found = [
        *(_difference(name, recorded, again) for name in names),
        *(_difference(rule, before, after, prefix="votes.") for rule in rules),
    ]
    return [item for item in found if item is not None]


def outcome_differences(recorded: Body, again: Body) -> list[Difference]:
    """The same for what matters under another policy."""
    return differences(_outcome(recorded), _outcome(again))


def _difference(name: str, recorded: Body, again: Body, prefix: str = "") -> Difference | None:
    before, after = recorded.get(name), again.get(name)
    if encode_trusted(before) == encode_trusted(after):  # True is not 1 here
        return None
    return Difference(field=prefix + name, recorded=before, replayed=after)


def _votes(body: Body) -> Body:
    votes = cast("list[Body]", body["votes"])
    return {str(vote["rule"]): cast("Json", vote) for vote in votes}


def _outcome(body: Body) -> Body:
    outcome = {name: body[name] for name in _OUTCOME}
    votes = [
        {"rule": vote["rule"]} | {name: vote.get(name) for name in _VOTE_OUTCOME}
        for vote in cast("list[Body]", body["votes"])
    ]
    return outcome | {"votes": cast("Json", votes)}
