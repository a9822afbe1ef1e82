"""What the proven leaves say: consents, heartbeats, holes, and which objects must be there.

Must not know objects' bytes. Invariants: every record of a stream is in a data leaf or in a
declared gap, or the hole is named; leaves under a withdrawn or expired consent are not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bitgrid_core.archive import leaf as leaves
from bitgrid_core.archive.leaf import Cause, Kind, Leaf
from bitgrid_core.errors import BadInput
from bitgrid_research.outcome import Outcome
from bitgrid_research.verify.findings import Findings

_ENDS = frozenset({Kind.WITHDRAWN, Kind.EXPIRED})
_HARMLESS = frozenset({Cause.UNCOVERED, Cause.WITHDRAWN})
"""Causes of gaps by the owner's will: nothing is missing that was ever promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The leaves of one log, sorted by what a reader needs."""

    leaves: tuple[Leaf, ...]
    data: tuple[Leaf, ...]
    gaps: tuple[Leaf, ...]
    ended: Mapping[str, Leaf]
    newest_at: str | None
    heartbeat_s: int | None


def decode_leaves(proven: Mapping[int, bytes], found: Findings) -> tuple[Leaf, ...]:
    """Leaves in order; one that is no leaf of its place is named."""
    decoded: list[Leaf] = []
    for index, data in sorted(proven.items()):
        try:
            one = leaves.decode(data)
        except BadInput as error:
            found.tampered(f"leaf {index}", error.message)
            continue
        if one.seq == index:
            decoded.append(one)
        else:
            found.tampered(f"leaf {index}", f"It calls itself leaf {one.seq}.")
    return tuple(decoded)


def account(decoded: tuple[Leaf, ...], found: Findings) -> Account:
    """Sort leaves and name holes, contradictions and the end of a consent."""
    _check_streams(decoded, found)
    gaps = tuple(one for one in decoded if one.kind is Kind.GAP)
    for gap in gaps:
        if gap.cause not in _HARMLESS:
            found.missing(
                f"leaf {gap.seq}",
                f"Records {gap.first} to {gap.last} of {gap.stream} are declared lost"
                f" ({gap.cause}).",
            )
    lost = {gap.obj for gap in gaps if gap.obj is not None}
    ended = {one.consent: one for one in decoded if one.kind in _ENDS and one.consent}
    _check_withdrawal(decoded, found)
    consents = [one for one in decoded if one.kind is Kind.CONSENT]
    data = [one for one in decoded if one.kind in leaves.DATA_KINDS]
    return Account(
        leaves=decoded,
        data=tuple(one for one in data if one.obj not in lost and one.consent not in ended),
        gaps=gaps,
        ended=ended,
        newest_at=max((one.at for one in decoded if one.at is not None), default=None),
        heartbeat_s=consents[-1].heartbeat_s if consents else None,
    )


def _check_streams(decoded: Iterable[Leaf], found: Findings) -> None:
    """Follow ``prev_end`` of each stream; after a missing leaf it starts anew."""
    ends: dict[str, int] = {}
    following = 0
    for one in decoded:
        if one.seq != following:
            ends = {}
        following = one.seq + 1
        if one.stream is None or one.first is None or one.last is None or one.prev_end is None:
            continue
        end = ends.get(one.stream, one.prev_end)
        if one.prev_end != end:
            found.tampered(
                f"leaf {one.seq}",
                f"It continues {one.stream} from {one.prev_end}, but the log had reached {end}.",
            )
        if one.first > end + 1:
            found.missing(
                f"leaf {one.seq}",
                f"Records {end + 1} to {one.first - 1} of {one.stream} are missing, undeclared.",
            )
        ends[one.stream] = max(end, one.last)


def _check_withdrawal(decoded: Iterable[Leaf], found: Findings) -> None:
    """The archive counts as withdrawn if the last word about consent is its end."""
    words = [one for one in decoded if one.kind in _ENDS or one.kind is Kind.CONSENT]
    if words and words[-1].kind in _ENDS:
        last = words[-1]
        what = "was withdrawn" if last.kind is Kind.WITHDRAWN else "expired"
        found.add(
            Outcome.WITHDRAWN,
            f"leaf {last.seq}",
            f"Consent {last.consent} {what} at {last.at}: stop using this archive and delete it.",
        )
