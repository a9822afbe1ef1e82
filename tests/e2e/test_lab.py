"""``bitgrid lab``: from a file or a journal to a table, a document and a picture."""

import json
import sys
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bitgrid_appliance.cli import main
from bitgrid_core import events
from bitgrid_core.block import BLOCK_MS, at_text
from bitgrid_core.chain import Draft
from bitgrid_core.household import House, read_csv
from bitgrid_core.household.lab import bench_of, plant_of_policy
from bitgrid_core.household.loop import closed_loop
from bitgrid_core.inputs import to_record
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.kpi import CATALOGUE
from bitgrid_core.policy import default_policy

T0 = 2_840_112 * BLOCK_MS
WISH = ("--vary", "surplus_throttle_min_kw=0.8,1.2", "--vary", "min_pause_blocks=1,2")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sunny days as a recorded household."""
    rows = ["utc,load_w,pv_w,pv_forecast_w"]
    for row in range(2 * 48):
        sun_w = max(0, 3000 - 250 * abs(row % 48 - 24))
        rows.append(f"{at_text(T0 + row * 1_800_000)},400,{sun_w},{sun_w}")
    path = tmp_path_factory.mktemp("lab") / "home.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    code = main(["lab", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_table_names_every_policy(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is played, each policy's figures, and the days that differ."""
    code, out, err = said(capsys, "--household", home, "--jobs", "1", *WISH)
    assert code == 0
    assert "home.csv: 2 days from 2024-01-01T00:00" in out
    assert out.count("\nsurplus_throttle_min_kw=") == 5
    assert "min_pause_blocks=1 against demo policy: no day differs." in out
    assert "each value held for 3 blocks" in err


