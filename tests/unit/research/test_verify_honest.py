"""Verification of an honest archive, and of honest events: growth, holes, rotation, withdrawal."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bitgrid_core.archive import names
from bitgrid_core.archive.leaf import Cause, Kind, Leaf, PriorLog
from support.forge import Forge, honest, journal
from support.reader import pull_and_verify, research


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Folder of an archive under construction."""
    return tmp_path / "source"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace."""
    return tmp_path / "workspace"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Where a test writes its identity."""
    return tmp_path / "key.txt"


def test_honest_archive_is_complete(source: Path, workspace: Path, key_file: Path) -> None:
    """Pinned, proven, opened and chained: exit 0, with everything counted."""
    forge = honest(source)
    key_file.write_text(f"{forge.reader}\n")
    research("pull", source, workspace)
    research("trust", workspace, forge.fingerprint)
    said = research("verify", workspace, "--identity", key_file)
    assert (said.code, said.findings) == (0, [])
    (shard,) = said.document["shards"]
    assert (shard["size"], shard["objects"], shard["opened"], shard["records"]) == (4, 2, 2, 6)


def test_nothing_is_in_the_verified_place_before_verification(
    source: Path, workspace: Path
) -> None:
    """Pull fills `incoming` only; verify empties it into `verified`."""
    forge = honest(source)
    research("pull", source, workspace)
    folder = workspace / "nodes" / forge.node / "s000"
    assert not (folder / "verified").exists()
    research("verify", workspace, "--fingerprint", forge.fingerprint)
    assert not [path for path in (folder / "incoming").rglob("*") if path.is_file()]


def test_unpinned_node_cannot_be_checked_and_nothing_moves(source: Path, workspace: Path) -> None:
    """Without a pin exit 4, what to compare is printed, and no byte counts as verified."""
    forge = honest(source)
    said = pull_and_verify(source, workspace)
    assert said.code == 4
    assert forge.fingerprint in said.document["findings"][0]["what"]
    assert not (workspace / "nodes" / forge.node / "s000" / "verified").exists()


def test_second_pull_fetches_only_what_is_new(source: Path, workspace: Path) -> None:
    """Write-once names that are held are never fetched again."""
    forge = honest(source)
    pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    again = research("pull", source, workspace)
    assert again.document["shards"][0]["fetched"] == 1, "only the mutable log/checkpoint"
    forge.says(Kind.HEARTBEAT)
    forge.publish()
    grown = research("pull", source, workspace)
    assert grown.document["shards"][0]["fetched"] == 4, "tile, entries, checkpoint, copy"
    assert research("verify", workspace, "--fingerprint", forge.fingerprint).code == 0


def test_log_of_many_tiles_is_proven(source: Path, workspace: Path) -> None:
    """Full tiles, partial ones and a second level verify at each checkpoint."""
    forge = Forge(source)
    forge.keys()
    forge.consent()
    for size in (255, 256, 257, 700):
        while len(forge.leaves) < size:
            forge.says(Kind.HEARTBEAT)
        forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.findings, said.document["shards"][0]["size"]) == (0, [], 700)


def test_unfinished_push_changes_nothing(source: Path, workspace: Path) -> None:
    """Tiles beyond the newest checkpoint are of a push under way, not of the log."""
    forge = honest(source)
    forge.says(Kind.HEARTBEAT)
    forge.publish()
    (forge.folder / names.checkpoint(5)).unlink()
    (forge.folder / names.CHECKPOINT).write_bytes((forge.folder / names.checkpoint(4)).read_bytes())
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.document["shards"][0]["size"]) == (0, 4)


def test_strays_are_counted_and_left_alone(source: Path, workspace: Path) -> None:
    """Junk that a thief of the write-only key added is neither fetched nor an alarm."""
    forge = honest(source)
    forge.put("obj/zz/junk.age", b"x" * 100)
    forge.put("obj/ab/" + "ab" * 32 + ".age", b"no leaf names it")
    (source / "v1" / "elsewhere").mkdir()
    (source / "v1" / "elsewhere" / "x").write_bytes(b"x")
    said = research("pull", source, workspace)
    assert said.document["shards"][0]["strays"] == 1
    assert research("verify", workspace, "--fingerprint", forge.fingerprint).code == 0
    assert not list(workspace.rglob("*junk*"))
    assert not list(workspace.rglob("abab*"))


@pytest.mark.parametrize(
    ("cause", "code"),
    [(Cause.UNCOVERED, 0), (Cause.WITHDRAWN, 0), (Cause.MISSING, 2), (Cause.OVERFLOW, 2)],
)
def test_declared_gap_is_listed_and_counts_by_its_cause(
    source: Path, workspace: Path, cause: Cause, code: int
) -> None:
    """What the owner never consented to is no loss; what was lost makes it incomplete."""
    forge = Forge(source)
    forge.keys()
    forge.consent()
    forge.gap(1, 3, 0, cause=cause)
    forge.slice(journal(6)[3:])
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == code
    assert said.document["shards"][0]["gaps"][0]["cause"] == cause


