"""Prints the synthetic household as a recorded one: in a process of its own, run by the demo.

Its numerical libraries take more memory than the whole appliance; here they come and go.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence

from bitgrid_appliance.synthetic import SyntheticHome, synthetic_series
from bitgrid_core.block import at_text
from bitgrid_core.errors import BitgridError


def main(arguments: Sequence[str] | None = None) -> int:
    """Write ``utc, load_w, pv_w, pv_forecast_w`` to standard output."""
    parser = argparse.ArgumentParser(prog="bitgrid-synthetic")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args(arguments)
    try:
        series = synthetic_series(SyntheticHome(seed=options.seed))
    except BitgridError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(("utc", "load_w", "pv_w", "pv_forecast_w"))
    columns = zip(series.load_w, series.pv_w, series.pv_forecast_w, strict=True)
    for row, values in enumerate(columns):
        at = at_text(series.start_ms + row * series.step_s * 1000)
        lines.writerow((at, *("" if value is None else value for value in values)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
