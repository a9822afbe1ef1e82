"""`bitgrid run --demo` as a person runs it: the whole line, bad input, and Ctrl-C."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from support.demos import BITGRID, Document, bodies, run_demo, start_demo, wait_until_gone
from support.homes import sunny_home
from support.shared import shared_data

pytestmark = pytest.mark.timeout(180)
KEYS = {
    "blocks",
    "decisions",
    "switches",
    "explained",
    "journal_head",
    "sealed_objects",
    "bytes_pushed",
    "verified",
    "replayed_identical",
    "deviations",
}


def require_good(document: Document, days: int) -> None:
    """Everything decided, explained, pushed, verified and identical."""
    assert document.keys() >= KEYS
    assert document["blocks"] == document["decisions"] == document["explained"] == days * 144
    assert document["verified"] is document["replayed_identical"] is True
    assert (document["deviations"], document["missed_blocks"], document["lease_ends"]) == (0, 0, 0)
    assert len(document["journal_head"]) == 64
    assert document["sealed_objects"] > 0
    assert document["bytes_pushed"] > 1000
    assert document["switches"] > 0


def test_recorded_household_is_verified_and_replayed(tmp_path: Path) -> None:
    """Two days of a CSV: exit 0 and one JSON object; the same again finds it all done."""
    home = sunny_home(tmp_path / "home.csv", 2)
    document = run_demo(tmp_path / "data", "--household", str(home))
    require_good(document, 2)
    again = run_demo(tmp_path / "data", "--household", str(home))
    assert again["blocks"] == 288
    assert again["switches"] == document["switches"]


def test_synthetic_household_is_verified_and_replayed(tmp_path: Path) -> None:
    """Without a file, where the extra is installed: two days of June."""
    pytest.importorskip("demandlib", reason="the extra bitgrid-appliance[synthetic] is not there")
    pytest.importorskip("pvlib", reason="the extra bitgrid-appliance[synthetic] is not there")
    require_good(run_demo(tmp_path / "data", "--days", "2"), 2)


def test_real_household_with_gaps_is_verified_and_replayed(tmp_path: Path) -> None:
    """Two days of the recorded French home, with its nights and forecast errors."""
    home = shared_data("home_fr_30min_2024-02_2025-02.csv")
    words = ("--household", str(home), "--pv-scale", "2", "--start", "2024-06-01", "--days", "2")
    require_good(run_demo(tmp_path / "data", *words), 2)


def test_more_days_go_on_where_the_demo_ended(tmp_path: Path) -> None:
    """A second run with more days continues the journal and the archive."""
    home = str(sunny_home(tmp_path / "home.csv", 3))
    run_demo(tmp_path / "data", "--household", home, "--days", "1")
    require_good(run_demo(tmp_path / "data", "--household", home, "--days", "3"), 3)


def test_given_recipient_is_sealed_for_and_the_owner_still_opens(tmp_path: Path) -> None:
    """--recipient takes the researcher's place; the recovery identity opens the archive."""
    made = subprocess.run(
        [BITGRID.with_name("bitgrid-mirror"), "keygen", "--json", "--output", tmp_path / "me.key"],
        capture_output=True,
        text=True,
        check=True,
    )
    recipient = json.loads(made.stdout)["recipient"]
    home = sunny_home(tmp_path / "home.csv", 1)
    words = ("--household", str(home), "--recipient", recipient)
    require_good(run_demo(tmp_path / "data", *words), 1)
    consent = json.loads((tmp_path / "data" / "consent.json").read_text())["consent"]
    assert [one["role"] for one in consent["recipients"]] == ["owner", "researcher"]
    assert consent["recipients"][1]["recipient"] == recipient
    assert not (tmp_path / "data" / "keys" / "researcher.txt").exists()


def bitgrid(*words: str, **environment: str) -> tuple[int, str, str]:
    """Run `bitgrid`: code, standard output, standard error."""
    done = subprocess.run(
        [BITGRID, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout, done.stderr


def require_sentence(answer: tuple[int, str, str], code: int, *said: str) -> None:
    """One sentence with its remedy on standard error, the code, and no traceback."""
    found, output, errors = answer
    assert found == code, errors + output
    assert output == ""
    assert len(errors.strip().splitlines()) == 1, errors
    assert "Traceback" not in errors
    for text in said:
        assert text in errors


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["utc,load_w", "2024-06-01T00:00:00Z,1"], "no column pv_w"),
        (
            ["utc,load_w,pv_w", "2024-06-01T00:00:00Z,much,1", "2024-06-01T00:30:00Z,1,1"],
            "line 2",
        ),
        (
            [
                "utc,load_w,pv_w",
                "2024-06-01T00:00:00Z,1,1",
                "2024-06-01T00:30:00Z,1,1",
                "2024-06-01T00:00:00Z,1,1",
            ],
            "backwards",
        ),
        ([], "is empty"),
    ],
)
def test_bad_household_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    """A missing column, text in numbers, time running backwards, an empty file: exit 2."""
    path = tmp_path / "home.csv"
    path.write_text("\n".join(lines))
    data = tmp_path / "data"
    words = ("run", "--demo", "--once", "--data", str(data), "--household", str(path))
    require_sentence(bitgrid(*words), 2, said)
    assert not data.exists()


def test_unknown_policy_key_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """A typing error in a policy is named: exit 2."""
    home = sunny_home(tmp_path / "home.csv", 1)
    policy = tmp_path / "policy.yaml"
    policy.write_text("surplus_min_kv: 2\nloads: [{id: load-1}]\n")
    words = ["run", "--demo", "--once", "--data", str(tmp_path / "data"), "--household", str(home)]
    require_sentence(bitgrid(*words, "--policy", str(policy)), 2, "surplus_min_kv")
    assert not (tmp_path / "data").exists()


