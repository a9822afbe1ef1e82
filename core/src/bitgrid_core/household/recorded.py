"""Reading a recorded household: ``utc, load_w, pv_w[, pv_forecast_w]`` as CSV.

The file is checked while it is read; the first fault ends it with one sentence that names the
line. Numbers are decimal text and are rounded to the cautious side: PV and forecast down,
consumption up. An empty value is a gap, except that an inverter without an answer while the
sun is down sleeps (0 W). Must not know plants or topics.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bitgrid_core.errors import BadInput
from bitgrid_core.household.series import MAX_ROWS, Counts, Series
from bitgrid_core.sun import FRANCE, Site, is_night
from bitgrid_core.units import Caution, decimal, round_cautious

_NEEDED: Final = ("utc", "load_w", "pv_w")
_FORECAST: Final = "pv_forecast_w"
_CAUTION: Final = {"load_w": Caution.UP, "pv_w": Caution.DOWN, _FORECAST: Caution.DOWN}
_MAX_W: Final = 1_000_000
_METER_NOISE_W: Final = 100
"""Deeper below zero is no noise of a meter but another sign convention."""
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """What has been read so far; thrown away once the series is there."""

    columns: dict[str, int]
    site: Site
    times_ms: list[int] = field(default_factory=list)
    load_w: list[int | None] = field(default_factory=list)
    pv_w: list[int | None] = field(default_factory=list)
    pv_forecast_w: list[int | None] = field(default_factory=list)
    asleep: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


def read_csv(path: Path, site: Site = FRANCE) -> Series:
    """The household series of a CSV file.

    Args:
        path: the file; UTF-8, comma-separated, with a header; further columns are ignored.
        site: where the home stands, to tell a sleeping inverter from a gap.

    Raises:
        BadInput: no such file, or its first fault with the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _series(stream, path.name, site)
    except OSError as error:
        raise BadInput(
            f"Household file {path} cannot be read: {error.strerror}.",
            "Name a readable CSV file with utc, load_w, pv_w.",
        ) from error
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not UTF-8 text.", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise BadInput(f"{path.name} is not CSV: {error}.", "Save it as CSV.") from None


def _series(stream: Iterable[str], name: str, site: Site) -> Series:
    lines = csv.reader(stream)
    header = next(lines, [])
    reader = _Reader(columns=_columns(header, name), site=site)
    for where, cells in _rows(lines, name, len(header)):
        _read_row(reader, cells, where)
    if len(reader.times_ms) < 2:  # noqa: PLR2004 - a step needs two instants
        raise BadInput(
            f"{name} has {len(reader.times_ms)} rows of data, too few to know its step.",
            "Give at least two rows.",
        )
    return Series(
        source=name,
        start_ms=reader.times_ms[0],
        step_s=(reader.times_ms[1] - reader.times_ms[0]) // 1000,
        load_w=tuple(reader.load_w),
        pv_w=tuple(reader.pv_w),
        pv_forecast_w=tuple(reader.pv_forecast_w),
        asleep=frozenset(reader.asleep),
        counts=Counts(**reader.counts),
    )


def _columns(header: list[str], name: str) -> dict[str, int]:
    names = [cell.strip() for cell in header]
    if not any(names):
        raise BadInput(f"{name} is empty.", f"Its first line must name {', '.join(_NEEDED)}.")
    for column in (*_NEEDED, _FORECAST):
        if names.count(column) > 1:
            raise BadInput(f"{name} has column {column} twice.", "Keep one of them.")
    missing = [column for column in _NEEDED if column not in names]
    if missing:
        raise BadInput(
            f"{name} has no column {missing[0]}.",
            f"Its first line must name {', '.join(_NEEDED)} and may name {_FORECAST}.",
        )
    return {column: names.index(column) for column in (*_NEEDED, _FORECAST) if column in names}


def _rows(lines: Iterator[list[str]], name: str, width: int) -> Iterator[tuple[str, list[str]]]:
    """Each row that is not blank, with its place for messages."""
    count = 0
    for number, cells in enumerate(lines, 2):
        if not cells:
            continue
        count += 1
        if count > MAX_ROWS:
            raise BadInput(f"{name} has more than {MAX_ROWS:,} rows.", "Cut it into years.")
        where = f"{name}, line {number}"
        if len(cells) != width:
            raise BadInput(
                f"{where} has {len(cells)} values instead of {width}.",
                "Give every row as many values as the header has names.",
            )
        yield where, cells


def _read_row(reader: _Reader, cells: list[str], where: str) -> None:
    text = {column: cells[at].strip() for column, at in reader.columns.items()}
    at_ms = _instant_ms(text["utc"], where)
    _check_order(reader.times_ms, at_ms, where)
    row = len(reader.times_ms)
    reader.times_ms.append(at_ms)
    reader.load_w.append(_watts(text["load_w"], "load_w", reader.counts, where))
    pv_w = _watts(text["pv_w"], "pv_w", reader.counts, where)
    if pv_w is None and is_night(at_ms, reader.site):
        reader.asleep.add(row)
        reader.counts["pv_asleep"] += 1
        reader.counts["pv_gaps"] -= 1
        pv_w = 0
    reader.pv_w.append(pv_w)
    forecast = text.get(_FORECAST, "")
    reader.pv_forecast_w.append(_watts(forecast, _FORECAST, reader.counts, where))


def _instant_ms(text: str, where: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{where}: utc {text!r} is not a time.", "Write 2024-06-01T10:10:00Z."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise BadInput(
            f"{where}: utc {text} is not between {_FIRST_YEAR} and {_LAST_YEAR}.",
            "Write 2024-06-01T10:10:00Z.",
        )
    return (moment - _EPOCH) // _MILLISECOND


def _check_order(times_ms: list[int], at_ms: int, where: str) -> None:
    if not times_ms:
        return
    apart_ms = at_ms - times_ms[-1]
    if apart_ms == 0:
        raise BadInput(f"{where}: the time of the row before again.", "Keep one row per time.")
    if apart_ms < 0:
        raise BadInput(f"{where}: time runs backwards.", "Sort the rows by utc; write UTC.")
    if len(times_ms) > 1 and apart_ms != times_ms[1] - times_ms[0]:
        raise BadInput(
            f"{where}: {apart_ms // 1000} s after the row before instead of"
            f" {(times_ms[1] - times_ms[0]) // 1000} s.",
            "Use one regular step; write missing rows with empty values.",
        )


def _watts(text: str, column: str, counts: Counter[str], where: str) -> int | None:
    quantity = column.removesuffix("_w").replace("pv_forecast", "forecast")
    if not text:
        counts[f"{quantity}_gaps"] += 1
        return None
    try:
        number = decimal(text)
    except BadInput as error:
        raise BadInput(f"{where}: {column}: {error.message}", error.hint) from None
    if abs(number) > _MAX_W:
        raise BadInput(f"{where}: {column} {text} is beyond {_MAX_W:,} W.", "Write watts.")
    if number < -_METER_NOISE_W:
        raise BadInput(
            f"{where}: {column} {text} is negative.",
            "Write consumption and generation as positive watts, not a net meter.",
        )
    if number < 0:
        counts[f"{quantity}_negative"] += 1
        return 0
    return round_cautious(number, _CAUTION[column])
