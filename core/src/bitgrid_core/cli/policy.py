"""``bitgrid policy check``: validate a policy file and warn of what is hardly meant."""

from __future__ import annotations

from argparse import Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Final

from bitgrid_core.cli.services import Run, Services, Subparsers, print_json
from bitgrid_core.policy import parse_policy, policy_digest, to_document, warnings
from bitgrid_core.units import to_inside_exact

_EXAMPLE: Final = """\
example:
  bitgrid policy check policy.yaml --peak-kw 8.5 --price-ct-kwh 28
"""


def add(subparsers: Subparsers, services: Services) -> None:
    """Mount the verb."""
    parser = subparsers.add_parser("policy", help="check a policy file")
    verbs = parser.add_subparsers(dest="policy_verb", required=True, metavar="VERB")
    check = verbs.add_parser(
        "check",
        help="validate; names every fault",
        description="Validates a policy as a whole; nothing is applied.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--peak-kw", help="the site's PV peak power")
    check.add_argument("--price-ct-kwh", help="the price, if the tariff is fixed")
    check.add_argument("--json", action="store_true", help="one JSON object")
    check.set_defaults(run=_runner(services))


def _runner(services: Services) -> Run:
    def run(args: Namespace) -> int:
        policy = parse_policy(services.load_document(args.file))
        peak_w = None if args.peak_kw is None else to_inside_exact(args.peak_kw, "kW", "w")
        price = None
        if args.price_ct_kwh is not None:
            price = to_inside_exact(args.price_ct_kwh, "ct/kWh", "ct_per_mwh")
        found = warnings(policy, peak_w=peak_w, price=price)
        digest = policy_digest(policy)
        if args.json:
            document = {"digest": digest, "warnings": found, "policy": to_document(policy)}
            print_json(document, pretty=False)
        else:
            print(f"Valid, {len(policy.loads)} loads, digest {digest}.")
            print("".join(f"Warning: {sentence}\n" for sentence in found), end="")
        return 0

    return run
