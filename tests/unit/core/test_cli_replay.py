"""``bitgrid replay``: journals, slices and folders of slices, windows, and what it says of each."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bitgrid_core.block import at_text, block_end_text, block_start_ms
from bitgrid_core.chain import Record, from_json
from bitgrid_core.codec import encode, loads
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.outbox import Outbox
from support.core_command import core
from support.site import FIRST_BLOCK, SiteConfig, fill, inputs, windows
from support.tampering import change_body, stored, tamper

SITE = SiteConfig(seed=9, blocks=40, loads=3, events=120)
AT_MS = 1_717_236_600_000
DECISION = "(SELECT seq FROM record WHERE kind = 'decision' AND block = {} LIMIT 1)"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder: journal, and an outbox of five slices."""
    folder = tmp_path_factory.mktemp("data")
    items = list(inputs(SITE))
    outbox = Outbox(folder / "outbox")
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        fill(journal, items)
        end = journal.head().seq
        for part in range(1, 6):
            outbox.close_slice(_Until(journal, end * part // 5), AT_MS)
    return folder


class _Until:
    """A journal that ends earlier, at a whole append."""

    def __init__(self, journal: SqliteJournal, last: int) -> None:
        self._journal = journal
        kinds = {record.seq: record.kind for record in journal.records()}
        while kinds.get(last + 1) == "decision":
            last += 1
        self._last = last
        self.newest, self.head = journal.newest, journal.head

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        return self._journal.records(first, self._last)


@pytest.fixture(params=["journal.sqlite", "outbox/logs", "one slice"])
def source(request: pytest.FixtureRequest, data: Path, tmp_path: Path) -> Path:
    """The same records as a journal, as a folder of slices, as one slice."""
    if request.param != "one slice":
        return data / str(request.param)
    path = tmp_path / "all.jsonl"
    slices = sorted((data / "outbox" / "logs").glob("*-*.jsonl"))
    path.write_bytes(b"".join(file.read_bytes() for file in slices))
    return path


@pytest.fixture
def journal(data: Path, tmp_path: Path) -> Path:
    """A journal that may be tampered with."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes((data / "journal.sqlite").read_bytes())
    return path


def time_of(block_id: int) -> str:
    """A block's begin as people write it."""
    return at_text(block_start_ms(block_id))


def deciding(journal: Path, block_id: int) -> int:
    """Number of the first decision of a block."""
    return int(stored(journal, 1, DECISION.format(block_id)))


def decided_blocks(data: Path) -> list[int]:
    """The blocks that were decided, in order."""
    found: list[int] = []
    for one in windows(SITE):
        if one.block_id > (found[-1] if found else 0):
            found.append(one.block_id)
    return found


def test_every_source_replays_identically(source: Path, data: Path) -> None:
    """Exit 0 and the same numbers for journal, folder and slice."""
    said = core("replay", source, "--json")
    assert said.code == 0, said
    numbers = said.document
    assert (
        numbers["decisions"]
        == numbers["identical"]
        == 3 * len(decided_blocks(data)) + between_ticks(data)
    )
    assert (numbers["deviations"], numbers["listed"]) == (0, [])
    assert numbers["switches"] > 0
    assert numbers == core("replay", data / "journal.sqlite", "--json").document


def between_ticks(data: Path) -> int:
    """How much was decided between two ticks."""
    query = "(SELECT COUNT(*) FROM record WHERE event NOT LIKE '%/tick/%')"
    return int(stored(data / "journal.sqlite", 1, query))


def test_replay_is_told_in_one_line(source: Path) -> None:
    """For people: blocks, decisions, identical, deviations."""
    said = core("replay", source)
    assert said.code == 0
    assert said.out.count("\n") == 1
    assert said.out.endswith(" identical, 0 deviations.\n")


@pytest.mark.parametrize("first", [0, 7, 39])
@pytest.mark.parametrize("length", [1, 100])
def test_window_replays_its_blocks_alone(source: Path, data: Path, first: int, length: int) -> None:
    """``--from`` and ``--to`` bound the blocks; memories come from the records themselves."""
    blocks = decided_blocks(data)[first : first + length]
    bounds = ("--from", time_of(blocks[0]), "--to", time_of(blocks[-1] + 1))
    said = core("replay", source, *bounds, "--json")
    assert said.code == 0, said.document
    assert said.document["decisions"] >= 3 * len(blocks)
    assert said.document["decisions"] <= 3 * len(blocks) + between_ticks(data)


def test_window_open_to_one_side_goes_to_the_end(source: Path, data: Path) -> None:
    """Both halves together are the whole."""
    middle = time_of(decided_blocks(data)[15])
    halves = [
        core("replay", source, side, middle, "--json").document for side in ("--to", "--from")
    ]
    whole = core("replay", source, "--json").document
    for name in ("blocks", "decisions", "identical", "switches"):
        assert sum(half[name] for half in halves) == whole[name]


def test_changed_decision_is_a_row_of_the_table(journal: Path, data: Path) -> None:
    """Exit 1; the row names the block's end, load, field and both values."""
    block_id = decided_blocks(data)[20]
    seq = deciding(journal, block_id)
    before = json.loads(stored(journal, seq, "body"))["policy"]
    change_body(journal, seq, lambda body: body.update(policy="0" * 64))
    said = core("replay", journal)
    assert said.code == 1
    head, row = said.out.splitlines()[0], said.out.splitlines()[-1]
    assert head.endswith(" 1 deviations.")
    assert row.split() == [block_end_text(block_id), "load-1", "policy", "0" * 64, "→", before]


def test_changed_decision_is_listed_for_machines(journal: Path, data: Path) -> None:
    """``--json`` lists block, load, field, recorded and replayed."""
    block_id = decided_blocks(data)[20]
    change_body(journal, deciding(journal, block_id), lambda body: body.update(n=7))
    said = core("replay", journal, "--json")
    assert said.code == 1
    assert said.document["deviations"] == 1
    assert said.document["listed"] == [
        {"block_id": block_id, "load": "load-1", "field": "n", "recorded": 7, "replayed": 0}
    ]


def test_deviation_outside_of_the_window_does_not_count(journal: Path, data: Path) -> None:
    """A window judges its own blocks."""
    blocks = decided_blocks(data)
    change_body(journal, deciding(journal, blocks[20]), lambda body: body.update(n=7))
    assert core("replay", journal, "--from", time_of(blocks[22])).code == 0
    assert core("replay", journal, "--to", time_of(blocks[20])).code == 0
    assert core("replay", journal, "--from", time_of(blocks[20])).code == 1


def test_long_table_is_cut_and_says_so(data: Path, tmp_path: Path) -> None:
    """Twenty rows for people; how many more there are, and where."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy_document(soc_soft_min_pct=100)))
    said = core("replay", data / "journal.sqlite", "--policy", path)
    assert said.code == 1
    assert len(said.out.splitlines()) == 24
    assert "more; --json lists up to 1000." in said.out.splitlines()[-1]


def policy_document(**changed: object) -> dict[str, object]:
    """A policy file for the site's three loads."""
    loads = [{"id": f"load-{n}", "priority": n} for n in (1, 2, 3)]
    return {"loads": loads} | changed


def test_all_decisions_missing_is_a_failed_check(journal: Path) -> None:
    """Windows without a single decision: exit 1, not “nothing there”."""
    tamper(journal, "DELETE FROM record WHERE kind = 'decision'")
    said = core("replay", journal, "--json")
    assert said.code == 1
    assert said.document["deviations"] > 0


def test_redacted_slices_replay_like_the_journal(data: Path, tmp_path: Path) -> None:
    """Without private parts: the same report."""
    path = tmp_path / "000000000001-000000999999.jsonl"
    with path.open("wb") as file:
        for part in sorted((data / "outbox" / "logs").glob("*-*.jsonl")):
            for line in part.read_bytes().splitlines():
                record = replace(from_json(loads(line)), private=None, salt=None)
                file.write(encode(record.to_json()) + b"\n")
    assert b"Ada" not in path.read_bytes()
    whole = core("replay", data / "journal.sqlite", "--json").document
    for source in (path, tmp_path):
        assert core("replay", source, "--json").document == whole


def copied(data: Path, tmp_path: Path) -> list[Path]:
    """A copy of the slices, in order."""
    for part in (data / "outbox" / "logs").glob("*-*.jsonl"):
        (tmp_path / part.name).write_bytes(part.read_bytes())
    return sorted(tmp_path.glob("*-*.jsonl"))


def test_missing_slice_is_a_failed_check(data: Path, tmp_path: Path) -> None:
    """A hole between two slices names the first record that is missing."""
    parts = copied(data, tmp_path)
    parts[2].unlink()
    said = core("replay", tmp_path)
    assert said.code == 1
    assert f"record {int(parts[2].name[:12])} is missing" in said.err


def test_changed_slice_is_a_failed_check(data: Path, tmp_path: Path) -> None:
    """A changed record no longer carries the one behind it."""
    part = copied(data, tmp_path)[1]
    lines = part.read_bytes().splitlines(keepends=True)
    document = json.loads(lines[3])
    document["body"]["added"] = 1
    part.write_bytes(b"".join([*lines[:3], encode(document) + b"\n", *lines[4:]]))
    said = core("replay", tmp_path)
    assert said.code == 1
    assert part.name in said.err


def test_slices_without_their_policy_ask_for_one(data: Path, tmp_path: Path) -> None:
    """The slice with the policy is pruned: exit 2 and the remedy, which works."""
    parts = [part for part in copied(data, tmp_path) if b'"kind":"policy"' not in part.read_bytes()]
    said = core("replay", parts[0])
    assert said.code == 2
    assert "comes before any policy" in said.err
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy_document()))
    assert core("replay", parts[0], "--policy", path).code in {0, 1}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--from", "yesterday"), "'yesterday' is not a time."),
        (("--to", "12"), "'12' is not a time."),
        (("--from", "2024-06-01T00:00:00"), "has no time zone"),
        (("--from", "2199-01-01T00:00:00Z"), "holds no decision in this window."),
        (("--to", "1999-01-01T00:00:00Z"), "holds no decision in this window."),
        (("--from", time_of(FIRST_BLOCK + 9), "--to", time_of(FIRST_BLOCK)), "holds no decision"),
        (("--policy", "nowhere.yaml"), "nowhere.yaml cannot be read"),
    ],
)
def test_wrong_use_is_one_sentence(source: Path, words: tuple[str, ...], part: str) -> None:
    """Bad times, empty windows, a missing policy file: exit 2, the value, the remedy."""
    said = core("replay", source, *words)
    assert (said.code, said.out) == (2, "")
    assert part in said.err
    assert said.err.count("\n") == 0


