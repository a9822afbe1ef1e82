"""Whether an archive has been silent for too long.

The leaves that speak about time (heartbeat, consent, …) are the only clock. Age is judged only
when asked for (``--max-age`` or ``--now``): an archive of a demo lives in virtual time, and a
finished study does not go stale. Must not read a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bitgrid_research.outcome import Outcome, WrongUse
from bitgrid_research.verify.findings import Findings
from bitgrid_research.verify.leaves import Account

GRACE = 1.25
"""Of the consent's heartbeat: pushes are jittered and take their time."""

_AGE = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLimit:
    """What counts as now, and how old the newest word may be; ``None``: by the heartbeat."""

    now: datetime
    most: timedelta | None


def parse_age(text: str) -> timedelta:
    """A duration such as ``90m`` or ``2d``.

    Raises:
        WrongUse: another form.
    """
    found = _AGE.fullmatch(text)
    if found is None:
        raise WrongUse(f"{text!r} is not an age.", "Write a number and s, m, h or d, as in 2d.")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


def parse_instant(text: str) -> datetime:
    """An instant with its zone, such as ``2024-06-01T10:10:00Z``.

    Raises:
        WrongUse: no instant, or one without a zone.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise WrongUse(
            f"{text!r} is not an instant with a zone.", "Write it like 2024-06-01T10:10:00Z."
        )
    return instant


def judge_age(account: Account, limit: AgeLimit, found: Findings) -> None:
    """Name an archive whose newest word is too old."""
    most = limit.most
    if most is None:
        if account.heartbeat_s is None:
            found.add(Outcome.STALE, "", "No consent promises a heartbeat; give --max-age.")
            return
        most = timedelta(seconds=account.heartbeat_s) * GRACE
    if account.newest_at is None:
        found.add(Outcome.STALE, "", "No leaf tells a time, so nothing shows that it is alive.")
        return
    age = limit.now - datetime.fromisoformat(account.newest_at)
    if age > most:
        found.add(
            Outcome.STALE,
            "",
            f"The newest word is of {account.newest_at}, {_rounded(age)} ago; "
            f"at most {_rounded(most)} were expected.",
        )


def _rounded(span: timedelta) -> str:
    return str(timedelta(seconds=int(span.total_seconds())))
