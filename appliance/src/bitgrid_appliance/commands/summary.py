"""What a demo came to: counted in the journal, told by the agent, proven by the researcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from bitgrid_appliance.keys import check_signature
from bitgrid_appliance.settings import Layout
from bitgrid_appliance.supervisor import Completed
from bitgrid_core.codec import Json
from bitgrid_core.events import from_body
from bitgrid_core.explain import LANGUAGES, short
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.journal.verification import verify_journal

_EVERY: Final = 500


@dataclass(slots=True, kw_only=True)
class Counted:
    """What stands in the journal."""

    blocks: int = 0
    missed_blocks: int = 0
    decisions: int = 0
    switches: int = 0
    explained: int = 0
    lease_ends: int = 0
    records: int = 0
    head: str = ""
    sound: bool = False
    actions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the researcher's side said.

    Attributes:
        verify: the archive is complete and untouched.
        replay: every decision was made again.
    """

    verify: Completed
    replay: Completed

    @property
    def numbers(self) -> dict[str, Json]:
        """The replay's numbers."""
        return self.replay.document()


def count_journal(layout: Layout, progress: Callable[[int], None]) -> Counted:
    """Count and verify; ``progress`` is told the records that were read."""
    counted = Counted()
    with SqliteReader(layout.journal) as reader:
        for record in reader.records():
            counted.records += 1
            if counted.records % _EVERY == 0:
                progress(counted.records)
            match record.kind:
                case "block":
                    counted.blocks += 1
                case "missed":
                    first, last = record.body["first_block"], record.body["last_block"]
                    counted.missed_blocks += cast("int", last) - cast("int", first) + 1
                case "lease_end":
                    counted.lease_ends += 1
                case "decision":
                    _count_decision(counted, record.body)
                case _:
                    pass
        report = verify_journal(reader, read_anchors(layout.anchors), check_signature)
    counted.head, counted.sound = report.head.hash, report.sound
    return counted


def summary(counted: Counted, status: dict[str, Json], proof: Proof) -> dict[str, Json]:
    """The demo's one JSON object."""
    numbers = proof.numbers
    complete = (numbers.get("decisions"), numbers.get("blocks")) == (
        counted.decisions,
        counted.blocks,
    )
    return {
        "blocks": counted.blocks,
        "missed_blocks": counted.missed_blocks,
        "decisions": counted.decisions,
        "switches": counted.switches,
        "explained": counted.explained,
        "actions": dict(sorted(counted.actions.items())),
        "lease_ends": counted.lease_ends,
        "records": counted.records,
        "journal_head": counted.head,
        "journal_sound": counted.sound,
        "sealed_objects": status.get("sealed_objects"),
        "bytes_pushed": status.get("bytes_pushed"),
        "fingerprint": status.get("key_fingerprint"),
        "verified": counted.sound and proof.verify.code == 0 and complete,
        "replayed_identical": proof.replay.code == 0 and numbers.get("deviating") == 0,
        "deviations": numbers.get("deviating"),
    }


def is_good(document: dict[str, Json]) -> bool:
    """Whether everything was verified, explained and identical."""
    return (
        document["verified"] is True
        and document["replayed_identical"] is True
        and document["explained"] == document["decisions"]
    )


def table(document: dict[str, Json]) -> str:
    """The summary for people."""
    actions = cast("dict[str, Json]", document["actions"])
    named = ", ".join(f"{name} {count}" for name, count in actions.items())
    rows = (
        ("blocks decided", f"{document['blocks']} (missed: {document['missed_blocks']})"),
        ("decisions", f"{document['decisions']} ({named})"),
        ("switches on or off", document["switches"]),
        ("explained, de and en", document["explained"]),
        ("journal", f"{document['records']} records, head {str(document['journal_head'])[:16]}…"),
        ("journal is sound", _yes(document["journal_sound"])),
        ("sealed objects", document["sealed_objects"]),
        ("bytes pushed", document["bytes_pushed"]),
        ("archive verified", _yes(document["verified"])),
        ("replay identical", _yes(document["replayed_identical"])),
        ("deviations", document["deviations"]),
    )
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)


def _count_decision(counted: Counted, body: dict[str, Json]) -> None:
    event = from_body(body)
    counted.decisions += 1
    counted.switches += event.switches
    counted.explained += all(short(event, lang) for lang in LANGUAGES)
    name = str(event.decision.action)
    counted.actions[name] = counted.actions.get(name, 0) + 1


def _yes(value: Json) -> str:
    return "yes" if value is True else "NO"
