"""The same records decided by another version of the software, and where the two disagree.

The other version says itself, by its own ``bitgrid replay --json``, what it would have decided
otherwise; event by event that is set against what this version says. Each decision is made from
what is recorded before it, so one difference does not cascade. Knows no process: it is given one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from bitgrid_core.cli.services import RunVersion
from bitgrid_core.errors import BadInput, CheckFailed

Place: TypeAlias = tuple[int, str, str]
"""Block, load, field."""
_ENDED_WELL: Final = (0, 1)
_LONGEST_WORDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One field that the two versions decide differently.

    Attributes:
        block_id: where.
        load: for which load.
        field: name in the event.
        recorded: value in the journal.
        here: value by this version.
        there: value by the other.
    """

    block_id: int
    load: str
    field: str
    recorded: object
    here: object
    there: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two versions made of the same records.

    Attributes:
        there: the other version's own words for itself.
        decisions: that both made again.
        found: where they disagree.
        cut: whether either has more deviations than it lists, so that more may be hidden.
    """

    there: str
    decisions: int
    found: tuple[Disagreement, ...]
    cut: bool


def compared(
    here: Mapping[str, object], program: Path, words: Sequence[str], run: RunVersion
) -> Comparison:
    """Set this version's replay against another's.

    Args:
        here: this version's report as JSON.
        program: the other version.
        words: source, window and policy, as on the command line.
        run: runs it.

    Raises:
        BadInput: the other version cannot do it, in its own words.
        CheckFailed: it read other records than this one.
    """
    _code, version = run(program, ["--version"])
    code, output = run(program, ["replay", *words, "--json"])
    there = _document(program, code, output)
    for name in ("blocks", "decisions"):
        if there.get(name) != here[name]:
            raise CheckFailed(
                f"{program} read {there.get(name)} {name}, this version {here[name]}.",
                "Let both read records of a format that both know.",
            )
    ours, theirs = _by_place(here), _by_place(there)
    found = []
    for place in sorted(ours.keys() | theirs.keys()):
        recorded = (ours.get(place) or theirs[place])["recorded"]
        mine = ours[place]["replayed"] if place in ours else recorded
        other = theirs[place]["replayed"] if place in theirs else recorded
        if mine != other:
            block_id, load, field = place
            found.append(
                Disagreement(
                    block_id=block_id,
                    load=load,
                    field=field,
                    recorded=recorded,
                    here=mine,
                    there=other,
                )
            )
    return Comparison(
        there=version.strip()[:_LONGEST_WORDS] or str(program),
        decisions=cast("int", here["decisions"]),
        found=tuple(found),
        cut=any(_is_cut(one) for one in (here, there)),
    )


def _document(program: Path, code: int, output: str) -> dict[str, object]:
    try:
        found = json.loads(output)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"{program} ended with code {code} and no result.", "Run it by itself.")
    if code not in _ENDED_WELL or "listed" not in found:
        words = str(found.get("error", "it lists no deviations"))[:_LONGEST_WORDS]
        raise BadInput(f"{program} ended with code {code}: {words}", "Run it by itself.")
    return found


def _by_place(report: Mapping[str, object]) -> dict[Place, dict[str, object]]:
    listed = cast("list[dict[str, object]]", report["listed"])
    return {
        (cast("int", one["block_id"]), str(one["load"]), str(one["field"])): one for one in listed
    }


def _is_cut(report: Mapping[str, object]) -> bool:
    return cast("int", report["deviations"]) > len(cast("list[object]", report["listed"]))
