"""Cutting a stream: each record in exactly one segment or gap, whatever happened to the outbox."""

import random
from pathlib import Path

import pytest

from bitgrid_core.archive.limits import LIMITS
from bitgrid_mirror_agent import consent
from bitgrid_mirror_agent.outbox_reader import OutboxReader
from bitgrid_mirror_agent.segments import Gap, cut
from support.mirror import DAY_MS, START_MS, House


@pytest.mark.parametrize("seed", range(12))
def test_every_record_after_the_cursor_is_in_one_segment_or_gap(tmp_path: Path, seed: int) -> None:
    """Slices of random length, some uncovered, some pruned; any cursor, also within a slice."""
    draw = random.Random(seed)
    house = House(tmp_path / "data")
    for _ in range(12):
        at_ms = START_MS + draw.choice((-1, 1, 1, 1))
        path = house.close_slice(draw.randint(1, 9), at_ms=at_ms, size=draw.choice((0, 300_000)))
        if draw.random() < 0.2:
            path.unlink()
    house.grant(valid_until="2025-01-01T00:00:00.000Z")
    given = consent.load(house.data / "consent.json", house.data / "keys" / "core.pub")
    assert given is not None
    cursor = draw.randint(0, house.seq - 1)
    end = cursor
    for item in cut(OutboxReader(house.data / "outbox"), "logs", cursor, given):
        assert item.first == end + 1
        end = item.last
        if not isinstance(item, Gap):
            sizes = [len(content) for content in item.contents]
            assert sizes == [part.size for part in item.parts]
            assert sum(sizes) <= LIMITS.segment_most
    assert end == house.seq


def test_slice_closed_after_the_consent_ended_is_not_touched(tmp_path: Path) -> None:
    """Neither segment nor gap speaks about it: that is for the next consent to say."""
    house = House(tmp_path / "data")
    house.close_slice(2, at_ms=START_MS)
    house.close_slice(2, at_ms=START_MS + 2 * DAY_MS).unlink()
    house.grant(valid_until="2024-06-02T00:00:00.000Z")
    given = consent.load(house.data / "consent.json", house.data / "keys" / "core.pub")
    assert given is not None
    found = list(cut(OutboxReader(house.data / "outbox"), "logs", 0, given))
    assert [(one.first, one.last) for one in found] == [(1, 2)]