def test_object_that_a_gap_declares_lost_is_not_asked_for(source: Path, workspace: Path) -> None:
    """A later gap names the object that never arrived; the hole is told once, as declared."""
    forge = Forge(source)
    forge.keys()
    forge.consent()
    name = forge.slice(journal(3))
    (forge.folder / name).unlink()
    forge.gap(1, 3, 3, cause=Cause.OVERFLOW, obj=name[7:71])
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.findings == [("incomplete", "leaf 2")]


def test_rotated_key_is_trusted_through_the_set_before(source: Path, workspace: Path) -> None:
    """A second key set signed by both keys lets new checkpoints verify under the old pin."""
    forge = honest(source)
    pinned, fresh = forge.fingerprint, Ed25519PrivateKey.generate()
    forge.keys(1, [fresh])
    forge.says(Kind.HEARTBEAT)
    forge.publish(fresh)
    said = pull_and_verify(source, workspace, "--fingerprint", pinned)
    assert (said.code, said.findings) == (0, [])


@pytest.mark.parametrize("end", [Kind.WITHDRAWN, Kind.EXPIRED])
def test_withdrawn_archive_is_refused(
    source: Path, workspace: Path, key_file: Path, end: Kind
) -> None:
    """After withdrawal or expiry: exit 6, and nothing is opened even with the right key."""
    forge = honest(source)
    forge.says(end)
    forge.publish()
    key_file.write_text(f"{forge.reader}\n")
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.findings) == (6, [("withdrawn", "leaf 4")])
    opened = research("open", workspace, "--identity", key_file, "--fingerprint", forge.fingerprint)
    assert (opened.code, opened.document["shards"][0]["opened"]) == (6, 0)
    assert not (workspace / "opened").exists()


def test_new_consent_after_a_withdrawal_counts_alone(source: Path, workspace: Path) -> None:
    """Data under the withdrawn consent stays closed; the archive itself is in use again."""
    forge = honest(source)
    forge.says(Kind.WITHDRAWN)
    forge.consent("consent-2")
    forge.slice(journal(9)[6:], consent="consent-2")
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.document["shards"][0]["objects"]) == (0, 1)


def second_shard(source: Path, first: Forge, **changes: object) -> Forge:
    """A shard that says to continue the first one at its size 4."""
    size, root = first.folder.joinpath(names.checkpoint(4)).read_text().split("\n")[1:3]
    told = {"origin": first.origin, "size": int(size), "root": decode(root), **changes}
    forge = Forge(source, shard=1, key=first.key)
    forge.keys()
    forge.add(Leaf(seq=0, kind=Kind.SHARD, at="2024-06-01T10:10:00.000Z", prior=PriorLog(**told)))  # type: ignore[arg-type]  # a table of changes
    forge.publish()
    return forge


def decode(root: str) -> str:
    """A root in hex from its base64."""
    import base64

    return base64.b64decode(root).hex()


def test_shard_that_continues_the_pulled_one_is_complete(source: Path, workspace: Path) -> None:
    """Two shards of one node, one pin: both verify and fit."""
    forge = honest(source)
    second_shard(source, forge)
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, len(said.document["shards"])) == (0, 2)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"root": "0" * 64}, 1),
        ({"size": 9}, 2),
        ({"origin": "bitgrid-archive/v1/00112233445566ff/s007"}, 2),
    ],
)
def test_shard_that_does_not_fit_the_one_before_is_named(
    source: Path, workspace: Path, changes: dict[str, object], code: int
) -> None:
    """Another root is another history; a larger size or an absent shard is withheld."""
    forge = honest(source)
    second_shard(source, forge, **changes)
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == code
    assert said.document["findings"][-1]["name"] == "00112233445566ff/s001/leaf 0"


def test_two_nodes_are_judged_apart(source: Path, workspace: Path) -> None:
    """A stranger beside a pinned node cannot be checked, and the pinned one still verifies."""
    forge = honest(source)
    other = Forge(source, node="ffffffffffffffff")
    other.keys()
    other.consent()
    other.publish()
    research("pull", source, workspace)
    research("trust", workspace, forge.fingerprint)
    said = research("verify", workspace)
    outcomes = {one["node"]: one["outcome"] for one in said.document["shards"]}
    assert said.code == 4
    assert outcomes == {forge.node: "complete", other.node: "cannot check"}


def test_open_writes_what_stock_tools_would_unpack(
    source: Path, workspace: Path, key_file: Path
) -> None:
    """Opened slices are the journal's lines, byte for byte, beside their manifest."""
    forge = honest(source)
    key_file.write_text(f"{forge.reader}\n")
    research("pull", source, workspace)
    said = research("open", workspace, "--identity", key_file, "--fingerprint", forge.fingerprint)
    assert said.code == 0
    paths = sorted((workspace / "opened").rglob("*.jsonl"))
    lines = [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]
    assert lines == [record.to_json() for record in journal(6)]
    assert len(list((workspace / "opened").rglob("manifest.json"))) == 2
