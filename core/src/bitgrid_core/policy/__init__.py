"""Thresholds and switches in force: validated as a whole, versioned, with a digest.

``parse`` reads people's units and refuses what it does not know; ``document`` writes the
canonical integers whose digest stands in every decision. Policies hold no names of people,
places or devices.
"""

from bitgrid_core.policy.document import from_document, policy_digest, to_document, warnings
from bitgrid_core.policy.model import Level, LoadProfile, Policy, Strategy, Thresholds
from bitgrid_core.policy.parsing import default_policy, parse_load, parse_policy

__all__ = [
    "Level",
    "LoadProfile",
    "Policy",
    "Strategy",
    "Thresholds",
    "default_policy",
    "from_document",
    "parse_load",
    "parse_policy",
    "policy_digest",
    "to_document",
    "warnings",
]
