"""Every reason code, once. Codes are stable: add, never rename.

The explanation has a text in both languages for each of them; a missing one fails the build.
"""

from __future__ import annotations

from typing import Final

OPINIONS: Final = (
    "OVERTEMP",
    "COMM_TIMEOUT",
    "LOCKOUT",
    "MISSING_TELEMETRY",
    "SOC_HARD_MIN",
    "SOC_RESERVE_STOP",
    "GRID_IMPORT_EXCEEDED",
    "SOC_SOFT_MIN",
    "FORECAST_PV_INSUFFICIENT",
    "FORECAST_PRICE_SPIKE",
    "MIN_RUNTIME_NOT_REACHED",
    "MIN_PAUSE_NOT_REACHED",
    "DEADBAND_ACTIVE",
    "DAILY_LIMIT",
    "INSUFFICIENT_SURPLUS",
    "SURPLUS_LOST",
    "SURPLUS_LOW",
    "PRICE_TOO_HIGH",
    "SURPLUS_THROTTLE",
    "SURPLUS_OK",
    "SOC_HOLD",
    "SOC_HOLD_PV",
    "SOC_BAND",
)
"""Why a rule votes for something."""

SILENCES: Final = ("NO_OBJECTION", "LOAD_RUNNING", "SIGNAL_MISSING")
"""Why a rule has no opinion."""

OUTCOMES: Final = (
    "MANUAL_MODE",
    "OVERRIDE",
    "OVERRIDE_ENDED",
    "LEASE_EXPIRED",
    "TIMEOUT_SAFE",
    "JOURNAL_LOST",
    "CLOCK_HOLD",
)
"""Why a decision was made beside the rules."""

ALL: Final = (*OPINIONS, *SILENCES, *OUTCOMES)
