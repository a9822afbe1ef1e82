"""A sealer that lies inside its own objects: each lie is named, and nothing of it is written."""

from pathlib import Path

import pytest
import zstandard

from bitgrid_core.archive import manifest
from bitgrid_core.archive.limits import LIMITS
from bitgrid_core.chain import Record
from support.forge import Forge, describe, journal, lines_of
from support.reader import pull_and_verify, research
from support.tars import Entry, ustar


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Folder of an archive under construction."""
    return tmp_path / "source"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace."""
    return tmp_path / "workspace"


def verify_inside(forge: Forge, workspace: Path) -> tuple[int, list[tuple[str, str]], str]:
    """Pull, then verify with the identity: code, findings and the first sentence."""
    key = workspace.with_name("key.txt")
    key.write_text(f"{forge.reader}\n")
    forge.publish()
    options = ("--fingerprint", forge.fingerprint, "--identity", key)
    said = pull_and_verify(forge.root, workspace, *options)
    first = said.document["findings"][0]["what"] if said.findings else ""
    return said.code, said.findings, first


@pytest.fixture
def forge(source: Path) -> Forge:
    """An archive with keys and a consent and nothing else."""
    forge = Forge(source)
    forge.keys()
    forge.consent()
    return forge


def tarred(*entries: Entry) -> bytes:
    """Compressed tar of any entries."""
    return zstandard.compress(ustar(entries))


RECORDS = journal(3)
DATA = lines_of(RECORDS)
TOLD = describe(RECORDS, DATA)
MANIFEST = Entry(name=manifest.NAME, body=manifest.encode(TOLD))
SLICE = Entry(name=TOLD.files[0].name, body=DATA)


@pytest.mark.parametrize(
    ("plain", "what"),
    [
        (tarred(MANIFEST, SLICE, Entry(name="../evil", body=b"x")), "names the path"),
        (tarred(MANIFEST, Entry(name="logs/x", body=b"", typeflag="2")), "not a plain file"),
        (tarred(MANIFEST, Entry(name="logs/x", body=b"", typeflag="1")), "not a plain file"),
        (zstandard.compress(bytes(LIMITS.object_opened + 1)), "unpacks to more than"),
        (b"not compressed", "not compressed with zstd"),
        (tarred(SLICE), "Not a JSON document"),
        (tarred(MANIFEST), "Manifest and files differ"),
        (tarred(MANIFEST, SLICE, Entry(name="logs/more", body=b"x")), "Manifest and files differ"),
        (tarred(MANIFEST, Entry(name=SLICE.name, body=DATA[:-1] + b" ")), "not the one of the"),
    ],
    ids=["path", "symlink", "hardlink", "bomb", "plain", "bare", "less", "more", "other"],
)
def test_hostile_inside_of_a_sealed_object_is_refused(
    forge: Forge, workspace: Path, plain: bytes, what: str
) -> None:
    """Whatever a sealer hides inside, it is named, quarantined and never written to disk."""
    name = forge.plain(plain, TOLD)
    code, findings, first = verify_inside(forge, workspace)
    assert (code, findings) == (1, [("tampered", name)])
    assert what in first
    assert (workspace / "nodes" / forge.node / "s000" / "quarantine" / name).is_file()
    assert not list(workspace.parent.rglob("evil"))


def test_object_that_is_no_age_file_is_refused(forge: Forge, workspace: Path) -> None:
    """A leaf may promise any hash; without an age header the object is refused."""
    name = forge.sealed(b"nothing of age", TOLD)
    assert verify_inside(forge, workspace)[:2] == (1, [("tampered", name)])


CHANGED = [*RECORDS[:1], *journal(3, kind="other")[1:]]


@pytest.mark.parametrize(
    ("records", "what"),
    [
        (CHANGED, "does not follow"),
        ([RECORDS[0], RECORDS[2]], "record 2 is missing"),
        ([RECORDS[1], RECORDS[0], RECORDS[2]], "record 1 is missing"),
        (RECORDS[:2], "ends at record 2"),
        ([*RECORDS[:2], journal(3, kind="other")[2]], "does not follow"),
    ],
    ids=["changed", "missing", "reordered", "cut", "replaced"],
)
def test_broken_journal_chain_inside_an_object_is_named(
    forge: Forge, workspace: Path, records: list[Record], what: str
) -> None:
    """A sealer that lies about records is found by the chain that the leaf commits to."""
    data = lines_of(records)
    told = describe(RECORDS, data)
    name = forge.files({manifest.NAME: manifest.encode(told), told.files[0].name: data}, told)
    code, findings, first = verify_inside(forge, workspace)
    assert (code, findings) == (1, [("tampered", name)])
    assert what in first


def test_commitment_to_another_head_is_found(forge: Forge, workspace: Path) -> None:
    """The leaf's commitment has to open to the head of the records inside."""
    forge.slice(RECORDS, journal_head="f" * 64)
    code, _, first = verify_inside(forge, workspace)
    assert code == 1
    assert "commits to" in first


def test_slices_that_do_not_join_are_found(forge: Forge, workspace: Path) -> None:
    """Two objects whose journals have different heads at the seam: exit 1."""
    forge.slice(RECORDS)
    forge.slice(journal(6, kind="other")[3:])
    code, _, first = verify_inside(forge, workspace)
    assert code == 1
    assert "Record 4 does not follow record 3" in first


def test_manifest_of_another_range_is_found(forge: Forge, workspace: Path) -> None:
    """A leaf that promises other records than the object holds: exit 1."""
    forge.slice(RECORDS, last=9)
    assert verify_inside(forge, workspace)[0] == 1


def test_object_for_somebody_else_cannot_be_checked(forge: Forge, workspace: Path) -> None:
    """A wrong identity is exit 4, and the object is neither tampered nor quarantined."""
    name = forge.slice(RECORDS)
    forge.publish()
    key = workspace.with_name("other.txt")
    assert research("keygen", key).code == 0
    said = pull_and_verify(
        forge.root, workspace, "--identity", key, "--fingerprint", forge.fingerprint
    )
    assert (said.code, said.findings) == (4, [("cannot check", name)])
    assert (workspace / "nodes" / forge.node / "s000" / "verified" / name).is_file()
