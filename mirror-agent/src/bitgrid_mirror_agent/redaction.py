"""What of a journal record leaves under which profile; by allow-list, never by deny-list.

`full` passes a record's bytes as they are. `research` drops the private part and its salt and keeps
their commitment, so that the record's hash — and with it chain and replay — stays computable.

Invariant: a field or a kind that nobody has thought of does not leave under `research`.
"""

from __future__ import annotations

import hashlib
from typing import assert_never, cast

from bitgrid_core import codec
from bitgrid_core.errors import Refused
from bitgrid_mirror_agent.consent import Profile

RECORD_FIELDS = frozenset({"seq", "at", "kind", "body", "private", "salt", "prev"})
RESEARCH_FIELDS = ("seq", "at", "kind", "body", "prev")
RESEARCH_KINDS = frozenset(
    {
        # inputs of a decision
        *("policy", "block", "missed", "lease_end", "autonomy", "override", "confirm"),
        *("time_box", "clock_jump", "journal_lost"),
        # decisions and what happened around them
        *("decision", "safety", "health", "audit", "boot", "recorded_late", "gap"),
        *("consent", "export", "retention", "closed_day", "anchor"),
        # series as received, and two numbers that the own forecast has learnt; never a place
        *("forecast", "prices", "learnt"),
    }
)
"""Kinds of records whose body holds opaque ids and numbers only, as the contract promises."""


def redacted(record: dict[str, codec.Json], line: bytes, profile: Profile) -> bytes:
    """The line that leaves for a record that core wrote as ``line``.

    Raises:
        Refused: the record has a field or form that the profile does not know.
    """
    match profile:
        case Profile.FULL:
            return line
        case Profile.RESEARCH:
            return _research(record)
        case _:
            assert_never(profile)


def _research(record: dict[str, codec.Json]) -> bytes:
    odd = sorted(record.keys() ^ RECORD_FIELDS)
    if odd:
        raise Refused(
            f"Record {record.get('seq')} has or lacks {odd}, unknown to the profile research.",
            "Update the agent, or grant the profile full.",
        )
    if record["kind"] not in RESEARCH_KINDS:
        raise Refused(
            f"Record {record['seq']} is of kind {record['kind']!r}, unknown to the profile research.",
            "Update the agent, or grant the profile full.",
        )
    kept: dict[str, codec.Json] = {name: record[name] for name in RESEARCH_FIELDS}
    salt = bytes.fromhex(cast("str", record["salt"]))
    private = codec.encode_trusted(record["private"])
    kept["private_commit"] = hashlib.sha256(salt + private).hexdigest()
    return codec.encode_trusted(kept) + b"\n"
