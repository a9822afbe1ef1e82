"""The outbox is checked before it is used."""

import json
from pathlib import Path
from typing import Any

import pytest

from bitgrid_core import codec
from bitgrid_core.errors import BadInput, CheckFailed
from bitgrid_mirror_agent.outbox_reader import OutboxReader
from support.mirror import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with two slices."""
    found = House(tmp_path / "data")
    found.close_slice(3)
    found.close_slice(2)
    return found


def index_of(house: House) -> Path:
    """The index file."""
    return house.data / "outbox" / "logs" / "index.jsonl"


def reader(house: House) -> OutboxReader:
    """A reader of the house's outbox."""
    return OutboxReader(house.data / "outbox")


def change(house: House, line: int, **changes: Any) -> None:
    """Change a line of the index."""
    lines = [json.loads(text) for text in index_of(house).read_bytes().splitlines()]
    lines[line].update(changes)
    index_of(house).write_bytes(b"".join(codec.encode(one) + b"\n" for one in lines))


def test_slices_and_records_are_those_that_core_wrote(house: House) -> None:
    """Both slices in order, each record once."""
    slices = reader(house).slices("logs")
    assert [(one.first, one.last) for one in slices] == [(1, 3), (4, 5)]
    assert [one.seq for entry in slices for one in reader(house).records(entry)] == [1, 2, 3, 4, 5]


def test_stream_without_a_directory_is_empty(house: House) -> None:
    """A stream that nobody writes has no slices."""
    assert reader(house).slices("exports") == []
    assert reader(house).newest_ms(("exports",)) is None


def test_half_written_last_line_of_the_index_is_left_out(house: House) -> None:
    """Core may be in the midst of writing."""
    with index_of(house).open("ab") as file:
        file.write(b'{"v":1,"str')
    assert len(reader(house).slices("logs")) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"stream": "other"},
        {"file": "../../etc/passwd"},
        {"first": 0},
        {"size": "10"},
        {"sha256": "x"},
        {"closed_at": "now"},
        {"first_block": -1},
    ],
)
def test_line_of_another_form_is_bad_input(house: House, changes: dict[str, Any]) -> None:
    """No path and no number is used unchecked."""
    change(house, 0, **changes)
    with pytest.raises(BadInput):
        reader(house).slices("logs")


@pytest.mark.parametrize("changes", [{"first": 3}, {"head_before": "0" * 64}])
def test_slices_that_overlap_or_do_not_meet_are_found(
    house: House, changes: dict[str, Any]
) -> None:
    """A record is never in two slices, and the chain has no seam."""
    change(house, 1, **changes)
    with pytest.raises(CheckFailed, match="do not join"):
        reader(house).slices("logs")


@pytest.mark.parametrize(
    ("old", "new"), [(b'"seq":2', b'"seq":9'), (b"load-1", b"load-2"), (b"\n", b"")]
)
def test_changed_slice_is_found_before_a_record_is_given(
    house: House, old: bytes, new: bytes
) -> None:
    """Size and hash come first."""
    entry = reader(house).slices("logs")[0]
    path = house.data / "outbox" / "logs" / entry.file
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(CheckFailed, match=entry.file):
        next(reader(house).records(entry))


def test_records_that_do_not_count_up_are_found_even_with_the_right_hash(house: House) -> None:
    """The index alone is not believed."""
    import hashlib

    entry = reader(house).slices("logs")[0]
    path = house.data / "outbox" / "logs" / entry.file
    data = path.read_bytes().replace(b'"seq":2', b'"seq":9')
    path.write_bytes(data)
    change(house, 0, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    with pytest.raises(CheckFailed, match="record 2"):
        list(reader(house).records(reader(house).slices("logs")[0]))
