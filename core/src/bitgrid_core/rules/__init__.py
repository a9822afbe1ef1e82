"""The five rules. Each is one function: situation in, one vote out, first matching row wins.

All five are always evaluated; R1 is the one of the policy's strategy. Only R5 also looks at another vote — R1's —, because it speaks
only when it holds something back.
"""

from typing import assert_never

from bitgrid_core.model import Vote
from bitgrid_core.policy import Strategy
from bitgrid_core.rules import (
    r1_soc_band,
    r1_surplus,
    r2_autarky,
    r3_safety,
    r4_forecast,
    r5_stability,
)
from bitgrid_core.rules.situation import Situation, situation

__all__ = ["Situation", "all_votes", "situation"]


def all_votes(now: Situation) -> tuple[Vote, Vote, Vote, Vote, Vote]:
    """The votes of R3, R2, R4, R5, R1 — in order of precedence."""
    wanted = _wanted(now)
    return (
        r3_safety.vote(now),
        r2_autarky.vote(now),
        r4_forecast.vote(now),
        r5_stability.vote(now, wanted),
        wanted,
    )


def _wanted(now: Situation) -> Vote:
    """R1's vote."""
    match now.policy.strategy:
        case Strategy.SURPLUS:
            return r1_surplus.vote(now)
        case Strategy.SOC_BAND:
            return r1_soc_band.vote(now)
        case _:
            assert_never(now.policy.strategy)
