"""Core's verbs for the ``bitgrid`` command: decide, replay, explain, journal and more.

Each module has ``add(subparsers, services)``; the appliance's command mounts them. What core
must not know — cryptography, YAML — arrives as functions in ``Services``.
"""

from bitgrid_core.cli.mount import add_verbs
from bitgrid_core.cli.services import Services

__all__ = ["Services", "add_verbs"]
