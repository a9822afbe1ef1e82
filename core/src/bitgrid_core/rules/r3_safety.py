"""R3: safety above everybody. A STOP here is a STOP, also for a load that is off.

The built-in limits cannot be loosened by a policy: ``policy.parsing`` bounds it by them.
"""

from __future__ import annotations

from bitgrid_core.model import OFF, Action, Lockout, Rule, Vote
from bitgrid_core.rules.situation import (
    NO_OBJECTION,
    Situation,
    missing_mandatory_signals,
    silent,
    stop,
)

OVERTEMP = "OVERTEMP"
COMM_TIMEOUT = "COMM_TIMEOUT"
_CONTENT = silent(Rule.R3, NO_OBJECTION)


def vote(now: Situation) -> Vote:
    """R3's vote: first matching row of its table."""
    temp, limit = now.state.load_temp_mdegc, now.limits.max_temp_mdegc
    if temp is not None and temp > limit:
        return stop(Rule.R3, OVERTEMP, load_temp_mdegc=temp, max_temp_mdegc=limit)
    age, timeout = now.state.heartbeat_age_ms, now.limits.comm_timeout_ms
    if age is not None and age > timeout:
        return stop(Rule.R3, COMM_TIMEOUT, heartbeat_age_ms=age, comm_timeout_ms=timeout)
    lockout = now.memory.lockout
    if lockout is not None and locked_out(now):
        return _locked(now, lockout)
    missing = missing_mandatory_signals(now)
    if missing:
        return Vote(
            rule=Rule.R3,
            action=Action.STOP,
            reason="MISSING_TELEMETRY",
            level=OFF,
            signals=missing,
        )
    return _CONTENT


def lockout_cause(now: Situation) -> str | None:
    """The reason that sets or renews the lockout now, whatever reason is shown."""
    temp, age = now.state.load_temp_mdegc, now.state.heartbeat_age_ms
    if temp is not None and temp > now.limits.max_temp_mdegc:
        return OVERTEMP
    if age is not None and age > now.limits.comm_timeout_ms:
        return COMM_TIMEOUT
    return None


def locked_out(now: Situation) -> bool:
    """Whether the lockout still holds: its block has not passed, or the load is still hot."""
    lockout = now.memory.lockout
    if lockout is None:
        return False
    if now.state.block_id <= lockout.until_block:
        return True
    if lockout.cause != OVERTEMP:
        return False
    temp = now.state.load_temp_mdegc
    return temp is None or temp >= now.limits.resume_temp_mdegc


def _locked(now: Situation, lockout: Lockout) -> Vote:
    compared = {"block_id": now.state.block_id, "lockout_until_block": lockout.until_block}
    if lockout.cause == OVERTEMP:
        compared["resume_temp_mdegc"] = now.limits.resume_temp_mdegc
        if now.state.load_temp_mdegc is not None:
            compared["load_temp_mdegc"] = now.state.load_temp_mdegc
    return stop(Rule.R3, "LOCKOUT", **compared)
