"""One lie anywhere in a decision is one deviation, at its block, load and field."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.deviation import Deviation
from bitgrid_core.errors import BadInput
from bitgrid_core.replay import replay
from support.replaying import bodies_of, body_at, edited, places
from support.site import SiteConfig

LIVELY = bodies_of(SiteConfig(seed=23, blocks=30, loads=3, events=100))
DECISIONS = places(LIVELY, "decision")
WORDS = {
    "trigger": ("tick", "lease", "safety", "override", "confirm"),
    "action": ("START", "THROTTLE", "STOP", "NOOP"),
    "level": ("off", "eco", "standard", "super", "turbo"),
    "rule": ("R1", "R2", "R3", "R4", "R5", "SYS"),
    "effect": ("acted", "proposed", "held_by_autonomy"),
    "autonomy": ("MANUAL", "ASSISTED", "SEMI", "FULL"),
    "load": ("load-1", "load-2", "load-3", "load-9"),
    "cause": ("OVERTEMP", "COMM_TIMEOUT"),
}
"""Another value must still be a word of the format; anything else cannot be read at all."""


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_changed_value_is_one_deviation(data: st.DataObject) -> None:
    """Whichever value of whichever decision is another: it is named, once, and nothing else."""
    at = data.draw(st.sampled_from(DECISIONS), "record")
    body = body_at(LIVELY, at)
    path = data.draw(st.sampled_from(list(leaves(body))), "path")
    value = data.draw(another(path, at_path(body, path)), "value")
    changed = edited(LIVELY, at, lambda body: put(body, path, value))
    name = f"votes.{body['votes'][path[1]]['rule']}" if path[0] == "votes" else str(path[0])
    report = replay(changed, whole=True)
    assert [(item.block_id, item.load, item.field) for item in report.deviations] == [
        (body["block_id"], body["load"], name)
    ]
    assert shown(report.deviations[0]) == (
        part(body_at(changed, at), path),
        part(body, path),
    )
    assert report.identical == report.decisions - 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_byte_of_any_record_is_read_or_refused_in_words(data: st.DataObject) -> None:
    """A flipped byte replays to a deviation, to nothing at all, or is bad input; never a crash."""
    at = data.draw(st.integers(0, len(LIVELY) - 1), "record")
    body = bytearray(LIVELY[at].body_bytes)
    body[data.draw(st.integers(0, len(body) - 1), "byte")] ^= data.draw(st.integers(1, 255), "mask")
    broken = [*LIVELY[:at], LIVELY[at]._replace(body_bytes=bytes(body)), *LIVELY[at + 1 :]]
    try:
        same = replay(broken, whole=True).same
    except BadInput:
        same = False
    assert not same or LIVELY[at].kind != "decision"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """Paths of all values that are no containers; not the format's number, not a vote's name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif path != ("v",) and not (path[0] == "votes" and path[-1] == "rule"):
        yield path


def another(path: tuple[Any, ...], value: Any) -> st.SearchStrategy[Any]:
    """Another value of the same type, of the same vocabulary."""
    if value is None:
        return st.just("eco")
    if isinstance(value, int):
        return st.integers(0, 2**40).filter(lambda other: other != value)
    name = str(path[-1])
    if path[0] == "memory" and "override" in path and name == "action":
        words: tuple[str, ...] = ("START", "STOP", "LIMIT")
    elif "quality" in path:
        words = ("stale", "missing", "suspect")
    else:
        words = WORDS.get(name, ("other", "words"))
    return st.sampled_from([word for word in words if word != value])


def at_path(body: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        body = body[key]
    return body


def put(body: Any, path: tuple[Any, ...], value: Any) -> None:
    """Write the value at a path."""
    at_path(body, path[:-1])[path[-1]] = value


def part(body: Any, path: tuple[Any, ...]) -> Any:
    """What a deviation shows of a change: the whole vote, state or memory."""
    return at_path(body, path[:2] if path[0] == "votes" else path[:1])


def shown(found: Deviation) -> tuple[Any, Any]:
    """Both values of a deviation."""
    return found.recorded, found.replayed
