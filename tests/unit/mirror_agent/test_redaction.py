"""Redaction by allow-list."""

import json

import pytest

from bitgrid_core import codec
from bitgrid_core.errors import Refused
from bitgrid_mirror_agent.consent import Profile
from bitgrid_mirror_agent.redaction import redacted
from support.mirror import SECRET_TEXT, ZERO_HEAD, record, record_hash


def test_full_passes_the_bytes_as_they_are() -> None:
    """Nothing is written anew."""
    line = codec.encode(record(1, ZERO_HEAD)) + b"\n"
    assert redacted(record(1, ZERO_HEAD), line, Profile.FULL) is line


def test_research_drops_the_private_part_and_keeps_the_hash() -> None:
    """Chain and replay do not notice."""
    one = record(1, ZERO_HEAD)
    line = redacted(one, codec.encode(one) + b"\n", Profile.RESEARCH)
    found = json.loads(line)
    assert found.keys() == {"seq", "at", "kind", "body", "prev", "private_commit"}
    assert SECRET_TEXT.encode() not in line
    assert one["salt"].encode() not in line
    assert record_hash(found) == record_hash(one)


def test_research_refuses_a_field_that_nobody_has_thought_of() -> None:
    """A new field stays at home until the profile knows it."""
    one = {**record(1, ZERO_HEAD), "owner_name": "Ada"}
    with pytest.raises(Refused, match="owner_name"):
        redacted(one, codec.encode(one) + b"\n", Profile.RESEARCH)


def test_research_refuses_a_kind_that_nobody_has_thought_of() -> None:
    """A new kind of record stays at home until the profile knows it."""
    one = {**record(1, ZERO_HEAD), "kind": "diary"}
    with pytest.raises(Refused, match="diary"):
        redacted(one, codec.encode(one) + b"\n", Profile.RESEARCH)
