"""The soak campaign of the whole edge; ``make soak``. One seed: ``--seed 4711 --days 1``.

Run again after an interruption, it goes on with the seeds that are left. The sum is written to
``edge.json`` beside this file, which the tests read; a single seed writes nothing.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.edge import campaign
from support.edge.life import live


def main() -> int:
    """0 if nobody complained."""
    options = _options()
    if options.seed is not None:
        report = live(options.seed, options.days)
        print(report.text() if report.complaints else f"seed {options.seed}: nobody complains")
        print(json.dumps({"counts": report.counts, "faults": report.faults}, indent=1))
        return 1 if report.complaints else 0
    seeds = range(1, options.house_days // options.days + 1)
    result = campaign.run(seeds, options.days, campaign.STATE, _tell)
    complete = options.house_days >= campaign.HOUSE_DAYS
    if complete:
        campaign.RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: result[name] for name in ("house_days", "seeds", "violations")}))
    return 1 if sum(result["violations"].values()) else 0


def _tell(line: str) -> None:
    if "\n" in line or line.split(" ", 1)[0].endswith("00"):
        print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="live this one life and say what happened")
    parser.add_argument("--days", type=int, default=campaign.DAYS, help="days of a life")
    parser.add_argument("--house-days", type=int, default=campaign.HOUSE_DAYS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
