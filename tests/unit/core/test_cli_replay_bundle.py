"""Replay bundles: written from any source, read as one, without names, and proof against changes."""

import json
import tarfile
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from bitgrid_core import bundle
from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.chain import Draft
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.outbox import SOFTWARE, Outbox
from support.core_command import core
from support.site import SiteConfig, fill, inputs
from support.tampering import change_body, stored

SITE = SiteConfig(seed=9, blocks=40, loads=2, events=120)
AT_MS = 1_717_236_600_000
NAME = "Familie Wattzahl"
Edit = Callable[[list[bytes]], list[bytes]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal whose private parts name a family, and its outbox."""
    folder = tmp_path_factory.mktemp("data")
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        boot: dict[str, Json] = {"boot": 1, "software": SOFTWARE}
        journal.append([Draft(kind="boot", body=boot, private={"name": NAME})], AT_MS)
        fill(journal, list(inputs(SITE)))
        Outbox(folder / "outbox").close_slice(journal, AT_MS)
    return folder


def window(data: Path) -> tuple[str, str, str, str]:
    """Words for ten blocks in the middle."""
    count = int(stored(data / "journal.sqlite", 1, "(SELECT COUNT(*) FROM record)"))
    query = "(SELECT block FROM record WHERE kind = 'block' AND seq > {} LIMIT 1)"
    first = int(stored(data / "journal.sqlite", 1, query.format(count // 2)))
    begin, end = (at_text(block_start_ms(block)) for block in (first, first + 10))
    return "--from", begin, "--to", end


def made(data: Path, out: Path, *words: str, source: str = "journal.sqlite") -> Path:
    """A bundle of what a replay of these words reads."""
    said = core("replay", data / source, *words, "--bundle", out, "--json")
    assert said.code == 0, said
    assert said.document["bundle"]["file"] == str(out)
    return out


def contents(path: Path) -> dict[str, bytes]:
    """The files of a bundle, as `tar x` gives them."""
    with tarfile.open(path) as tar:
        opened = {one.name: tar.extractfile(one) for one in tar.getmembers()}
        return {name: file.read() for name, file in opened.items() if file is not None}


def rewritten(path: Path, files: dict[str, bytes]) -> Path:
    """A tar of these files."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
    return path


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("source", ["journal.sqlite", "outbox/logs"])
def test_bundle_replays_as_its_source_does(
    data: Path, tmp_path: Path, source: str, whole: bool
) -> None:
    """Whole or a window, from a journal or from slices: the same report."""
    words = () if whole else window(data)
    out = made(data, tmp_path / "out.tar", *words, source=source)
    said = core("replay", out, "--json")
    assert said.code == 0, said
    assert said.document["decisions"] > 0
    assert said.document == core("replay", data / source, *words, "--json").document


def test_bundle_has_the_same_bytes_from_journal_and_slices(data: Path, tmp_path: Path) -> None:
    """It depends on the records alone; nobody's clock or name is in it."""
    one = made(data, tmp_path / "one.tar", *window(data))
    other = made(data, tmp_path / "other.tar", *window(data), source="outbox/logs")
    assert one.read_bytes() == other.read_bytes()


def test_bundle_leaves_names_behind_and_keeps_every_hash(data: Path, tmp_path: Path) -> None:
    """The private parts are dropped, their commitments are not."""
    out = made(data, tmp_path / "out.tar")
    assert NAME.encode() not in out.read_bytes()
    lines = contents(out)[bundle.RECORDS].splitlines()
    assert all("private_commit" in json.loads(line) for line in lines)
    manifest = bundle.decode(contents(out)[bundle.MANIFEST])
    assert manifest.head_after == stored(data / "journal.sqlite", len(lines), "hash")
    assert (manifest.first, manifest.last, manifest.policy) == (1, len(lines), None)
    assert manifest.software == (SOFTWARE,)


def test_window_of_a_bundle_is_replayed_and_bundled_again(data: Path, tmp_path: Path) -> None:
    """A bundle is a source like any other, down to its bytes."""
    whole = made(data, tmp_path / "whole.tar")
    part = made(data, tmp_path / "part.tar", *window(data))
    said = core("replay", whole, *window(data), "--bundle", tmp_path / "again.tar", "--json")
    assert said.code == 0
    assert (tmp_path / "again.tar").read_bytes() == part.read_bytes()
    assert bundle.decode(contents(part)[bundle.MANIFEST]).policy is not None


EDITS: dict[str, Edit] = {
    "changed": lambda lines: [
        *lines[:5],
        lines[5].replace(b'"at":"2024', b'"at":"2025'),
        *lines[6:],
    ],
    "taken away": lambda lines: [*lines[:5], *lines[6:]],
    "cut off": lambda lines: lines[:-1],
    "swapped": lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]],
    "added": lambda lines: [*lines, lines[-1]],
    "without the policy": lambda lines: lines[1:],
    "another policy": lambda lines: [lines[1], *lines[1:]],
    "no record": lambda lines: [*lines[:5], b"{}\n", *lines[6:]],
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("mended", [True, False])
def test_edited_bundle_is_refused(data: Path, tmp_path: Path, edit: Edit, mended: bool) -> None:
    """Also where somebody mends the sum of the file: the chain shows it."""
    files = contents(made(data, tmp_path / "out.tar", *window(data)))
    lines = files[bundle.RECORDS].splitlines(keepends=True)
    files[bundle.RECORDS] = b"".join(edit(lines))
    if mended:
        document = json.loads(files[bundle.MANIFEST])
        document |= bundle_sums(files[bundle.RECORDS])
        files[bundle.MANIFEST] = bundle.encode(bundle.decode(encoded(document)))
    said = core("replay", rewritten(tmp_path / "edited.tar", files))
    assert said.code in (1, 2), said
    assert "undle" in said.err


