"""A grid of twenty policies over a home-year, on all cores."""

import os
from functools import partial
from time import perf_counter, process_time

from bench.year import home_year
from bitgrid_appliance.supervisor import on_all_cores
from bitgrid_core.household.lab import bench_of, play, varied

DOCUMENT: dict[str, object] = {"loads": [{"id": "load-1"}]}
WISHES = (
    "min_predicted_pv_kw=0.5,0.8,1.0,1.3,2.0",
    "surplus_lost_blocks=1,2",
    "surplus_min_kw=1.45,1.5",
)


def grid_of_policies() -> dict[str, object]:
    """Twenty policies over a year, and one alone, beside how busy the machine was."""
    bench = bench_of(home_year(), pv_scale_permille=2000)
    trials = varied(DOCUMENT, WISHES)
    began = perf_counter()
    outcomes = list(on_all_cores(partial(play, bench), trials))
    grid_s = perf_counter() - began
    began, worked = perf_counter(), process_time()
    play(bench, trials[0])
    return {
        "policies": len(outcomes),
        "blocks": bench.blocks,
        "grid_s": round(grid_s, 1),
        "one_s": round(perf_counter() - began, 1),
        "one_cpu_s": round(process_time() - worked, 1),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "aim": "<= 60 s for 20 policies on two cores",
    }
