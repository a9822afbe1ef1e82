"""Leaves: one table decides which fields a kind has."""

from typing import Any

import pytest

from bitgrid_core import codec
from bitgrid_core.archive import leaf
from bitgrid_core.archive.leaf import FIELDS, Cause, Kind, Leaf, PriorLog
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.errors import BadInput

AT = "2024-06-01T10:10:00.000Z"
HEX = "ab" * 32
VALUES: dict[str, Any] = {
    "obj": HEX,
    "size": 17,
    "stream": "logs",
    "first": 3,
    "last": 5,
    "journal_head": HEX,
    "consent": "consent-1",
    "epoch": 0,
    "prev_end": 2,
    "at": AT,
    "cause": Cause.MISSING,
    "count": 3,
    "digest": HEX,
    "heartbeat_s": 86_400,
    "valid_until": AT,
    "profile": "research",
    "streams": ("logs",),
    "recipients": ("ab" * 16,) * LIMITS.recipients,
    "prior": PriorLog(origin="bitgrid-archive/v1/0123456789abcdef/s000", size=3, root=HEX),
}


def example(kind: Kind) -> Leaf:
    """A leaf with every field of its kind."""
    required, optional = FIELDS[kind]
    return Leaf(seq=7, kind=kind, **{name: VALUES[name] for name in required | optional})


@pytest.mark.parametrize("kind", Kind)
def test_decoded_leaf_is_what_was_encoded(kind: Kind) -> None:
    """Each kind survives with all its fields, within 2 KiB."""
    data = leaf.encode(example(kind))
    assert leaf.decode(data) == example(kind)
    assert len(data) <= LIMITS.leaf


@pytest.mark.parametrize("kind", Kind)
def test_leaf_lacking_a_required_field_is_refused(kind: Kind) -> None:
    """A leaf that leaves something out says nothing that can be relied on."""
    for name in FIELDS[kind][0]:
        document = codec.decode(leaf.encode(example(kind)))
        assert isinstance(document, dict)
        del document[name]
        with pytest.raises(BadInput):
            leaf.decode(codec.encode(document))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"kind": "other"},
        {"seq": -1},
        {"seq": True},
        {"obj": "AB" * 32},
        {"first": 0},
        {"last": 2},
        {"stream": "Lo gs"},
        {"at": AT},
        {"unknown": 1},
        {"consent": "x" * 65},
    ],
)
def test_leaf_with_a_malformed_or_foreign_field_is_refused(change: dict[str, Any]) -> None:
    """Neither another form nor an extra field passes, so that nothing private can hide in one."""
    document = codec.decode(leaf.encode(example(Kind.LOGS)))
    assert isinstance(document, dict)
    with pytest.raises(BadInput):
        leaf.decode(codec.encode({**document, **change}))


def test_leaf_that_is_long_or_not_canonical_is_refused() -> None:
    """One leaf has one form, and it is small."""
    data = leaf.encode(example(Kind.LOGS))
    for wrong in (data + b" ", b" " + data, b"[]", b"1" * 3000, b""):
        with pytest.raises(BadInput):
            leaf.decode(wrong)


def test_gap_with_another_count_than_its_range_is_refused() -> None:
    """A hole is declared with its true size."""
    document = codec.decode(leaf.encode(example(Kind.GAP)))
    assert isinstance(document, dict)
    with pytest.raises(BadInput, match="count"):
        leaf.decode(codec.encode({**document, "count": 4}))


def test_head_commitment_depends_on_salt_and_head() -> None:
    """Nobody finds a journal head by trying heads."""
    one = leaf.head_commitment("00" * 32, "11" * 32)
    assert one != leaf.head_commitment("01" * 32, "11" * 32)
    assert one != leaf.head_commitment("00" * 32, "12" * 32)
