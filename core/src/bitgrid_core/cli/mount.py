"""Mounts core's verbs on a command."""

from __future__ import annotations

from bitgrid_core.cli import decide, explain, forecast, journal, kpi, policy, replay
from bitgrid_core.cli.days import OPENERS
from bitgrid_core.cli.services import Services, Subparsers


def add_verbs(subparsers: Subparsers, services: Services) -> None:
    """Add core's verbs; each sets ``run`` in its arguments."""
    OPENERS.update(services.openers)
    decide.add(subparsers)
    replay.add(subparsers, services)
    explain.add(subparsers)
    kpi.add(subparsers)
    journal.add(subparsers, services)
    policy.add(subparsers, services)
    forecast.add(subparsers)
