"""The command line: exit codes row by row, errors in one sentence, help with examples, keys."""

import json
import os
import stat
from pathlib import Path

import pytest

from bitgrid_core.archive import names
from bitgrid_core.archive.leaf import Cause, Kind
from bitgrid_research import cli
from support.forge import Forge, honest, journal
from support.reader import pull_and_verify, research, speak

VERBS = ["pull", "verify", "open", "replay", "trust", "ls", "keygen"]


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_has_examples_and_exit_codes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each `--help` ends well, shows how to call it and what its exit codes mean."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*([verb] if verb else []), "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "5 replay differs" in out
    assert not verb or f"bitgrid-research {verb}" in out.split("examples:")[1]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["upload"],
        ["verify"],
        ["verify", "x", "--no-such"],
        ["verify", "x", "--fingerprint", "abc"],
        ["verify", "x", "--max-age", "soon"],
        ["verify", "x", "--now", "today"],
        ["pull", "ftp://x/y", "z"],
        ["pull", "x", "y", "--jobs", "0"],
        ["pull", "x", "y", "--jobs", "many"],
        ["open", "x"],
        ["trust", "x", "abc"],
        ["trust", "x", "a" * 64, "--node", "../x"],
        ["keygen", "k", "--epochs", "0"],
        ["keygen", "/nowhere/at/all/key.txt"],
    ],
)
def test_wrong_use_is_64_with_one_sentence_and_a_remedy(words: list[str]) -> None:
    """A mistyped command changes nothing, says why, and never shows a traceback."""
    code, out, err = speak(*words)
    assert (code, out) == (64, "")
    assert err.startswith("bitgrid-research: ")
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_every_outcome_has_its_row(tmp_path: Path) -> None:
    """One archive per exit code of the contract; each ends with its own number."""
    key = tmp_path / "key.txt"

    def made(name: str) -> Forge:
        forge = honest(tmp_path / name)
        key.write_text(f"{forge.reader}\n")
        return forge

    def code(forge: Forge, *options: str | Path) -> int:
        workspace = tmp_path / f"{forge.root.name}-workspace"
        return pull_and_verify(
            forge.root, workspace, "--fingerprint", forge.fingerprint, *options
        ).code

    assert code(made("complete"), "--identity", key) == 0
    tampered = made("tampered")
    tampered.put(names.tile(0, 0, 4), b"x")
    assert code(tampered) == 1
    missing = made("missing")
    (missing.folder / names.tile(0, 0, 4)).unlink()
    assert code(missing) == 2
    assert code(made("stale"), "--now", "2030-01-01T00:00:00Z") == 3
    research("keygen", tmp_path / "other.txt")
    assert code(made("closed"), "--identity", tmp_path / "other.txt") == 4
    withdrawn = made("withdrawn")
    withdrawn.says(Kind.WITHDRAWN)
    withdrawn.publish()
    assert code(withdrawn) == 6


def test_first_of_the_precedence_decides_the_exit_code(tmp_path: Path) -> None:
    """With everything wrong at once: 1 before 6 before 2 before 3 before 4."""
    forge = honest(tmp_path / "source")
    forge.gap(7, 8, 6, cause=Cause.OVERFLOW)
    forge.slice(journal(9)[8:], consent="consent-2", prev_end=8)
    forge.publish()
    research("keygen", tmp_path / "other.txt")
    options: list[str | Path] = ["--fingerprint", forge.fingerprint]
    stale = [*options, "--identity", tmp_path / "other.txt", "--now", "2030-01-01T00:00:00Z"]
    workspace = tmp_path / "workspace"
    assert pull_and_verify(forge.root, workspace, *options).code == 2
    said = research("verify", workspace, *stale)
    assert said.code == 2
    assert {"incomplete", "stale", "cannot check"} <= {outcome for outcome, _ in said.findings}
    forge.says(Kind.WITHDRAWN, "consent-2")
    forge.publish()
    assert pull_and_verify(forge.root, workspace, *stale).code == 6
    forge.put(names.checkpoint(7), b"x")
    assert pull_and_verify(forge.root, workspace, *stale).code == 1


def test_first_bad_thing_is_named_for_people(tmp_path: Path) -> None:
    """A person reads outcome, name and reason in one line, and the verdict in the last."""
    forge = honest(tmp_path / "source")
    forge.put(names.tile(0, 0, 4), b"x")
    research("pull", tmp_path / "source", tmp_path / "w")
    code, out, _ = speak("verify", tmp_path / "w", "--fingerprint", forge.fingerprint)
    assert code == 1
    assert f"tampered: {forge.node}/s000/log/tile/0/000.p/4: The hashes" in out
    assert out.splitlines()[-1] == "=> tampered"


@pytest.mark.parametrize("verb", ["verify", "ls", "trust", "replay"])
def test_workspace_without_archive_cannot_be_checked(tmp_path: Path, verb: str) -> None:
    """Nothing pulled: exit 4, the remedy is `pull`, and no folder appears."""
    said = research(verb, tmp_path / "nowhere")
    assert said.code == 4
    assert "pull" in said.document["error"]["hint"]
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("content", ["", "no key", "AGE-SECRET-KEY-1XYZ", "# only a comment\n"])
def test_identity_file_without_identity_is_wrong_use(tmp_path: Path, content: str) -> None:
    """A file that holds no key is 64; one that is not there cannot be checked."""
    key = tmp_path / "key.txt"
    key.write_text(content)
    assert research("verify", tmp_path, "--identity", key).code == 64
    assert research("verify", tmp_path, "--identity", tmp_path / "none").code == 4


