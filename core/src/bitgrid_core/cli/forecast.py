"""``bitgrid forecast check``: how well the local forecast would have done on a recorded home.

Each half hour of the record the next hour is forecast from what was measured before it, and
compared with what came; beside it stands the forecast that was logged then, if there is one,
over the same hours.
"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bitgrid_core.block import BLOCK_MS
from bitgrid_core.cli.services import Subparsers, print_json
from bitgrid_core.errors import BadInput
from bitgrid_core.forecast import LocalForecast
from bitgrid_core.household import Series, read_csv
from bitgrid_core.sun import FRANCE, Site

HOUR: Final = 6
_EVERY: Final = 3
_POLE_DEG: Final = 90.0
_DATE_LINE_DEG: Final = 180.0
_EXAMPLE: Final = """\
example:
  bitgrid forecast check household.csv --site 48.1,11.6
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Mean errors in W over the hours in which the sun was, or was expected to be, up.

    Attributes:
        hours: how many were compared.
        mean_w: what was measured in them.
        mae_w: mean absolute error.
        bias_w: mean of forecast minus measured.
    """

    hours: int
    mean_w: int
    mae_w: int
    bias_w: int


def add(subparsers: Subparsers) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser("forecast", help="judge the local PV forecast")
    verbs = parser.add_subparsers(dest="forecast_verb", required=True, metavar="VERB")
    check = verbs.add_parser(
        "check",
        help="its error on a recorded household",
        description="Forecasts each next hour of a record and compares it with what came.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    check.add_argument("file", type=Path, metavar="FILE", help="CSV: utc, load_w, pv_w, …")
    check.add_argument(
        "--site",
        type=_site,
        default=FRANCE,
        metavar="LAT,LON",
        help="a tenth of a degree is enough",
    )
    check.add_argument("--json", action="store_true", help="one JSON object")
    check.set_defaults(run=_run)


def scores(series: Series, site: Site) -> dict[str, Score]:
    """The local forecast's score; beside it both over the hours that the logged one covers.

    Raises:
        BadInput: no hour of the series can be judged.
    """
    judged = list(_hours(series, site))
    if not judged:
        raise BadInput(f"{series.source} has no hour to judge.", "Give a day of measured PV.")
    both = [(real, local, logged) for real, local, logged in judged if logged is not None]
    found = {"local": _score([(real, local) for real, local, _ in judged])}
    if both:
        found["local_where_logged"] = _score([(real, local) for real, local, _ in both])
        found["logged"] = _score([(real, logged) for real, _, logged in both])
    return found


def _hours(series: Series, site: Site) -> Iterator[tuple[int, int, int | None]]:
    """Measured, local and logged mean W of an hour, every half hour that has sun in any."""
    forecaster = LocalForecast(site=site)
    first, end = series.first_block_ms // BLOCK_MS, series.end_ms // BLOCK_MS
    real = [series.at(block * BLOCK_MS).pv_w for block in range(first, end)]
    for index, pv_w in enumerate(real[: 1 - HOUR]):
        if index % _EVERY == 0:
            came = _mean(real[index : index + HOUR])
            local = _mean(forecaster.ahead(first + index, HOUR))
            logged = _mean(series.forecast_blocks((first + index) * BLOCK_MS, HOUR))
            if came is not None and local is not None and (came or local or logged):
                yield came, local, logged
        forecaster = forecaster.after(first + index, pv_w)


def _mean(values: list[int | None] | tuple[int | None, ...]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) // len(known) if len(known) == len(values) else None


def _score(pairs: list[tuple[int, int]]) -> Score:
    count = len(pairs)
    return Score(
        hours=count,
        mean_w=round(sum(real for real, _ in pairs) / count),
        mae_w=round(sum(abs(said - real) for real, said in pairs) / count),
        bias_w=round(sum(said - real for real, said in pairs) / count),
    )


def _site(text: str) -> Site:
    try:
        lat_deg, lon_deg = (float(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no site: write 48.1,11.6") from None
    if not (abs(lat_deg) <= _POLE_DEG and abs(lon_deg) <= _DATE_LINE_DEG):
        raise ArgumentTypeError(f"{text!r} is not on Earth: write latitude,longitude")
    return Site(lat_deg=lat_deg, lon_deg=lon_deg)


def _run(args: Namespace) -> int:
    found = scores(read_csv(args.file, args.site), args.site)
    if args.json:
        print_json(
            {
                name: {
                    "hours": score.hours,
                    "mean_w": score.mean_w,
                    "mae_w": score.mae_w,
                    "bias_w": score.bias_w,
                }
                for name, score in found.items()
            },
            pretty=False,
        )
        return 0
    print(f"{'next hour':20} {'hours':>6} {'mean W':>7} {'MAE W':>6} {'bias W':>7}")
    for name, score in found.items():
        words = name.replace("_", " ")
        print(f"{words:20} {score.hours:6} {score.mean_w:7} {score.mae_w:6} {score.bias_w:+7}")
    return 0