def test_document_has_figures_and_days(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Integers for machines; the first policy is the one that the others are compared with."""
    code, out, err = said(capsys, "--household", home, "--json", "--jobs", "1", *WISH)
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert [one["name"] for one in found["policies"]][:2] == [
        "demo policy",
        "surplus_throttle_min_kw=0.8 min_pause_blocks=1",
    ]
    for policy in found["policies"]:
        kpis = policy["kpis"]
        assert set(kpis) == {kpi.name for kpi in CATALOGUE} | {"extra_import_wh", "stored_wh"}
    used = [policy["kpis"]["load_energy_wh"] for policy in found["policies"]]
    rows = found["days"]["surplus_throttle_min_kw=1.2 min_pause_blocks=2"]["rows"]
    assert abs(sum(row[1] for row in rows) - (used[4] - used[0])) <= len(rows)


def test_two_processes_give_what_one_gives(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On how many cores it runs makes no difference."""
    one = said(capsys, "--household", home, "--json", "--days", "1", "--jobs", "1", *WISH)
    two = said(capsys, "--household", home, "--json", "--days", "1", "--jobs", "2", *WISH)
    assert one == two


def test_policies_of_files_are_compared(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A against B."""
    (tmp_path / "a.yaml").write_text("min_predicted_pv_kw: 0\nloads: [{id: load-1}]\n")
    (tmp_path / "b.yaml").write_text("min_predicted_pv_kw: 9.5\nloads: [{id: load-1}]\n")
    words = ("--policy", tmp_path / "a.yaml", "--against", tmp_path / "b.yaml", "--jobs", "1")
    code, out, _err = said(capsys, "--household", home, "--json", "--pv-scale", "2", *words)
    first, second = json.loads(out)["policies"]
    assert (code, first["name"], second["name"]) == (0, "a.yaml", "against b.yaml")
    assert first["kpis"]["switches"] > second["kpis"]["switches"] == 0


def test_change_is_answered_by_a_difference_and_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a lower threshold would have meant: both policies, what differs, and on which days."""
    words = ("--household", home, "--pv-scale", "2", "--jobs", "1")
    code, out, _err = said(capsys, *words, "--change", "surplus_min_kw=+1.5,min_pause_blocks=4")
    assert code == 0
    assert "\nsurplus_min_kw 1.5 → 3, min_pause_blocks 2 → 4 " in out
    assert "\ndifference " in out
    assert "the loads would have used" in out
    assert "kWh less, the house would have bought" in out
    assert "1 of 2 days differ; days that differ most:" in out


def test_change_without_effect_is_said_to_be_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is made to look like a difference that is none."""
    words = ("--household", home, "--jobs", "1", "--change", "max_temp_c=-1")
    code, out, _err = said(capsys, *words)
    assert code == 0
    assert (
        "With max_temp_c 85 → 84 the loads would have used as much, the house would have bought "
        "as much, and there would have been as many switches."
    ) in out
    assert "no day differs." in out


def test_several_changes_are_several_policies(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each --change is compared with the policy as it is."""
    changes = ("--change", "surplus_min_kw=-0.05", "--change", "surplus_min_kw=1.2")
    code, out, _err = said(capsys, "--household", home, "--json", "--jobs", "1", *changes)
    names = [one["name"] for one in json.loads(out)["policies"]]
    assert code == 0
    assert names == ["demo policy", "surplus_min_kw 1.5 → 1.45", "surplus_min_kw 1.5 → 1.2"]


def test_optimum_stands_in_table_document_and_picture(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The share of what perfect foresight would reach, wherever somebody looks."""
    target = tmp_path / "grid.svg"
    words = ("--household", home, "--pv-scale", "2", "--jobs", "1", "--optimum")
    code, out, _err = said(capsys, *words, "--plot", target)
    assert code == 0
    assert "of optimum %" in out
    assert "Perfect foresight would have used" in out
    titles = ET.fromstring(target.read_text()).findall(".//{*}path[@class='optimum']/{*}title")
    assert [(title.text or "")[:17] for title in titles] == ["perfect foresight"]
    _code, out, _err = said(capsys, *words, "--json")
    found = json.loads(out)
    kpis, best = found["policies"][0]["kpis"], found["optimum"]
    assert best["import_weight"] == 2
    assert 0 < kpis["net_wh"] < best["net_wh"]
    assert kpis["optimum_permille"] == kpis["net_wh"] * 1000 // best["net_wh"]


def test_optimum_without_its_extra_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3 and how to install it, before anything is played."""
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    code, out, err = said(capsys, "--household", home, "--optimum")
    assert (code, out) == (3, "")
    assert 'pip install "bitgrid-appliance[lab]"' in err
    assert err.count("\n") == 1


def test_journal_is_its_own_household(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file the days are those that the journal recorded."""
    policy = default_policy()
    bench = bench_of(read_csv(home), pv_scale_permille=2000)
    house = House.begin(bench.series, plant_of_policy(bench, policy), bench.start_ms)
    drafts: list[Draft] = []
    for done in closed_loop(house, policy, bench.blocks):
        kind, body = to_record(done.item)
        drafts.append(Draft(kind=kind, body=body))
        drafts += [Draft(kind="decision", body=events.to_body(event)) for event in done.events]
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        journal.append(drafts, T0)
    code, out, _err = said(capsys, tmp_path / "journal.sqlite", "--json")
    found = json.loads(out)
    assert (code, found["source"], found["blocks"]) == (0, "journal.sqlite", 288)
    assert found["policies"][0]["kpis"]["load_energy_wh"] > 1000


def test_picture_is_an_svg_with_every_policy(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dot for each policy, with its name to hover over."""
    target = tmp_path / "grid.svg"
    code, _out, _err = said(capsys, "--household", home, "--jobs", "1", "--plot", target, *WISH)
    dots = ET.fromstring(target.read_text()).findall(".//{*}circle/{*}title")
    assert code == 0
    assert [dot.text.partition(":")[0] for dot in dots if dot.text] == [
        "demo policy",
        "surplus_throttle_min_kw=0.8 min_pause_blocks=1",
        "surplus_throttle_min_kw=0.8 min_pause_blocks=2",
        "surplus_throttle_min_kw=1.2 min_pause_blocks=1",
        "surplus_throttle_min_kw=1.2 min_pause_blocks=2",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Whose days?"),
        (("journal.sqlite", "--household", "home.csv"), "Whose days?"),
        (("--household", "absent.csv"), "cannot be read"),
        (("absent.sqlite",), "cannot be read"),
        (("--household", "absent.csv", "--jobs", "0"), "--jobs is 0"),
        (("--household", "absent.csv", "--vary", "sun=1"), "cannot be varied"),
        (("--household", "absent.csv", "--change", "sun=+1"), "cannot be changed"),
        (
            ("--household", "absent.csv", *("--change", "surplus_min_kw=-0.05") * 2),
            "Two policies are the same",
        ),
        (("--household", "absent.csv", "--battery-kwh", "much"), "is not a number"),
        (("--household", "absent.csv", "--against", "absent.yaml"), "cannot be read"),
    ],
)
def test_wrong_use_is_one_sentence(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, what is wrong, and nothing on standard output."""
    code, out, err = said(capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