def test_trust_shows_and_pins(tmp_path: Path) -> None:
    """Shown before, pinned by its fingerprint in any layout, trusted after."""
    forge = honest(tmp_path / "source")
    workspace = tmp_path / "w"
    research("pull", tmp_path / "source", workspace)
    before = research("trust", workspace).document["shards"][0]
    assert (before["shown"], before["trusted"]) == ([forge.fingerprint], [])
    spaced = " ".join(forge.fingerprint[i : i + 8].upper() for i in range(0, 64, 8))
    assert research("trust", workspace, spaced).document["trusted"] == [forge.node]
    assert research("trust", workspace).document["shards"][0]["trusted"] == [forge.fingerprint]
    assert research("verify", workspace).code == 0


def test_fingerprint_that_no_pulled_node_shows_is_not_pinned(tmp_path: Path) -> None:
    """A fingerprint that differs from the archive's is an alarm, not a pin."""
    honest(tmp_path / "source")
    research("pull", tmp_path / "source", tmp_path / "w")
    assert research("trust", tmp_path / "w", "e" * 64).code == 4
    assert not (tmp_path / "w" / "trust.json").exists()


def test_node_can_be_pinned_before_anything_was_pulled(tmp_path: Path) -> None:
    """With `--node` the first verification already has its pin."""
    forge = honest(tmp_path / "source")
    workspace = tmp_path / "w"
    assert research("trust", workspace, forge.fingerprint, "--node", forge.node).code == 0
    assert pull_and_verify(tmp_path / "source", workspace).code == 0


@pytest.mark.parametrize(
    "content", ["", "[]", '{"nodes":1}', '{"nodes":{"x":[1]}}', '{"nodes":{"x":["y"]}}']
)
def test_damaged_pins_are_never_taken_as_no_pins(tmp_path: Path, content: str) -> None:
    """A damaged trust file stops everything: exit 4 with the remedy."""
    honest(tmp_path / "source")
    research("pull", tmp_path / "source", tmp_path / "w")
    (tmp_path / "w" / "trust.json").write_text(content)
    said = research("verify", tmp_path / "w")
    assert (said.code, "damaged" in said.document["error"]["message"]) == (4, True)


def test_damaged_memory_of_the_workspace_is_named(tmp_path: Path) -> None:
    """A listing that was cut cannot be checked; a forged last-seen checkpoint is tampering."""
    forge = honest(tmp_path / "source")
    options = ("--fingerprint", forge.fingerprint)
    pull_and_verify(tmp_path / "source", tmp_path / "w", *options)
    shard = tmp_path / "w" / "nodes" / forge.node / "s000"
    (shard / "seen.checkpoint").write_text("x")
    assert research("verify", tmp_path / "w", *options).findings[0] == (
        "tampered",
        "seen.checkpoint",
    )
    (shard / "listing.json").write_text("{")
    assert research("verify", tmp_path / "w", *options).code == 4


def test_ls_lists_leaves_and_what_is_proven(tmp_path: Path) -> None:
    """Each leaf as it stands in the log, and for data whether its object is proven."""
    forge = honest(tmp_path / "source")
    research("pull", tmp_path / "source", tmp_path / "w")
    said = research("ls", tmp_path / "w", "--fingerprint", forge.fingerprint)
    leaves = said.document["shards"][0]["leaves"]
    assert [leaf["kind"] for leaf in leaves] == ["consent", "logs", "logs", "heartbeat"]
    assert [leaf.get("proven") for leaf in leaves] == [None, True, True, None]
    _, out, _ = speak("ls", tmp_path / "w", "--fingerprint", forge.fingerprint)
    assert "logs 1–3" in out


def test_keygen_makes_a_private_file_and_never_overwrites(tmp_path: Path) -> None:
    """The file is mode 0600 whatever the umask, holds what is printed, and stays what it is."""
    key = tmp_path / "key.txt"
    old = os.umask(0)
    try:
        said = research("keygen", key)
    finally:
        os.umask(old)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert said.document["keys"][0]["recipient"] in key.read_text()
    before = key.read_bytes()
    assert research("keygen", key).code == 64
    assert key.read_bytes() == before


def test_keygen_makes_one_file_per_epoch(tmp_path: Path) -> None:
    """Each epoch has a file of its own, so that each can be destroyed alone."""
    said = research("keygen", tmp_path / "key.txt", "--epochs", "12")
    files = [Path(one["file"]).name for one in said.document["keys"]]
    assert files == [f"key-{number:02d}.txt" for number in range(1, 13)]
    assert len({one["recipient"] for one in said.document["keys"]}) == 12


def test_error_with_json_is_one_object(tmp_path: Path) -> None:
    """Machines get outcome, exit code, message and hint."""
    code, out, err = speak("verify", tmp_path, "--json")
    document = json.loads(out)
    assert (code, err, document["outcome"]) == (4, "", "cannot check")
    assert document["error"]["message"]
    assert document["error"]["hint"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_workspace_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A read-only folder: exit 4, one sentence, nothing changed."""
    honest(tmp_path / "source")
    (tmp_path / "w").mkdir(mode=0o500)
    code, _, err = speak("pull", tmp_path / "source", tmp_path / "w")
    assert (code, len(err.splitlines())) == (4, 1)


def test_workspace_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    """A file in the place of the workspace: exit 4, one sentence."""
    honest(tmp_path / "source")
    (tmp_path / "w").write_text("x")
    code, _, err = speak("pull", tmp_path / "source", tmp_path / "w")
    assert (code, len(err.splitlines())) == (4, 1)
