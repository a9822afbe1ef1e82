"""The outbox: slices join without a hole, whatever dies in between; an index line is final."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bitgrid_core.block import at_text
from bitgrid_core.chain import GENESIS, Draft, Head, Record, from_json, verify_chain
from bitgrid_core.codec import decode, encode
from bitgrid_core.context import BlockAggregates
from bitgrid_core.errors import StorageError
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.outbox import Outbox
from bitgrid_core.policy import policy_digest
from support.site import SiteConfig, fill, inputs, policy

AT_MS = 1_717_236_600_000
STEPS = 10
"""Before and after each of: sync slice, rename, sync folder, sync index, sync folder."""


@pytest.fixture
def journal() -> MemoryJournal:
    """A journal with some blocks of a small site."""
    journal = MemoryJournal()
    fill(journal, inputs(SiteConfig(blocks=4)))
    return journal


def more(journal: MemoryJournal, count: int = 3) -> None:
    """Append a few notes."""
    journal.append([Draft(kind="note", body={}, private={"name": "Ada"})] * count, AT_MS)


def index(folder: Path) -> list[dict[str, Any]]:
    """The index lines."""
    lines = (folder / "logs" / "index.jsonl").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def handed_over(folder: Path) -> list[Record]:
    """Every record that the index leads to; slices, index and folder must fit together."""
    records: list[Record] = []
    before = Head()
    entries = index(folder)
    for entry in entries:
        data = (folder / "logs" / entry["file"]).read_bytes()
        assert entry["file"] == f"{entry['first']:012d}-{entry['last']:012d}.jsonl"
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["size"], entry["sha256"])
        assert data.endswith(b"\n")
        found = [from_json(decode(line)) for line in data.splitlines()]
        assert (found[0].seq, found[-1].seq) == (entry["first"], entry["last"])
        assert entry["head_before"] == before.hash
        before, fault = verify_chain(found, before)
        assert fault is None
        assert entry["head_after"] == before.hash
        records += found
    there = {path.name for path in (folder / "logs").iterdir()}
    assert there == {"index.jsonl", *(entry["file"] for entry in entries)}
    return records


def test_slices_join_and_hold_every_record_once(journal: MemoryJournal, tmp_path: Path) -> None:
    """Slice after slice: heads meet, no record is lost or twice, private parts are in."""
    outbox = Outbox(tmp_path)
    for _ in range(4):
        assert outbox.close_slice(journal, AT_MS) is not None
        more(journal)
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())
    assert outbox.last_seq == journal.head().seq
    assert len(index(tmp_path)) == 5
    assert index(tmp_path)[0]["head_before"] == GENESIS


def test_index_line_says_what_the_slice_holds(journal: MemoryJournal, tmp_path: Path) -> None:
    """Stream, range, blocks, policies, time and software; canonical, with a line feed."""
    name = Outbox(tmp_path).close_slice(journal, AT_MS)
    (entry,) = index(tmp_path)
    bodies = [record.body for record in journal.records() if record.kind == "block"]
    blocks = sorted(BlockAggregates.from_body(body).block_id for body in bodies)
    assert name == entry["file"]
    assert (entry["v"], entry["stream"], entry["closed_at"]) == (1, "logs", at_text(AT_MS))
    assert (entry["first_block"], entry["last_block"]) == (blocks[0], blocks[-1])
    assert policy_digest(policy(2)) in entry["policy_digests"]
    assert entry["software"].startswith("bitgrid-core ")
    line = (tmp_path / "logs" / "index.jsonl").read_bytes()
    assert line == encode(entry) + b"\n"


def test_slice_without_blocks_names_none(tmp_path: Path) -> None:
    """Notes alone: no first and last block, no policy."""
    journal = MemoryJournal()
    more(journal)
    Outbox(tmp_path).close_slice(journal, AT_MS)
    (entry,) = index(tmp_path)
    assert (entry["first_block"], entry["last_block"], entry["policy_digests"]) == (None, None, [])


def test_nothing_new_is_no_slice(journal: MemoryJournal, tmp_path: Path) -> None:
    """An empty journal, and a second call without new records, write nothing."""
    outbox = Outbox(tmp_path / "empty")
    assert outbox.close_slice(MemoryJournal(), AT_MS) is None
    outbox = Outbox(tmp_path / "full")
    outbox.close_slice(journal, AT_MS)
    assert outbox.close_slice(journal, AT_MS + 1) is None
    assert len(index(tmp_path / "full")) == 1


def test_closed_slices_and_index_lines_never_change(journal: MemoryJournal, tmp_path: Path) -> None:
    """Later slices, and reopening, leave every earlier byte as it was."""
    Outbox(tmp_path).close_slice(journal, AT_MS)
    before = {path.name: path.read_bytes() for path in (tmp_path / "logs").iterdir()}
    more(journal)
    Outbox(tmp_path).close_slice(journal, AT_MS + 1)
    for name, data in before.items():
        assert (tmp_path / "logs" / name).read_bytes()[: len(data)] == data


def died_in(step: int, act: Callable[[], object]) -> bool:
    """Run in a process of its own that is gone at a step, with everything it had not flushed."""
    child = os.fork()
    if child == 0:
        try:
            _dying_at(step)
            act()
            os._exit(0)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 9}
    return code == 9


def _dying_at(step: int) -> None:
    """End this process before or after the syncs and renames, by count."""
    passed = iter(range(step + 1))
    sync, rename = os.fsync, Path.rename

    def tell() -> None:
        if next(passed) == step:
            os._exit(9)

    def fsync(handle: int) -> None:
        tell()
        sync(handle)
        tell()

    def renamed(path: Path, target: Path) -> Path:
        tell()
        done = rename(path, target)
        tell()
        return done

    os.fsync, Path.rename = fsync, renamed  # type: ignore[assignment,method-assign]  # only in the child


@pytest.mark.parametrize("grows", [True, False], ids=["journal grows", "journal rests"])
@pytest.mark.parametrize("step", range(STEPS))
def test_death_at_any_step_loses_and_doubles_nothing(
    journal: MemoryJournal, tmp_path: Path, step: int, grows: bool
) -> None:
    """Killed before or after any sync or rename: the next life completes slices and index."""
    Outbox(tmp_path).close_slice(journal, AT_MS)
    more(journal)
    assert died_in(step, lambda: Outbox(tmp_path).close_slice(journal, AT_MS))
    if grows:
        more(journal)
    outbox = Outbox(tmp_path)
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())
    more(journal)
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())


def test_there_are_no_other_steps(journal: MemoryJournal, tmp_path: Path) -> None:
    """The crash points above are all that a slice passes."""
    Outbox(tmp_path)
    assert not died_in(STEPS, lambda: Outbox(tmp_path).close_slice(journal, AT_MS))


@pytest.mark.parametrize("step", range(STEPS // 2))
def test_failed_write_is_a_storage_error_and_the_next_call_repairs_it(
    journal: MemoryJournal, tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at any sync or rename, in one life: exit 5, and the same outbox goes on."""
    outbox = Outbox(tmp_path)
    outbox.close_slice(journal, AT_MS)
    more(journal)
    calls = iter(range(100))
    sync, rename = os.fsync, Path.rename

    def unless_full(act: Callable[..., object], *values: object) -> object:
        if next(calls) == step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return act(*values)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: unless_full(sync, handle))
        patch.setattr(Path, "rename", lambda path, target: unless_full(rename, path, target))
        with pytest.raises(StorageError, match="No space left") as caught:
            outbox.close_slice(journal, AT_MS)
    assert caught.value.exit_code == 5
    more(journal)
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())