def bundle_sums(content: bytes) -> dict[str, object]:
    """Size and sum as the manifest has them."""
    return {"size": len(content), "sha256": sha256(content).hexdigest()}


def encoded(document: dict[str, object]) -> bytes:
    """A manifest's bytes, whatever it says."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "bitgrid-replay-bundle/2"},
        {"v": 2},
        {"first": True},
        {"first": "1"},
        {"last": None},
        {"head_after": "0" * 63},
        {"sha256": 7},
        {"size": 1},
        {"more": 1},
        {"policies": None},
    ],
)
def test_manifest_that_cannot_be_is_refused(
    data: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    """One sentence, exit 1 or 2."""
    files = contents(made(data, tmp_path / "out.tar"))
    files[bundle.MANIFEST] = encoded(json.loads(files[bundle.MANIFEST]) | change)
    said = core("replay", rewritten(tmp_path / "edited.tar", files))
    assert said.code in (1, 2), said
    assert said.err


def test_manifest_is_the_same_after_writing_and_reading(data: Path, tmp_path: Path) -> None:
    """And one that is far too long is not even read."""
    content = contents(made(data, tmp_path / "out.tar"))[bundle.MANIFEST]
    assert bundle.encode(bundle.decode(content)) == content
    with pytest.raises(BadInput, match="too large"):
        bundle.decode(b" " * (bundle.MAX_MANIFEST_BYTES + 1))


def test_tar_of_something_else_is_no_bundle(tmp_path: Path) -> None:
    """What it lacks is named."""
    said = core("replay", rewritten(tmp_path / "else.tar", {"photo.jpg": b"x"}))
    assert said.code == 2
    assert "manifest.json" in said.err


def test_bundle_is_written_once_or_not_at_all(data: Path, tmp_path: Path) -> None:
    """An existing file is kept; a window without decisions leaves nothing behind."""
    out = made(data, tmp_path / "out.tar")
    before = out.read_bytes()
    assert core("replay", data / "journal.sqlite", "--bundle", out).code == 2
    assert out.read_bytes() == before
    empty = ("--from", "2030-01-01T00:00:00Z", "--bundle", tmp_path / "empty.tar")
    assert core("replay", data / "journal.sqlite", *empty).code == 2
    nowhere = ("--bundle", tmp_path / "no" / "folder" / "out.tar")
    assert core("replay", data / "journal.sqlite", *nowhere).code == 5
    assert [one.name for one in tmp_path.iterdir()] == ["out.tar"]


def test_changed_record_is_noticed_when_it_is_bundled(data: Path, tmp_path: Path) -> None:
    """What nobody could read again is not written: exit 1, the record named."""
    journal = tmp_path / "journal.sqlite"
    journal.write_bytes((data / "journal.sqlite").read_bytes())
    query = "(SELECT seq FROM record WHERE kind = 'block' LIMIT 1)"
    seq = int(stored(journal, 1, query))
    change_body(journal, seq, lambda body: body.update(local_day=20240531))
    said = core("replay", journal, "--bundle", tmp_path / "out.tar")
    assert said.code == 1
    assert f"Record {seq} was changed" in said.err
    assert not (tmp_path / "out.tar").exists()
