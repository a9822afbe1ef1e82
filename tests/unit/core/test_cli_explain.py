"""``bitgrid explain``: the newest decision, one by id or time, in two languages and three depths."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.journal.sqlite import SqliteJournal, SqliteReader
from support.core_command import core
from support.site import SiteConfig, fill, inputs
from support.tampering import change, tamper


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of two loads."""
    path = tmp_path_factory.mktemp("original") / "journal.sqlite"
    with closing(SqliteJournal(path)) as journal:
        fill(journal, inputs(SiteConfig(seed=9, blocks=12, loads=2)))
    return path


@pytest.fixture
def journal(original: Path, tmp_path: Path) -> Path:
    """A copy that may be tampered with."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(original.read_bytes())
    return path


@pytest.fixture
def newest(original: Path) -> dict[str, object]:
    """The newest decision's event."""
    with SqliteReader(original) as reader:
        record = reader.newest("decision")
    assert record is not None
    return dict(record.body)


def test_newest_decision_is_explained(journal: Path, newest: dict[str, object]) -> None:
    """Without further words: code, one sentence, what would change it, and every rule."""
    said = core("explain", journal)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].endswith(f"  {newest['load']}  {newest['decision_code']}")
    assert len(lines) >= 3 + 5


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize(("depth", "least", "most"), [("short", 4, 4), ("detail", 9, 41)])
def test_depth_and_language_are_as_asked(
    journal: Path, lang: str, depth: str, least: int, most: int
) -> None:
    """Short is one sentence, the change and the chance; detail adds a line for each rule, in both languages."""
    said = core("explain", journal, "--lang", lang, "--depth", depth)
    assert said.code == 0
    assert least <= len(said.out.splitlines()) <= most
    other = core("explain", journal, "--lang", "de" if lang == "en" else "en", "--depth", depth)
    assert other.out != said.out


def test_technical_depth_is_the_event(journal: Path, newest: dict[str, object]) -> None:
    """The recorded event itself, as JSON, and beside it where its values came from."""
    said = core("explain", journal, "--depth", "technical")
    found = json.loads(said.out)
    assert found.pop("origins").keys() >= {"pv_power_w", "house_load_w", "grid_import_w"}
    assert found == newest


def test_decision_is_found_by_its_id(journal: Path, newest: dict[str, object]) -> None:
    """``--id`` names one decision; ``--json`` gives it with its texts."""
    said = core("explain", journal, "--id", newest["id"], "--json")
    assert said.code == 0
    document = said.document
    assert document["event"] == newest
    assert sorted(document) == ["chance", "change", "detail", "event", "origins", "short"]
    assert document["short"]
    assert len(document["detail"]) >= 5


def test_time_finds_all_decisions_of_its_block(journal: Path, newest: dict[str, object]) -> None:
    """``--at`` any moment within a block: one object a line for each load."""
    block_id = newest["block_id"]
    assert isinstance(block_id, int)
    for shift_ms in (0, 1, 599_999):
        at = at_text(block_start_ms(block_id) + shift_ms)
        said = core("explain", journal, "--at", at, "--json")
        events = [json.loads(line)["event"] for line in said.out.splitlines()]
        assert {event["block_id"] for event in events} == {block_id}
        assert {event["load"] for event in events} == {"load-1", "load-2"}


def test_every_decision_has_an_explanation(journal: Path) -> None:
    """Whatever was decided — lease ends and overrides too —, it is explained in both languages."""
    with SqliteReader(journal) as reader:
        ids = [record.body["id"] for record in reader.records() if record.kind == "decision"]
    for event_id in ids[::3]:
        for lang in ("en", "de"):
            said = core("explain", journal, "--id", event_id, "--lang", lang, "--json")
            assert said.document["short"]
            assert said.document["change"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--id", "1/load-1/tick/0"), "There is no such decision. Leave out --id and --at"),
        (("--at", "1999-01-01T00:00:00Z"), "There is no such decision."),
        (("--at", "noon"), "'noon' is not a time. Write 2024-06-01T10:10:00Z."),
        (("--at", "2024-06-01"), "has no time zone"),
    ],
)
def test_decision_that_is_not_there_is_one_sentence(
    journal: Path, words: tuple[str, ...], part: str
) -> None:
    """Unknown id, empty time, no time at all: exit 2 with the remedy."""
    said = core("explain", journal, *words)
    assert (said.code, said.out) == (2, "")
    assert part in said.err


@pytest.mark.parametrize(
    "words", [("--lang", "fr"), ("--depth", "deep"), ("--id", "a", "--at", "b")]
)
def test_unknown_choices_and_silly_mixes_are_refused(journal: Path, words: tuple[str, ...]) -> None:
    """The parser says what may be chosen: exit 2."""
    said = core("explain", journal, *words)
    assert said.code == 2
    assert words[0] in said.err


def test_empty_journal_has_nothing_to_explain_yet(tmp_path: Path) -> None:
    """A journal that has just begun: exit 2 and what to wait for."""
    with closing(SqliteJournal(tmp_path / "journal.sqlite")):
        pass
    said = core("explain", tmp_path / "journal.sqlite")
    assert said.code == 2
    assert said.err.endswith("holds no decision yet. Let it run for a block.")


@pytest.mark.parametrize("name", ["missing.sqlite", "folder", "notes.txt"])
def test_what_is_no_journal_is_named(tmp_path: Path, name: str) -> None:
    """No file, a folder, some text: exit 2 with the name and the remedy."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("hello\n" * 100)
    said = core("explain", tmp_path / name)
    assert said.code == 2
    assert name in said.err
    assert "journal.sqlite" in said.err


def test_decision_without_a_policy_before_it_asks_for_verification(journal: Path) -> None:
    """The policy records are gone: exit 2 and what to do."""
    tamper(journal, "DELETE FROM record WHERE kind = 'policy'")
    said = core("explain", journal)
    assert said.code == 2
    assert said.err == "No policy is recorded before this decision. Verify the journal."


@pytest.mark.parametrize("body", [b"[]", b"{", b"{}", b'{"v":1}', b'{"v":9}', b"\xff"])
def test_garbled_decision_is_one_sentence(journal: Path, body: bytes) -> None:
    """A decision that cannot be read: exit 2, no traceback."""
    with SqliteReader(journal) as reader:
        record = reader.newest("decision")
    assert record is not None
    change(journal, record.seq, "body", body)
    said = core("explain", journal)
    assert said.code == 2
    assert said.err
