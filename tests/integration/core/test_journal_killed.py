"""Kill -9 in the middle of appends: what was acknowledged is there, and nothing is half there."""

import signal
import subprocess
import sys
import time
from contextlib import closing
from itertools import groupby
from pathlib import Path
from random import Random

from bitgrid_core.chain import Head, Record
from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from support.core_command import core

KILLS = 20
WRITER = """
import sys
from pathlib import Path
from bitgrid_core.chain import Draft
from bitgrid_core.journal.sqlite import SqliteJournal

journal = SqliteJournal(Path(sys.argv[1]))
while True:
    batch = journal.head().seq + 1
    size = batch % 7 + 1
    body = {"batch": batch, "of": size, "text": "x" * (batch * 97 % 5000)}
    journal.append([Draft(kind="note", body=body, private={"name": "Ada"})] * size, batch)
    head = journal.head()
    print(head.seq, head.hash, flush=True)
"""


def killed_writer(path: Path, delay_s: float) -> list[Head]:
    """Let a process append for a while, kill it, and give what it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(delay_s)
        writer.send_signal(signal.SIGKILL)
        lines = [first, *writer.stdout]
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [Head(seq=int(seq), hash=digest) for seq, digest in whole]


def test_acknowledged_records_survive_every_kill(tmp_path: Path) -> None:
    """Twenty kills: every acknowledged head is in the chain, every append is whole or absent."""
    path, rng = tmp_path / "journal.sqlite", Random(2)
    acknowledged: list[Head] = []
    for _ in range(KILLS):
        acknowledged += killed_writer(path, rng.uniform(0, 0.02))
        said = core("journal", "verify", path, "--json")
        assert said.code == 0, said
        assert said.document["records"] >= acknowledged[-1].seq
    with SqliteReader(path) as reader:
        records = list(reader.records())
    assert len(acknowledged) >= KILLS
    assert all(records[head.seq - 1].hash == head.hash for head in acknowledged)
    for _batch, group in groupby(records, key=lambda record: record.body["batch"]):
        members = list(group)
        assert len(members) == members[0].body["of"]


def test_reader_beside_a_killed_writer_sees_whole_appends(tmp_path: Path) -> None:
    """A file that nobody has reopened for writing yet reads as a sound chain."""
    path = tmp_path / "journal.sqlite"
    (last,) = killed_writer(path, 0)[-1:]
    with SqliteReader(path) as reader:
        found: list[Record] = list(reader.records(last.seq, last.seq))
    assert found[0].hash == last.hash
    with closing(SqliteJournal(path)) as journal:
        assert journal.head().seq >= last.seq
