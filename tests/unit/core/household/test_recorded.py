"""Reading a recorded household: exact numbers, gaps, the sleeping inverter, every fault."""

from pathlib import Path

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.household import Counts, Site, read_csv, recorded
from support.shared import shared_data

VECTORS = Path(__file__).parents[3] / "vectors" / "household"
HEADER = "utc,load_w,pv_w\n"


def write(folder: Path, text: str) -> Path:
    """The text as a household file."""
    path = folder / "home.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_are_rounded_to_the_cautious_side() -> None:
    """Consumption goes up, PV and forecast go down, leading zeros mean nothing."""
    series = read_csv(VECTORS / "quarters.csv")
    assert series.load_w == (301, 301, None, 299)
    assert series.pv_w == (900, 1200, 1300, None)
    assert series.pv_forecast_w == (850, None, 0, 900)
    assert (series.step_s, series.resolution_s) == (900, 300)


def test_empty_pv_is_asleep_at_night_and_a_gap_by_day() -> None:
    """Only an inverter without sun is read as 0 W; every decision is counted."""
    series = read_csv(VECTORS / "half_hours_over_a_night.csv")
    assert series.pv_w == (97, None, 0, 0, 0, 0)
    assert series.asleep == {2, 3}
    assert series.load_w == (1246, 787, 466, None, 611, 0)
    assert series.counts == Counts(
        pv_asleep=2,
        pv_gaps=1,
        load_gaps=1,
        forecast_gaps=5,
        pv_negative=1,
        forecast_negative=1,
        load_negative=1,
    )


def test_night_depends_on_the_site() -> None:
    """The same hours are day in California, so that nothing sleeps there."""
    series = read_csv(VECTORS / "half_hours_over_a_night.csv", Site(lat_deg=37.0, lon_deg=-122.0))
    assert series.asleep == frozenset()
    assert series.counts.pv_gaps == 3


def test_statement_says_how_it_comes_to_blocks_and_what_was_counted() -> None:
    """A person reads each decision with its count in one line."""
    said = read_csv(VECTORS / "half_hours_over_a_night.csv").statement()
    assert said.startswith("6 rows of 1800 s: each value held for 3 blocks of 600 s; ")
    assert "2 empty PV values at night read as inverter asleep (0 W)" in said
    assert "gaps kept as gaps: 1 of consumption, 1 of PV by day" in said
    assert "5 forecast values missing" in said


def test_time_without_zone_and_with_another_zone_is_utc(tmp_path: Path) -> None:
    """The column is called utc; an offset is taken into account exactly."""
    naive = read_csv(write(tmp_path, HEADER + "2024-06-01 10:00,1,1\n2024-06-01 10:10,1,1\n"))
    text = HEADER + "2024-06-01T12:00:00+02:00,1,1\n2024-06-01T10:10:00Z,1,1\n"
    assert naive.start_ms == read_csv(write(tmp_path, text)).start_ms


def test_byte_order_mark_blank_lines_and_further_columns_are_accepted(tmp_path: Path) -> None:
    """What spreadsheets add does no harm."""
    text = "\ufeffnote, utc ,pv_w,load_w\n\nx,2024-06-01T10:00Z,2,1\n\ny,2024-06-01T10:10Z,4,3\n\n"
    series = read_csv(write(tmp_path, text))
    assert (series.load_w, series.pv_w) == ((1, 3), (2, 4))
    assert "no PV forecast" in series.statement()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (60, "a block of 600 s is the mean of 10 values"),
        (600, "one value for each block of 600 s"),
        (900, "the mean weighted by time"),
        (3600, "each value held for 6 blocks of 600 s"),
    ],
)
def test_any_regular_step_of_whole_minutes_is_read(tmp_path: Path, step: int, said: str) -> None:
    """One minute to one hour, and the statement tells how."""
    second = f"2024-06-01T{10 + step // 3600:02}:{step // 60 % 60:02}:00Z,1,1\n"
    series = read_csv(write(tmp_path, HEADER + "2024-06-01T10:00:00Z,1,1\n" + second))
    assert series.step_s == step
    assert said in series.statement()


