"""Any changed byte of any record is found; whatever lies in the file, nothing ends in a traceback."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from support.core_command import core
from support.site import SiteConfig, fill, inputs
from support.tampering import change, stored, tamper

BLOBS = ("body", "private", "salt")
TEXTS = ("at", "kind", "private_commit", "prev", "hash", "event")
SMALL = SiteConfig(seed=5, blocks=4, loads=2)
BRIEF = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small journal, closed."""
    path = tmp_path_factory.mktemp("original") / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        fill(journal, inputs(SMALL))
    return path


@pytest.fixture(scope="module")
def records(original: Path) -> int:
    """How many records it has."""
    return cast("int", core("journal", "verify", original, "--json").document["records"])


def copied(original: Path, folder: Path) -> Path:
    """A fresh copy to tamper with."""
    path = folder / "journal.sqlite"
    shutil.copy(original, path)
    return path


@BRIEF
@given(data=st.data())
def test_flipped_byte_in_any_stored_column_is_found(
    original: Path, records: int, tmp_path: Path, data: st.DataObject
) -> None:
    """One byte of one column of one record is another: that record is the first bad one."""
    seq = data.draw(st.integers(1, records), "seq")
    filled = [name for name in (*BLOBS, *TEXTS) if stored(original, seq, name)]
    column = data.draw(st.sampled_from(filled), "column")
    value = stored(original, seq, f"CAST({column} AS BLOB)")
    at = data.draw(st.integers(0, len(value) - 1), "byte")
    flipped = bytearray(value)
    flipped[at] ^= data.draw(st.integers(1, 255), "mask")
    path = copied(original, tmp_path)
    cast_to = "BLOB" if column in BLOBS else "TEXT"
    tamper(
        path,
        f"UPDATE record SET {column} = CAST(x'{flipped.hex()}' AS {cast_to}) WHERE seq = {seq}",
    )
    said = core("journal", "verify", path, "--json")
    assert said.code == 1
    assert said.document["fault"]["seq"] == seq


@BRIEF
@given(seq=st.integers(1, 12), block=st.none() | st.integers(-(2**62), 2**62))
def test_other_block_in_the_look_up_column_is_found(
    original: Path, tmp_path: Path, seq: int, block: int | None
) -> None:
    """What look-ups go by must be what the body says."""
    path = copied(original, tmp_path)
    changes = stored(path, seq, "block") != block
    change(path, seq, "block", block)
    said = core("journal", "verify", path, "--json")
    assert said.code == (1 if changes else 0)


@BRIEF
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
@example(place=0.0, mask=255)
def test_flipped_byte_anywhere_in_the_file_never_passes_for_another_record(
    original: Path, tmp_path: Path, place: float, mask: int
) -> None:
    """In the file as bytes: either a fault, or words for a broken file, or every record as it was."""
    content = bytearray(original.read_bytes())
    content[int(place * len(content))] ^= mask
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    said = core("journal", "verify", path, "--json")
    assert said.code in {0, 1, 2, 5}
    if said.code == 0:
        with SqliteReader(original) as before, SqliteReader(path) as after:
            assert list(before.rows()) == list(after.rows())
    for verb in ("replay", "explain"):
        assert core(verb, path, "--json").code in {0, 1, 2, 5}
