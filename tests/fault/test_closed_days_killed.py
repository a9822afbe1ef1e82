"""Kill -9 at every durable step of closing and taking out days: nothing lost, nothing different."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bitgrid_appliance.keys import check_signature
from bitgrid_appliance.settings import Layout
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.journal.sqlite import SqliteReader
from bitgrid_core.journal.verification import verify_journal
from bitgrid_core.restore import restore
from support.closing import DAY_MS, in_journal, lived, on_file, opened
from support.decided import START_MS

BLOCKS = [day * 144 + block for day in range(4) for block in range(12)]
"""Two hours of each of four days: enough for three closed ones."""
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning"),
]
WRITES = ("BEGIN", "INSERT", "DELETE", "COMMIT")
AT_MS = START_MS + 4 * DAY_MS


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Three days of which none was closed, for want of a folder, and a fourth that runs."""
    data = tmp_path_factory.mktemp("before")
    (data / "days").write_text("in the way")
    layout = lived(data, BLOCKS, keep_days=0)
    (data / "days").unlink()
    return layout


def keep(data: Path, step: Callable[[str], None]) -> None:
    """Close and take out what is due, telling of each durable step right before it."""
    fsync, rename = os.fsync, Path.replace
    told: list[str] = []

    def told_sql(sql: str) -> None:
        if sql.startswith(WRITES) and told[-1:] != [sql]:  # a trigger tells it for every row
            step(sql)
        told.append(sql)

    def told_fsync(handle: int) -> None:
        step("fsync")
        fsync(handle)

    def told_rename(path: Path, target: Path) -> Path:
        step("rename")
        return rename(path, target)

    with pytest.MonkeyPatch.context() as patch, opened(data, 1) as kept:
        patch.setattr(os, "fsync", told_fsync)
        patch.setattr(Path, "replace", told_rename)
        kept.journal._database.set_trace_callback(told_sql)
        kept.days.keep(kept.outbox.last_seq, AT_MS)


def killed(data: Path, at: int) -> bool:
    """The same in a process that is killed before its step ``at``; whether it came to that."""
    child = os.fork()
    if child == 0:
        count = 0

        def step(_what: str) -> None:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

        keep(data, step)
        os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def chain_of(layout: Layout) -> dict[int, bytes | None]:
    """Number and stored hash of every record that lies in the journal."""
    with SqliteReader(layout.journal) as reader:
        return {row.seq: row.hash for row in reader.rows()}


def require_whole(layout: Layout, before: Layout, calm: dict[str, bytes]) -> None:
    """What is not in the journal any more is in a whole file, and the journal is sound."""
    with SqliteReader(layout.journal) as reader:
        report = verify_journal(reader, read_anchors(layout.anchors), check_signature)
        base = reader.base().seq
    assert report.fault is None
    found = {path.name: path.read_bytes() for path in layout.days.glob("[!.]*")}
    assert found.items() <= calm.items()
    assert base in (0, *(LAST[name] for name in found))
    held = chain_of(layout)
    for seq, digest in chain_of(before).items():
        assert seq <= base or held[seq] == digest


LAST: dict[str, int] = {}
"""Number of the last record of each file, once they are known."""


def test_kill_at_every_step_loses_nothing(before: Layout, tmp_path: Path) -> None:
    """After each kill all records are there, and the next run ends where an unkilled one does."""
    steps: list[str] = []
    calm = Layout(shutil.copytree(before.data, tmp_path / "calm"))
    keep(calm.data, steps.append)
    files = {path.name: path.read_bytes() for path in calm.days.iterdir()}
    expected = in_journal(before)
    filed = on_file(calm)
    assert filed == expected[: len(filed)]
    for record in in_journal(calm):
        if record.kind == "closed_day":
            LAST[str(record.body["file"])] = int(str(record.body["last"]))
    assert (len(files), steps.count("rename")) == (3, 3)
    assert any(step.startswith("DELETE") for step in steps)
    with SqliteReader(calm.journal) as reader:
        base, memory = reader.base(), restore(reader)
    for at in range(1, len(steps) + 1):
        layout = Layout(shutil.copytree(before.data, tmp_path / str(at)))
        assert killed(layout.data, at)
        require_whole(layout, before, files)
        keep(layout.data, lambda _step: None)
        require_whole(layout, before, files)
        assert {path.name for path in layout.days.glob("[!.]*")} == set(files)
        with SqliteReader(layout.journal) as reader:
            assert (reader.base(), restore(reader)) == (base, memory)
        shutil.rmtree(layout.data)
    assert not killed(Layout(shutil.copytree(before.data, tmp_path / "end")).data, len(steps) + 1)
