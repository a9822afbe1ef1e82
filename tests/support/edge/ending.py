"""The proof of a life's journal: its chain and anchors, its replay, and what a restart makes of it."""

from collections import Counter
from collections.abc import Iterator

from bitgrid_appliance.keys import check_signature
from bitgrid_appliance.settings import Layout
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.journal.sqlite import SqliteReader, StoredBody
from bitgrid_core.journal.verification import verify_journal
from bitgrid_core.replay import replay


def bodies_of(layout: Layout) -> list[StoredBody]:
    """Kinds and bodies of all records of a journal."""
    with SqliteReader(layout.journal) as reader:
        return list(reader.bodies())


def faults_of_the_journal(
    layout: Layout, bodies: list[StoredBody], counts: Counter[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with a journal that was closed; what was replayed is counted."""
    with SqliteReader(layout.journal) as reader:
        key = layout.core_pub.read_text().strip()
        verified = verify_journal(reader, read_anchors(layout.anchors), check_signature, key)
        if verified.fault is not None:
            yield "journal_verifies", verified.fault.reason
    replayed = replay(bodies, whole=True)
    counts["replayed"] += replayed.identical
    counts["blocks"] += replayed.blocks
    if not replayed.same or replayed.decisions != counts["decisions"]:
        first = replayed.deviations[0] if replayed.deviations else None
        yield "replay_is_identical", f"{replayed.identical} of {counts['decisions']}: {first}"
