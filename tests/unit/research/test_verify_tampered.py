"""Attacks on an archive: each is found, named, and leaves the rest usable."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.archive import names, note
from bitgrid_core.archive.leaf import Kind
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


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """An honest archive that tests copy."""
    return honest(tmp_path_factory.mktemp("original") / "source")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Room for many short-lived copies."""
    return tmp_path_factory.mktemp("scratch")


def names_of(forge: Forge) -> list[str]:
    """Every name of a shard that a reader relies on."""
    paths = (path for path in forge.folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(forge.folder).as_posix() for path in paths)


def copy(original: Forge, scratch: Path) -> tuple[Path, Path]:
    """A fresh source and workspace; the folder of the copied shard comes first."""
    for name in ("source", "workspace"):
        shutil.rmtree(scratch / name, ignore_errors=True)
    shutil.copytree(original.root, scratch / "source")
    return scratch / "source" / original.folder.relative_to(original.root), scratch / "workspace"


def flip(path: Path, position: int, mask: int) -> None:
    """Change one byte."""
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= mask
    path.write_bytes(data)


def test_flipped_byte_anywhere_is_named(original: Forge, scratch: Path) -> None:
    """In each object, tile, bundle, checkpoint and key note: exit 1, and that name is named."""
    for name in names_of(original):
        size = (original.folder / name).stat().st_size
        for position in sorted({0, 1, size // 3, size // 2, size - 2, size - 1}):
            folder, workspace = copy(original, scratch)
            flip(folder / name, position, 1)
            said = pull_and_verify(
                scratch / "source", workspace, "--fingerprint", original.fingerprint
            )
            assert said.code == 1, (name, position)
            assert ("tampered", name) in said.findings, (name, position)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_damage_never_passes(original: Forge, scratch: Path, data: st.DataObject) -> None:
    """Whatever bytes are flipped, cut off or appended, the archive is never called complete."""
    folder, workspace = copy(original, scratch)
    for name in data.draw(st.sets(st.sampled_from(names_of(original)), min_size=1, max_size=4)):
        path = folder / name
        kind = data.draw(st.sampled_from(["flip", "cut", "append"]))
        if kind == "flip":
            flip(path, data.draw(st.integers(0, 10_000)), data.draw(st.integers(1, 255)))
        elif kind == "cut":
            path.write_bytes(path.read_bytes()[: -data.draw(st.integers(1, 20))])
        else:
            path.write_bytes(path.read_bytes() + data.draw(st.binary(min_size=1, max_size=9)))
    said = pull_and_verify(scratch / "source", workspace, "--fingerprint", original.fingerprint)
    assert said.code == 1
    again = research("verify", workspace, "--fingerprint", original.fingerprint)
    assert again.code == 1, "the finding stays until good bytes were pulled"


def test_bad_object_is_quarantined_and_the_rest_stays_usable(
    original: Forge, scratch: Path, tmp_path: Path
) -> None:
    """One bad object of two: the other opens, the bad one lies apart, a good copy heals it."""
    key = tmp_path / "key.txt"
    key.write_text(f"{original.reader}\n")
    folder, workspace = copy(original, scratch)
    bad = next(name for name in names_of(original) if name.startswith("obj/"))
    flip(folder / bad, 99, 4)
    options = ("--identity", key, "--fingerprint", original.fingerprint)
    said = pull_and_verify(scratch / "source", workspace, *options)
    assert (said.code, said.document["shards"][0]["opened"]) == (1, 1)
    shard = workspace / "nodes" / original.node / "s000"
    assert (shard / "quarantine" / bad).is_file()
    assert not (shard / "verified" / bad).exists()
    shutil.copy(original.folder / bad, folder / bad)
    assert pull_and_verify(scratch / "source", workspace, *options).code == 0
    assert not (shard / "quarantine" / bad).exists()


@pytest.mark.parametrize("start", ["obj/", "log/tile/0/000.p/4", "log/tile/entries/000.p/4"])
def test_missing_part_is_named(original: Forge, scratch: Path, start: str) -> None:
    """A removed object, tile or bundle of the newest log: exit 2 and its name."""
    name = next(name for name in names_of(original) if name.startswith(start))
    folder, workspace = copy(original, scratch)
    (folder / name).unlink()
    said = pull_and_verify(scratch / "source", workspace, "--fingerprint", original.fingerprint)
    assert (said.code, said.findings) == (2, [("incomplete", name)])


def test_missing_key_note_or_checkpoints_prove_nothing(original: Forge, scratch: Path) -> None:
    """Without a key note, or without any checkpoint, nothing is proven: exit 2."""
    folder, workspace = copy(original, scratch)
    (folder / "keys/000.note").unlink()
    options = ("--fingerprint", original.fingerprint)
    assert pull_and_verify(scratch / "source", workspace, *options).code == 2
    folder, workspace = copy(original, scratch)
    shutil.rmtree(folder / "log/checkpoint.d")
    said = pull_and_verify(scratch / "source", workspace, *options)
    assert (said.code, said.findings[0]) == (2, ("incomplete", "log/checkpoint.d/"))


@pytest.mark.parametrize("name", ["log/checkpoint.d/000000000004", "log/checkpoint.d/000000000002"])
def test_checkpoint_that_was_seen_and_is_gone_is_withheld(
    original: Forge, scratch: Path, name: str
) -> None:
    """A reader who saw more notices a removed checkpoint: exit 2, also for an older one."""
    folder, workspace = copy(original, scratch)
    options = ("--fingerprint", original.fingerprint)
    assert pull_and_verify(scratch / "source", workspace, *options).code == 0
    (folder / name).unlink()
    said = pull_and_verify(scratch / "source", workspace, *options)
    assert said.code == 2
    assert ("incomplete", name) in said.findings


def rolled_back(original: Forge, scratch: Path) -> tuple[Path, Path]:
    """The source as it was after the first push; the workspace remembers the second."""
    folder, workspace = copy(original, scratch)
    options = ("--fingerprint", original.fingerprint)
    assert pull_and_verify(scratch / "source", workspace, *options).code == 0
    for name in names_of(original):
        if name.endswith(("/4", "000000000004")):
            (folder / name).unlink()
    shutil.copy(folder / names.checkpoint(2), folder / names.CHECKPOINT)
    return folder, workspace


def test_log_rolled_back_is_found_even_after_the_copy_was_lost(
    original: Forge, scratch: Path
) -> None:
    """The remembered checkpoint alone shows that an old state is served: exit 2."""
    _, workspace = rolled_back(original, scratch)
    shard = workspace / "nodes" / original.node / "s000"
    for place in ("verified", "incoming"):
        shutil.rmtree(shard / place, ignore_errors=True)
    options = ("--fingerprint", original.fingerprint)
    said = pull_and_verify(scratch / "source", workspace, *options)
    assert (said.code, said.findings[0]) == (2, ("incomplete", names.checkpoint(4)))


def test_whole_shard_that_vanished_is_named(original: Forge, scratch: Path) -> None:
    """A source that does not show a pulled shard any more withholds it: exit 2."""
    folder, workspace = copy(original, scratch)
    options = ("--fingerprint", original.fingerprint)
    assert pull_and_verify(scratch / "source", workspace, *options).code == 0
    shutil.rmtree(folder)
    assert research("pull", scratch / "source", workspace).code == 2
    assert research("verify", workspace, *options).code == 2


def test_rewritten_history_is_found_against_the_last_seen(
    original: Forge, scratch: Path, tmp_path: Path
) -> None:
    """The key's holder signs another log of a larger size: exit 1 for who saw the first."""
    _, workspace = copy(original, scratch)
    options = ("--fingerprint", original.fingerprint)
    assert pull_and_verify(scratch / "source", workspace, *options).code == 0
    other = Forge(tmp_path / "other", key=original.key, reader=original.reader)
    other.keys()
    other.consent("consent-9")
    for _ in range(8):
        other.says(Kind.HEARTBEAT, "consent-9")
    other.publish()
    shard = workspace / "nodes" / original.node / "s000"
    for place in ("verified", "incoming"):
        shutil.rmtree(shard / place, ignore_errors=True)
    said = pull_and_verify(tmp_path / "other", workspace, *options)
    assert said.code == 1
    assert "rewritten" in said.document["findings"][-1]["what"]


def test_two_roots_for_one_size_are_found(source: Path, workspace: Path) -> None:
    """A signed checkpoint whose root the log never had: exit 1, it is named."""
    forge = honest(source)
    forge.sign(3, b"\x07" * 32)
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.findings) == (1, [("tampered", names.checkpoint(3))])


def test_larger_junk_checkpoint_does_not_hide_the_genuine_one(
    source: Path, workspace: Path
) -> None:
    """A checkpoint that a thief of the write key added is named; the genuine log is proven."""
    forge = honest(source)
    honest_copy = (forge.folder / names.CHECKPOINT).read_bytes()
    forge.sign(999, b"\x07" * 32, Ed25519PrivateKey.generate())
    forge.put(names.CHECKPOINT, honest_copy)
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.findings) == (1, [("tampered", names.checkpoint(999))])
    assert said.document["shards"][0]["objects"] == 2


