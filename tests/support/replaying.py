"""Records as a replay reads them: made by the small site, edited, taken away."""

from collections.abc import Callable
from typing import Any, cast

from bitgrid_core.codec import encode, loads
from bitgrid_core.deviation import Deviation
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.journal.sqlite import StoredBody
from bitgrid_core.replay import ReplayReport
from support.site import SiteConfig, fill, inputs

Bodies = list[StoredBody]


def bodies_of(config: SiteConfig) -> Bodies:
    """The records of a site as a replay reads them."""
    journal = MemoryJournal()
    fill(journal, inputs(config))
    return [StoredBody(record.kind, record.body_bytes) for record in journal.records()]


def places(bodies: Bodies, kind: str, load: str | None = None) -> list[int]:
    """Indexes of the records of a kind, of one load."""
    return [
        index
        for index, item in enumerate(bodies)
        if item.kind == kind and (load is None or body_at(bodies, index).get("load") == load)
    ]


def body_at(bodies: Bodies, index: int) -> dict[str, Any]:
    """A record's body as JSON."""
    return cast("dict[str, Any]", loads(bodies[index].body_bytes))


def edited(bodies: Bodies, index: int, edit: Callable[[dict[str, Any]], object]) -> Bodies:
    """The records with one body edited."""
    body = body_at(bodies, index)
    edit(body)
    return [*bodies[:index], StoredBody(bodies[index].kind, encode(body)), *bodies[index + 1 :]]


def without(bodies: Bodies, *gone: int) -> Bodies:
    """The records without some."""
    return [item for index, item in enumerate(bodies) if index not in gone]


def only(report: ReplayReport) -> Deviation:
    """The one deviation."""
    assert len(report.deviations) == 1, report.deviations
    assert report.deviating == 1
    assert not report.same
    return report.deviations[0]


def running(bodies: Bodies, load: str = "load-1") -> int:
    """A decision in the middle, made for a load that runs."""
    found = [i for i in places(bodies, "decision", load) if body_at(bodies, i)["level"] != "off"]
    return found[len(found) // 2]