def test_unknown_policy_key_is_named(data: Path, tmp_path: Path) -> None:
    """A misspelt key in the policy file: exit 2 with the key."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy_document(soc_hard_minimum=50)))
    said = core("replay", data / "journal.sqlite", "--policy", path)
    assert said.code == 2
    assert "soc_hard_minimum" in said.err


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("missing", None, "missing cannot be read"),
        ("notes.txt", b"hello\n", "Line 1 of"),
        ("empty.jsonl", b"", "holds no decision"),
        ("numbers.jsonl", b"7\n", "is not a record"),
        ("binary", b"\x00\xff\x00", "Line 1 of"),
        ("list.jsonl", b'[{"kind":"block"}]\n', "is not a record"),
    ],
)
def test_file_that_holds_no_records_is_bad_input(
    tmp_path: Path, name: str, content: bytes | None, part: str
) -> None:
    """What is neither journal nor slice: exit 2 with its name."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    said = core("replay", tmp_path / name)
    assert said.code == 2
    assert part in said.err


def test_folder_without_slices_is_bad_input(tmp_path: Path) -> None:
    """An empty folder: exit 2 and what to name instead."""
    said = core("replay", tmp_path)
    assert said.code == 2
    assert "Name a journal, a slice or a folder of slices." in said.err


def test_empty_journal_holds_no_decision(tmp_path: Path) -> None:
    """A journal that has just begun: exit 2, one sentence."""
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal(path)):
        pass
    said = core("replay", path)
    assert said.code == 2
    assert "holds no decision" in said.err


def test_replay_changes_nothing(data: Path) -> None:
    """Read-only: the journal's bytes stay, and no file appears beside it for good."""
    before = (data / "journal.sqlite").read_bytes()
    names = sorted(path.name for path in data.iterdir())
    core("replay", data / "journal.sqlite")
    assert (data / "journal.sqlite").read_bytes() == before
    assert sorted(path.name for path in data.iterdir()) == names