def test_checkpoint_under_a_wrong_name_is_found(source: Path, workspace: Path) -> None:
    """An old genuine checkpoint in the place of a newer one: exit 1."""
    forge = honest(source)
    shutil.copy(forge.folder / names.checkpoint(2), forge.folder / names.checkpoint(4))
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1
    assert ("tampered", names.checkpoint(4)) in said.findings


def test_newest_log_that_cannot_be_proven_leaves_the_older_one_usable(
    source: Path, workspace: Path
) -> None:
    """Bundle and tile of the last push are bad: named, and the log before still gives objects."""
    forge = honest(source)
    for name in (names.entries(0, 4), names.tile(0, 0, 4)):
        flip(forge.folder / name, 40, 1)
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1
    assert said.document["shards"][0]["size"] == 2
    assert said.document["shards"][0]["objects"] == 1


def test_bad_bundle_in_one_block_and_bad_tile_in_another_are_both_named(
    source: Path, workspace: Path
) -> None:
    """The right combination of both tellings is found, so that exactly the bad ones are named."""
    forge = Forge(source)
    forge.keys()
    forge.consent()
    while len(forge.leaves) < 600:
        forge.says(Kind.HEARTBEAT)
    forge.publish()
    flip(forge.folder / names.entries(0), 1000, 1)
    flip(forge.folder / names.tile(0, 1), 1000, 1)
    flip(forge.folder / names.tile(1, 0, 2), 3, 1)
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert set(said.findings) == {
        ("tampered", names.entries(0)),
        ("tampered", names.tile(0, 1)),
        ("tampered", names.tile(1, 0, 2)),
    }
    assert said.document["shards"][0]["size"] == 600


