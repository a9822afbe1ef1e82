"""The command: exit codes, one sentence with a remedy, and what is imported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bitgrid_mirror_agent.cli import main
from support.mirror import House, leaves_kinds, shards

VERBS = ("run", "once", "push", "status", "keygen")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with one slice and no consent."""
    found = House(tmp_path / "data")
    found.close_slice(3)
    return found


def once(house: House, *more: str) -> int:
    """Run ``once`` in the demo's clock."""
    return main(["once", "--data", str(house.data), "--clock", "outbox", *more])


def test_once_without_consent_is_off_and_done(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Off is no error."""
    assert once(house, "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "off"


def test_once_with_consent_prints_what_was_pushed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON object for machines, lines for people."""
    house.grant()
    assert once(house, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sealed_objects"], found["last_seq"], found["state"]) == (1, 3, "idle")
    assert main(["status", "--data", str(house.data)]) == 0
    assert "sealed objects   1" in capsys.readouterr().out


def test_push_seals_nothing(house: House) -> None:
    """Only what waits goes."""
    house.grant()
    assert main(["push", "--data", str(house.data), "--clock", "outbox"]) == 0
    assert leaves_kinds(house) == []


def break_consent(house: House) -> None:
    """A consent file that is none."""
    (house.data / "consent.json").write_text("{")


def foreign_consent(house: House) -> None:
    """A consent that core did not sign."""
    house.write_consent(house.grant(), Ed25519PrivateKey.generate())


def lose_core_key(house: House) -> None:
    """No key to check a consent with."""
    house.grant()
    (house.data / "keys" / "core.pub").unlink()


def change_slice(house: House) -> None:
    """A slice that is not what the index says."""
    house.grant()
    next((house.data / "outbox" / "logs").glob("0*")).write_bytes(b"x")


def block_archive(house: House) -> None:
    """A target that is no directory."""
    house.grant()
    house.archive.write_text("x")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (change_slice, 1),
        (break_consent, 2),
        (lose_core_key, 3),
        (foreign_consent, 4),
        (block_archive, 5),
    ],
)
def test_each_kind_of_failure_has_its_exit_code_and_one_sentence(
    house: House, capsys: pytest.CaptureFixture[str], damage: "object", code: int
) -> None:
    """Row by row of the contract's table; the status file tells the same."""
    damage(house)  # type: ignore[operator]  # functions of a table
    assert once(house) == code
    said = capsys.readouterr().err
    assert said.startswith("bitgrid-mirror: ")
    assert said.count("\n") == 1
    assert house.status()["state"] == "paused"
    assert once(house, "--json") == code
    assert json.loads(capsys.readouterr().out)["code"] == code


def test_missing_data_directory_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error creates nothing."""
    assert main(["once", "--data", str(tmp_path / "nowhere")]) == 2
    assert "--data" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_keygen_writes_a_secret_file_once_and_names_the_recipient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The form is that of age-keygen; a key is never overwritten."""
    import pyrage

    path = tmp_path / "recovery.key"
    assert main(["keygen", "--output", str(path), "--json"]) == 0
    recipient = json.loads(capsys.readouterr().out)["recipient"]
    identity = pyrage.x25519.Identity.from_str(path.read_text().splitlines()[-1])
    assert str(identity.to_public()) == recipient
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"# public key: {recipient}" in path.read_text()
    before = path.read_bytes()
    assert main(["keygen", "--output", str(path)]) == 5
    assert path.read_bytes() == before


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help answers without touching anything."""
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    assert caught.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_wrong_use_is_exit_two() -> None:
    """Unknown verbs and missing verbs are wrong use."""
    for arguments in ([], ["sing"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2


def test_import_carries_no_web_stack_no_bus_and_no_boto() -> None:
    """The agent's command is small: what only others need is not loaded."""
    program = (
        "import sys, bitgrid_mirror_agent.cli, bitgrid_mirror_agent.service;"
        "print([n for n in ('fastapi','starlette','uvicorn','aiomqtt','paho','amqtt','boto3',"
        "'botocore','bitgrid_appliance','bitgrid_research','bitgrid_core.journal')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"


def started(house: House, *more: str) -> "subprocess.Popen[bytes]":
    """A running agent with a short interval."""
    return subprocess.Popen(
        [
            *(sys.executable, "-c", "from bitgrid_mirror_agent.cli import main; exit(main())"),
            *("run", "--data", str(house.data), "--clock", "outbox", "--interval", "1", *more),
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(house: House, last_seq: int) -> None:
    """Wait until the status names a record."""
    end = time.monotonic() + 20
    path = house.data / "mirror" / "status.json"
    while time.monotonic() < end:
        if path.exists() and house.status()["last_seq"] >= last_seq:
            return
        time.sleep(0.05)
    raise AssertionError(path)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "stdin"])
def test_running_agent_pushes_at_intervals_and_ends_cleanly(
    house: House, how: "signal.Signals | str"
) -> None:
    """SIGTERM, SIGINT and, with the guard, the end of standard input all mean: finish and go."""
    house.grant()
    with started(house, "--stdin-guard") as process:
        wait_for(house, 3)
        house.close_slice(2)
        wait_for(house, 5)
        assert process.stdin is not None
        if isinstance(how, str):
            process.stdin.close()
        else:
            os.kill(process.pid, how)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert len(shards(house.archive)) == 1
    assert leaves_kinds(house)[-1] == "logs"


def test_killed_agent_leaves_a_state_that_the_next_one_continues(house: House) -> None:
    """Kill -9 of the process itself, at a random moment, loses and doubles nothing."""
    house.grant()
    for _ in range(3):
        with started(house) as process:
            wait_for(house, 3)
            house.close_slice(2)
            time.sleep(0.3)
            process.kill()
    assert once(house) == 0
    assert house.status()["last_seq"] == house.seq
    assert house.status()["notice"] is None
