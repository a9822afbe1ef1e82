"""What the core hears between two ticks: measurements of the running window, and loads' own doings.

Mutable, without clock, journal or bus. Invariants: a sample counts once; a window that was closed
for a block is the same until that block is decided, however often it is tried.
"""

from __future__ import annotations

from collections.abc import Mapping

from bitgrid_appliance.forecasting import Forecasting
from bitgrid_appliance.remembering import collector_after, collector_from
from bitgrid_core.block import block_start_ms, parse_at
from bitgrid_core.context import BlockAggregates, Forecast, Measurement, parse_measurement
from bitgrid_core.policy import Policy
from bitgrid_core.signals import HEARTBEAT

LEASE_EXPIRED = "LEASE_EXPIRED"
_OVERTAKEN_MS = 30_000
"""A clock is set back by more than this, or nobody takes notice of it."""


class Hearing:
    """The ears of one core.

    Attributes:
        fresh: samples of the running window, or later.
        told: loads that said how they are since the core runs.
    """

    def __init__(
        self, policy: Policy, window: BlockAggregates | None, forecasting: Forecasting
    ) -> None:
        """Go on after the newest closed window."""
        self._policy = policy
        self._forecasting = forecasting
        self._collector = collector_after(policy, window, forecasting.received)
        self._beats = _beats(window)
        self._newest_at: dict[tuple[str, str], int] = {}
        self._lease_ends: dict[str, int] = {}
        self._lease_seen: dict[str, int] = {}
        self._closed: BlockAggregates | None = None
        self._set_back_to_ms: int | None = None
        self.fresh = 0
        self.told: set[str] = set()

    def take(
        self, names: tuple[str, ...], payload: Mapping[str, object], since_ms: int
    ) -> Measurement | None:
        """Collect one measurement; one that is known already counts for nothing.

        Args:
            names: device and signal.
            payload: the message.
            since_ms: where the running window begins.

        Returns:
            The measurement, if it is news of the running block, or was overtaken just now: no
            mean counts it, but what it says may have to be stopped.

        Raises:
            BadInput: it is none.
        """
        device, signal = names
        sample = parse_measurement(device, signal, payload)
        key = (device, signal)
        newest_ms = self._newest_at.get(key, -1)
        if sample.at_ms <= newest_ms:
            return self._told_late(sample, newest_ms, since_ms)
        if self._collector.add(sample, sample.at_ms):
            self._newest_at[key] = sample.at_ms
            if isinstance(sample, Forecast):
                self._forecasting.heard(sample, payload)
        if sample.at_ms >= self._since_ms(since_ms):  # older ones are of a window that was closed
            self.fresh += 1
            return sample if isinstance(sample, Measurement) else None
        return None

    def _told_late(
        self, sample: Measurement | Forecast, newest_ms: int, since_ms: int
    ) -> Measurement | None:
        """What was overtaken, or stamped by a clock that was set back too little to be noticed."""
        just_now = newest_ms - _OVERTAKEN_MS <= sample.at_ms < newest_ms
        told = just_now and sample.at_ms >= self._since_ms(since_ms)
        return sample if told and isinstance(sample, Measurement) else None

    def take_status(self, load: str, payload: Mapping[str, object], since_ms: int) -> None:
        """Notice that a load switched itself off for want of a lease.

        Raises:
            BadInput: no instant.
        """
        self.told.add(load)
        if payload.get("reason") != LEASE_EXPIRED:
            return
        at_ms = parse_at(str(payload.get("since")))
        if at_ms >= self._since_ms(since_ms) and at_ms != self._lease_seen.get(load):
            self._lease_ends[load] = at_ms

    def lease_ends(self) -> list[tuple[str, int]]:
        """Loads that switched themselves off, and when; until they are ``noted``."""
        return sorted(self._lease_ends.items())

    def noted(self, ends: list[tuple[str, int]]) -> None:
        """Those are recorded."""
        for load, at_ms in ends:
            self._lease_seen[load] = at_ms
            if self._lease_ends.get(load) == at_ms:
                del self._lease_ends[load]

    def beats(self) -> dict[str, int]:
        """When each load was heard last."""
        return self._beats | {
            device: at_ms
            for (device, signal), at_ms in self._newest_at.items()
            if signal == HEARTBEAT.name
        }

    def window(self, block_id: int, local_day: int) -> BlockAggregates:
        """The window that ends where a block begins."""
        if self._closed is None or self._closed.block_id != block_id:
            closed = self._collector.close(block_id, local_day)
            self._closed = self._forecasting.completed(closed)
            self._set_back_to_ms = None
            self.fresh = 0
        return self._closed

    def clock_set(self, now_ms: int, drift_ms: int) -> None:
        """Another time is in force, so earlier stamps no longer say what is new.

        A sign of life is as old as before. After a step back the window begins anew: what was
        stamped later than now would hide what comes.
        """
        beats = self.beats().items()
        self._beats = {load: min(at_ms + drift_ms, now_ms) for load, at_ms in beats}
        self._newest_at = {}
        if drift_ms < 0:
            self._closed = None
            self._set_back_to_ms = now_ms
            self._collector = collector_from(self._policy, now_ms, self._forecasting.received)

    def _since_ms(self, since_ms: int) -> int:
        """Where news begin: after a step back already before the block that was decided last."""
        return since_ms if self._set_back_to_ms is None else min(since_ms, self._set_back_to_ms)


def _beats(window: BlockAggregates | None) -> dict[str, int]:
    """When each load was heard last, as the newest window knows it."""
    if window is None:
        return {}
    boundary_ms = block_start_ms(window.block_id)
    ages = {load: signals.get(HEARTBEAT.name) for load, signals in window.loads.items()}
    return {
        load: boundary_ms - beat.age_ms
        for load, beat in ages.items()
        if beat is not None and beat.age_ms is not None
    }
