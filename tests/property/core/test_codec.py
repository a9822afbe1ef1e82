"""What every document of the core must keep: what is written is read, what is strange is refused."""

import json
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core import codec
from bitgrid_core.codec import Json
from bitgrid_core.context import Aggregate, BlockAggregates
from bitgrid_core.errors import BadInput
from bitgrid_core.events import from_body, to_body, to_bytes
from bitgrid_core.inputs import (
    INPUT_KINDS,
    SAFETY_FIELDS,
    AutonomySet,
    BlockClosed,
    BlocksMissed,
    ClockJumped,
    Confirmed,
    Input,
    JournalLost,
    LeaseEnded,
    OverrideSet,
    PolicyChanged,
    SafetyMeasured,
    TimeBoxExceeded,
    from_record,
    to_record,
)
from bitgrid_core.model import Autonomy, Override
from bitgrid_core.policy import from_document, policy_digest, to_document
from bitgrid_core.signals import Quality
from support.moments import decision_at, moment

QUICK = settings(max_examples=100, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)
whole = st.integers(-(2**53), 2**53)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(max_codepoint=127), max_size=10)
documents: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | whole | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)
maybe = st.none() | st.integers(0, 10**6)
aggregates = st.builds(
    Aggregate, maybe, maybe, maybe, maybe, st.integers(0, 600), maybe, st.sampled_from(Quality)
)
signals = st.dictionaries(st.sampled_from(("pv_power_w", "house_load_w")), aggregates)
windows = st.builds(
    BlockAggregates,
    block_id=st.integers(0, 10**7),
    local_day=st.integers(0, 99_991_231),
    site=signals,
    loads=st.dictionaries(st.sampled_from(("load-1", "load-2")), signals),
    pv_forecast_w=st.lists(maybe, max_size=6).map(tuple),
    prices_ct_per_mwh=st.lists(maybe, max_size=6).map(tuple),
)
overrides = st.none() | st.builds(
    Override,
    action=st.sampled_from(("START", "STOP", "LIMIT")),
    level=st.none() | st.just("eco"),
    until_block=st.integers(0, 10**7),
)
inputs: st.SearchStrategy[Input] = st.one_of(
    seeds.map(lambda seed: PolicyChanged(policy=moment(seed).policy)),
    st.builds(BlockClosed, window=windows),
    st.builds(BlocksMissed, first_block=st.integers(0, 9), last_block=st.integers(9, 99)),
    st.builds(LeaseEnded, load=st.just("load-1"), block_id=st.integers(0, 10**7)),
    st.builds(AutonomySet, autonomy=st.sampled_from(Autonomy)),
    st.builds(
        OverrideSet,
        load=st.just("load-1"),
        override=overrides,
        block_id=st.none() | st.integers(0, 10**7),
    ),
    st.builds(
        SafetyMeasured,
        load=st.none() | st.just("load-1"),
        signal=st.sampled_from(sorted(SAFETY_FIELDS)),
        value=maybe,
        at_ms=st.integers(0, 2**42),
        block_id=st.integers(0, 10**7),
        quality=st.sampled_from(Quality),
    ),
    st.builds(Confirmed, load=st.just("load-1"), block_id=st.integers(0, 10**7)),
    st.builds(TimeBoxExceeded, block_id=st.integers(0, 10**7), took_ms=st.integers(0, 10**6)),
    st.builds(ClockJumped, drift_ms=st.integers(-(10**10), 10**10)),
    st.builds(JournalLost, block_id=st.integers(0, 10**7)),
)
Path: TypeAlias = tuple[str | int, ...]


@QUICK
@given(documents)
def test_decoding_gives_back_what_was_encoded(value: Json) -> None:
    """Value, bytes and digest agree both ways; types too: true is not 1."""
    data = codec.encode(value)
    again = codec.decode(data)
    assert again == value
    assert codec.encode(again) == data
    assert repr(codec.loads_trusted(data)) == repr(again)
    assert codec.encode_trusted(value) == data


@QUICK
@given(documents)
def test_encoding_does_not_depend_on_the_order_of_keys(value: Json) -> None:
    """Equal documents have equal bytes, however they were put together."""
    reverse = json.loads(json.dumps(value), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert codec.encode(reverse) == codec.encode(value)


@QUICK
@given(st.binary(max_size=60) | documents.map(lambda value: json.dumps(value).encode()))
def test_decoder_accepts_only_what_the_encoder_writes(data: bytes) -> None:
    """Any other bytes are bad input, never another error, never another value."""
    try:
        value = codec.decode(data)
    except BadInput:
        return
    assert codec.encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b" 1",
        b"1\n",
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b"-Infinity",
        b"9007199254740993",
        b"1" * 5000,
        b'"\\u0041"',
        b'"\\/"',
        b'"\\ud800"',
        b'"\xff"',
        b'{"\xc3\xa4":1}',
        b"\xef\xbb\xbf1",
        "[1]".encode("utf-16"),
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"",
    ],
)
def test_bytes_that_mean_something_but_are_not_canonical_are_refused(data: bytes) -> None:
    """One document, one byte string: a second spelling would be a second digest."""
    with pytest.raises(BadInput):
        codec.decode(data)


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53 + 1, {"ä": 1}, {1: 1}, (1,), b"x", "\ud800", [[1.5]], {"a": {2.5}}],
)
def test_value_without_a_canonical_form_is_refused(value: Any) -> None:
    """No float, no large integer, no other type gets into a record."""
    with pytest.raises(BadInput):
        codec.encode(value)