ROW = "2024-06-01T10:00:00Z,1,1\n"
BAD = {
    "empty file": ("", "is empty"),
    "header only": (HEADER, "0 rows"),
    "one row": (HEADER + ROW, "1 rows"),
    "missing column": ("utc,load_w\n" + "2024-06-01T10:00:00Z,1\n", "no column pv_w"),
    "semicolons": ("utc;load_w;pv_w\n", "no column utc"),
    "column twice": ("utc,load_w,pv_w,pv_w\n", "column pv_w twice"),
    "text in a number": (HEADER + "2024-06-01T10:00:00Z,abc,1\n", "line 2: load_w: 'abc'"),
    "not a number": (HEADER + "2024-06-01T10:00:00Z,1,nan\n", "line 2: pv_w: 'nan'"),
    "infinite": (HEADER + "2024-06-01T10:00:00Z,inf,1\n", "line 2: load_w: 'inf'"),
    "huge exponent": (HEADER + "2024-06-01T10:00:00Z,1e999999999,1\n", "line 2: load_w"),
    "too much": (HEADER + "2024-06-01T10:00:00Z,2000000,1\n", "beyond 1,000,000 W"),
    "net meter": (HEADER + "2024-06-01T10:00:00Z,-500,1\n", "load_w -500 is negative"),
    "no time": (HEADER + "yesterday,1,1\n", "line 2: utc 'yesterday' is not a time"),
    "empty time": (HEADER + ",1,1\n", "line 2: utc '' is not a time"),
    "backwards": (HEADER + ROW + "2024-06-01T09:50:00Z,1,1\n", "line 3: time runs backwards"),
    "duplicate": (HEADER + ROW + ROW, "line 3: the time of the row before again"),
    "irregular": (
        HEADER + ROW + "2024-06-01T10:10:00Z,1,1\n2024-06-01T10:25:00Z,1,1\n",
        "line 4: 900 s after the row before instead of 600 s",
    ),
    "too fine": (HEADER + ROW + "2024-06-01T10:00:30Z,1,1\n", "A step of 30 s"),
    "too coarse": (HEADER + ROW + "2024-06-01T12:00:00Z,1,1\n", "A step of 7200 s"),
    "no whole minutes": (HEADER + ROW + "2024-06-01T10:01:30Z,1,1\n", "A step of 90 s"),
    "odd start": (
        HEADER + "2024-06-01T10:00:07Z,1,1\n2024-06-01T10:10:07Z,1,1\n",
        "does not start at a whole minute",
    ),
    "short row": (HEADER + "2024-06-01T10:00:00Z,1\n", "line 2 has 2 values instead of 3"),
    "decimal comma": (HEADER + "2024-06-01T10:00:00Z,1,5,1\n", "line 2 has 4 values instead of 3"),
    "year that is none": (HEADER + "99999-01-01,1,1\n", "is not a time"),
    "before computers": (HEADER + "0001-01-01T00:00+14:00,1,1\n", "not between 1970 and 2100"),
    "far future": (HEADER + "9999-12-31,1,1\n", "not between 1970 and 2100"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD.keys())
def test_bad_file_ends_with_one_sentence_and_a_remedy(tmp_path: Path, text: str, said: str) -> None:
    """Each fault names its place or value, has a remedy and exit code 2."""
    with pytest.raises(BadInput) as caught:
        read_csv(write(tmp_path, text))
    assert said in caught.value.message
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_path_that_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    """Neither a folder nor a missing file ends in a traceback."""
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_csv(path)


@pytest.mark.parametrize("data", [b"utc,load_w,pv_w\n\xff\xfe\n", b"\x80\x81"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    """A spreadsheet or an image instead of CSV is named as such."""
    path = tmp_path / "home.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput, match="not UTF-8"):
        read_csv(path)


def test_absurdly_long_cell_is_refused(tmp_path: Path) -> None:
    """The CSV reader's own bound becomes a sentence."""
    with pytest.raises(BadInput, match="not CSV"):
        read_csv(write(tmp_path, HEADER + "1" * 200_000 + ",1,1\n"))


def test_more_rows_than_the_bound_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong file cannot fill the memory."""
    monkeypatch.setattr(recorded, "MAX_ROWS", 2)
    rows = "".join(f"2024-06-01T10:{minute}:00Z,1,1\n" for minute in ("00", "10", "20"))
    with pytest.raises(BadInput, match="more than 2 rows"):
        read_csv(write(tmp_path, HEADER + rows))


def test_the_french_home_is_read_with_its_gaps_and_nights() -> None:
    """The recorded year has the rows, gaps and sleeping nights that its file has."""
    series = read_csv(shared_data("home_fr_30min_2024-02_2025-02.csv"))
    assert len(series.load_w) == 17_524
    assert (series.step_s, series.resolution_s) == (1800, 600)
    assert series.counts == Counts(
        pv_asleep=8_015,
        pv_gaps=766,
        load_gaps=336,
        forecast_gaps=10_024,
        forecast_negative=728,
    )
    assert max(w or 0 for w in series.load_w) == 6_150
    assert max(w or 0 for w in series.pv_w) == 4_411