def test_key_of_another_node_is_refused(source: Path, workspace: Path) -> None:
    """Whatever is signed by a key that is not the pinned one: exit 1 at the key note."""
    honest(source)
    stranger = "e" * 64
    said = pull_and_verify(source, workspace, "--fingerprint", stranger)
    assert (said.code, said.findings) == (1, [("tampered", "keys/000.note")])


def test_key_set_that_nobody_vouches_for_is_refused(source: Path, workspace: Path) -> None:
    """A second key set signed by itself alone gives no keys, and its checkpoints do not count."""
    forge = honest(source)
    thief = Forge(source, key=Ed25519PrivateKey.generate(), reader=forge.reader)
    thief.keys(1)
    thief.leaves = list(forge.leaves)
    thief.says(Kind.HEARTBEAT)
    thief.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1
    assert {("tampered", "keys/001.note"), ("tampered", names.checkpoint(5))} <= set(said.findings)
    assert said.document["shards"][0]["size"] == 4


def test_log_of_another_node_under_this_name_is_refused(source: Path, workspace: Path) -> None:
    """A genuine archive of the same key under another node's path does not pass."""
    forge = honest(source)
    forge.folder.parent.rename(source / "v1" / "ffffffffffffffff")
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1


def test_leaf_that_is_none_is_named(source: Path, workspace: Path) -> None:
    """A signed leaf of an unknown version, or with a wrong number: exit 1, by its index."""
    forge = honest(source)
    forge.add_raw(b'{"v":2}')
    forge.add_raw(forge.leaves[0])
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.findings == [("tampered", "leaf 4"), ("tampered", "leaf 5")]


def test_silent_hole_between_leaves_is_named(source: Path, workspace: Path) -> None:
    """Records that no leaf and no gap accounts for: exit 2; a contradiction: exit 1."""
    forge = Forge(source)
    records = journal(9)
    forge.keys()
    forge.consent()
    forge.slice(records[:3])
    forge.slice(records[6:], prev_end=3)
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert (said.code, said.findings) == (2, [("incomplete", "leaf 2")])
    forge.slice(records[6:], prev_end=6)
    forge.publish()
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1


@pytest.mark.parametrize(
    "name", ["keys/000.note", names.tile(0, 0, 4), names.entries(0, 4), names.checkpoint(4)]
)
def test_oversized_thing_is_fetched_to_its_limit_and_named(
    source: Path, workspace: Path, name: str
) -> None:
    """However large a source makes a thing, one byte above its limit is enough to refuse it."""
    forge = honest(source)
    with (forge.folder / name).open("ab") as file:
        file.truncate(100 * 1024 * 1024)
    said = research("pull", source, workspace)
    assert said.document["shards"][0]["fetched_bytes"] < 1024 * 1024
    said = research("verify", workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1
    assert ("tampered", name) in said.findings


def test_note_with_control_bytes_is_refused(source: Path, workspace: Path) -> None:
    """A key note that would change a terminal is refused and never printed raw."""
    forge = honest(source)
    text = f"{forge.origin}\nkeys 0\n\x1b[2Jevil\n"
    forge.put("keys/000.note", note.sign(text, [(forge.verifier(), forge.key.sign)]))
    said = pull_and_verify(source, workspace, "--fingerprint", forge.fingerprint)
    assert said.code == 1
    assert "\x1b" not in said.document["findings"][0]["what"]