def test_known_documents_have_the_bytes_of_rfc_8785() -> None:
    """Escapes and order as in the RFC, within the closed set of types."""
    value: Json = {"b": [None, True, -5], "a": '€\u000f\nA"\\\u2028', "": 2**53}
    expected = '{"":9007199254740992,"a":"€\\u000f\\nA\\"\\\\\u2028","b":[null,true,-5]}'
    assert codec.encode(value) == expected.encode("utf-8")
    assert codec.digest([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


@QUICK
@given(seeds)
def test_event_is_read_back_as_it_was_written(seed: int) -> None:
    """From bytes to the same event to the same bytes."""
    event, _after = decision_at(moment(seed))
    data = to_bytes(event)
    again = from_body(codec.decode(data))  # type: ignore[arg-type]  # an event's body is a dict
    assert again == event
    assert to_bytes(again) == data == codec.encode(to_body(event))


@QUICK
@given(seeds)
def test_policy_is_read_back_as_it_was_written(seed: int) -> None:
    """Through its canonical document, with the same digest."""
    policy = moment(seed).policy
    again = from_document(codec.decode(codec.encode(to_document(policy))))
    assert again == policy
    assert policy_digest(again) == policy_digest(policy)


@QUICK
@given(windows)
def test_window_is_read_back_as_it_was_written(window: BlockAggregates) -> None:
    """Every quality and every missing value survives."""
    body: Any = codec.decode(codec.encode(window.to_body()))
    assert BlockAggregates.from_body(body) == window


@QUICK
@given(inputs)
def test_input_is_read_back_from_its_record(item: Input) -> None:
    """Each kind of input, through canonical bytes."""
    kind, body = to_record(item)
    again: Any = codec.decode(codec.encode(body))
    assert kind in INPUT_KINDS
    assert from_record(kind, again) == item


@QUICK
@given(st.sampled_from(sorted(INPUT_KINDS)), st.dictionaries(keys, documents, max_size=3))
def test_strange_body_is_bad_input_and_nothing_else(kind: str, body: dict[str, Json]) -> None:
    """A record that no version of this program wrote ends in a sentence."""
    with pytest.raises(BadInput):
        from_record(kind, body)


@QUICK
@given(inputs, documents, st.integers(0, 30))
def test_body_with_one_strange_part_is_read_or_refused(
    item: Input, strange: Json, number: int
) -> None:
    """One part of a real record replaced by anything never ends in another error."""
    kind, body = to_record(item)
    changed: Any = codec.decode(codec.encode(body))
    places = sorted(paths(changed), key=str)
    put(changed, places[number % len(places)], strange)
    try:
        from_record(kind, changed)
    except BadInput:
        return


@QUICK
@given(seeds, documents, st.integers(0, 100))
def test_event_with_one_strange_part_is_read_or_refused(
    seed: int, strange: Json, number: int
) -> None:
    """The same for a decision, of which an archive may hold a forged one."""
    event, _after = decision_at(moment(seed))
    changed: Any = codec.decode(to_bytes(event))
    places = sorted(paths(changed), key=str)
    put(changed, places[number % len(places)], strange)
    try:
        from_body(changed)
    except BadInput:
        return


@pytest.mark.parametrize("version", [0, 4, "1", None])
def test_unknown_version_of_event_or_policy_is_refused(version: Any) -> None:
    """A newer format is not guessed at."""
    event, _after = decision_at(moment(1))
    with pytest.raises(BadInput, match="unknown"):
        from_body(to_body(event) | {"v": version})
    with pytest.raises(BadInput, match="unknown"):
        from_document(to_document(moment(1).policy) | {"v": version})


def paths(value: Json, here: Path = ()) -> list[Path]:
    """The place of every part of a document."""
    parts: list[tuple[str | int, Json]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    found = [(*here, key) for key, _part in parts]
    return found + [path for key, part in parts for path in paths(part, (*here, key))]


def put(document: Any, path: Path, value: Json) -> None:
    """Replace the part at a place."""
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value