def test_half_an_index_line_in_one_life_is_repaired(
    journal: MemoryJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk took half of the line: the next slice does not stand behind that half."""
    outbox = Outbox(tmp_path)
    outbox.close_slice(journal, AT_MS)
    more(journal)

    def half(_outbox: Outbox, entry: dict[str, Any]) -> None:
        with (tmp_path / "logs" / "index.jsonl").open("ab") as file:
            file.write(encode(entry)[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "_append_index", half)
        with pytest.raises(StorageError):
            outbox.close_slice(journal, AT_MS)
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())


def test_cut_last_index_line_is_written_again(journal: MemoryJournal, tmp_path: Path) -> None:
    """Cut anywhere inside its last line, the index recovers: that slice is closed anew."""
    outbox = Outbox(tmp_path)
    outbox.close_slice(journal, AT_MS)
    first = (tmp_path / "logs" / "index.jsonl").read_bytes()
    more(journal)
    outbox.close_slice(journal, AT_MS)
    whole = (tmp_path / "logs" / "index.jsonl").read_bytes()
    for length in range(len(first), len(whole), 37):
        (tmp_path / "logs" / "index.jsonl").write_bytes(whole[:length])
        again = Outbox(tmp_path)
        assert again.last_seq == index(tmp_path)[0]["last"]
        again.close_slice(journal, AT_MS)
        assert handed_over(tmp_path) == list(journal.records())


def test_cut_only_index_line_begins_anew(journal: MemoryJournal, tmp_path: Path) -> None:
    """Nothing but half a line: the first slice is closed again."""
    Outbox(tmp_path).close_slice(journal, AT_MS)
    path = tmp_path / "logs" / "index.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    outbox = Outbox(tmp_path)
    assert outbox.last_seq == 0
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())


@pytest.mark.parametrize(
    "line", [b"garbage\n", b"\n", b"{}\n", b"[]\n", b'{"last":"x","head_after":"0"}\n', b"7\n"]
)
def test_damaged_last_index_line_is_a_storage_error(
    journal: MemoryJournal, tmp_path: Path, line: bytes
) -> None:
    """A complete line that says nothing: exit 5 with a remedy, and no slice is lost for it."""
    Outbox(tmp_path).close_slice(journal, AT_MS)
    with (tmp_path / "logs" / "index.jsonl").open("ab") as file:
        file.write(line)
    before = sorted(path.name for path in (tmp_path / "logs").iterdir())
    with pytest.raises(StorageError, match="damaged") as caught:
        Outbox(tmp_path)
    assert caught.value.hint
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == before


@pytest.mark.parametrize("count", [1, 60])
def test_outbox_of_another_journal_is_refused(
    journal: MemoryJournal, tmp_path: Path, count: int
) -> None:
    """A journal that does not go on where the last slice ended — new, or cut —: exit 5."""
    outbox = Outbox(tmp_path)
    outbox.close_slice(journal, AT_MS)
    other = MemoryJournal()
    more(other, count)
    with pytest.raises(StorageError, match="does not go on"):
        outbox.close_slice(other, AT_MS)
    more(journal)
    outbox.close_slice(journal, AT_MS)
    assert handed_over(tmp_path) == list(journal.records())


def test_pruned_slices_are_not_written_again(journal: MemoryJournal, tmp_path: Path) -> None:
    """A slice that was pruned stays gone; its index line stays."""
    outbox = Outbox(tmp_path)
    name = outbox.close_slice(journal, AT_MS)
    assert name is not None
    (tmp_path / "logs" / name).unlink()
    more(journal)
    Outbox(tmp_path).close_slice(journal, AT_MS)
    assert not (tmp_path / "logs" / name).exists()
    assert len(index(tmp_path)) == 2


def test_folder_under_a_file_is_a_storage_error(tmp_path: Path) -> None:
    """No folder can be made there: exit 5, with the path."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="file") as caught:
        Outbox(tmp_path / "file" / "outbox")
    assert caught.value.exit_code == 5
    assert caught.value.hint