def test_busy_port_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """Somebody else's port: exit 3, with the number and what to do."""
    home = sunny_home(tmp_path / "home.csv", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ("run", "--demo", "--data", str(tmp_path / "data"), "--household", str(home))
        require_sentence(bitgrid(*words, "--port", port), 3, port, "--port")
    assert not (tmp_path / "data").exists()


def test_directory_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    """A data directory under a file, or in /proc: exit 5."""
    home = sunny_home(tmp_path / "home.csv", 1)
    for data in (home / "data", Path("/proc/bitgrid")):
        words = ("run", "--demo", "--once", "--data", str(data), "--household", str(home))
        require_sentence(bitgrid(*words), 5, str(data), "--data")


def test_broken_consent_is_one_sentence_and_leaves_everything(tmp_path: Path) -> None:
    """A consent that is none, or is not core's, stops the start before anything is touched."""
    home = sunny_home(tmp_path / "home.csv", 1)
    data = tmp_path / "data"
    run_demo(data, "--household", str(home))
    words = ("run", "--demo", "--once", "--data", str(data), "--household", str(home))
    good = (data / "consent.json").read_bytes()
    for content, code in ((b"{}", 2), (good.replace(b"research", b"resaerch"), 4)):
        (data / "consent.json").write_bytes(content)
        before = listing(data)
        require_sentence(bitgrid(*words), code, "onsent")
        assert listing(data) == before


def test_directory_of_another_demo_is_one_sentence_and_leaves_everything(tmp_path: Path) -> None:
    """Another household on the same directory: exit 2, and what differs is named."""
    home, other = sunny_home(tmp_path / "home.csv", 1), sunny_home(tmp_path / "other.csv", 2)
    data = tmp_path / "data"
    run_demo(data, "--household", str(home))
    before = listing(data)
    words = ("run", "--demo", "--once", "--data", str(data), "--household", str(other))
    require_sentence(bitgrid(*words), 2, "another demo", "household", "--data")
    assert listing(data) == before


def test_cut_journal_is_not_gone_on_with(tmp_path: Path) -> None:
    """A tail that an anchor saw is missing: exit 1 in the core's own words, nothing decided."""
    home = sunny_home(tmp_path / "home.csv", 1)
    data = tmp_path / "data"
    run_demo(data, "--household", str(home))
    journal = data / "journal" / "journal.sqlite"
    with closing(sqlite3.connect(journal)) as database, database:
        database.execute("DROP TRIGGER record_is_never_deleted")
        database.execute("DELETE FROM record WHERE seq > 100")
    words = ("run", "--demo", "--once", "--data", str(data), "--household", str(home))
    code, output, errors = bitgrid(*words)
    assert (code, output) == (1, ""), errors
    assert "core: The journal is broken: record" in errors
    assert "bitgrid journal verify" in errors
    assert "Traceback" not in errors
    assert len(bodies(data, "block")) < 100


def test_errors_are_json_on_request(tmp_path: Path) -> None:
    """--json gives error, hint and exit code as one object."""
    words = ("run", "--demo", "--json", "--household", str(tmp_path / "none.csv"))
    code, output, errors = bitgrid(*words, "--data", str(tmp_path / "data"))
    document = json.loads(output)
    assert (code, document["exit_code"], errors) == (2, 2, "")
    assert document.keys() == {"error", "hint", "exit_code"}


@pytest.mark.parametrize(
    "words", [(), ("frob",), ("run", "--days"), ("run", "--once"), ("run", "-x")]
)
def test_wrong_use_is_one_sentence(words: tuple[str, ...]) -> None:
    """Wrong words: exit 2 and where to read on."""
    require_sentence(bitgrid(*words), 2)


def test_second_appliance_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """Two supervisors never share a directory: exit 4; the first goes on and ends well."""
    home = str(sunny_home(tmp_path / "home.csv", 3))
    data = tmp_path / "data"
    demo = start_demo(data, "--once", "--json", "--verbose", "--household", home)
    demo.pid("household")
    require_sentence(
        bitgrid("run", "--demo", "--once", "--data", str(data), "--household", home),
        4,
        "already runs",
    )
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()


def test_ctrl_c_ends_the_days_and_still_proves_them(tmp_path: Path) -> None:
    """A live demo that is interrupted pushes, verifies and replays, exits 0, leaves no process."""
    home = str(sunny_home(tmp_path / "home.csv", 3))
    words = ["--household", home, "--start", "2024-06-01T09:00:00Z", "--speed", "6000"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    demo = start_demo(tmp_path / "data", *words, "--json", "--verbose", "--port", port)
    children = [demo.pid(name) for name in ("broker", "core", "household", "web", "mirror")]
    demo.wait_for_blocks(5)
    demo.process.send_signal(signal.SIGINT)
    code, output = demo.end()
    assert code == 0, output + demo.log.read_text()
    document = json.loads(output)
    assert document["blocks"] >= 5
    assert document["verified"] is True
    assert "Traceback" not in demo.log.read_text()
    wait_until_gone(children, within_s=1)


def test_second_ctrl_c_ends_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    """Asked twice nothing is proven: exit 1 and a sentence."""
    home = str(sunny_home(tmp_path / "home.csv", 3))
    demo = start_demo(tmp_path / "data", "--once", "--household", home)
    children = [demo.pid(name) for name in ("broker", "core", "household")]
    demo.wait_for_blocks(5)
    demo.process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    demo.process.send_signal(signal.SIGINT)
    code, _ = demo.end()
    told = demo.log.read_text()
    assert (code, "Traceback" in told) == (1, False), told
    assert "before the archive was verified" in told
    wait_until_gone(children, within_s=15)


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
