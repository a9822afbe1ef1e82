"""Commands as leases: a load runs only as long as the core keeps saying so.

A command carries the boot and a number within it; an adapter drops what is not newer than the
last. Invariant: no two commands of one journal carry the same ``boot, seq``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Final

from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.topics import Kind
from bitgrid_core.errors import BadInput
from bitgrid_core.model import OFF, Action

LEASE_S: Final = 60
RENEW_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a decision means for its load.

    Attributes:
        load: id.
        decision: id of the decision.
        level: where the load shall be.
        power_w: of that level.
    """

    load: str
    decision: str
    level: str
    power_w: int


class Leases:
    """Numbers the commands of one boot."""

    def __init__(self, boot: int, lease_s: int = LEASE_S) -> None:
        """Leases of at most ``LEASE_S`` seconds.

        Raises:
            BadInput: a longer one, or none.
        """
        if not 1 <= lease_s <= LEASE_S:
            raise BadInput(f"A lease of {lease_s} s.", f"Give 1 to {LEASE_S} s.")
        self._boot = boot
        self._lease_s = lease_s
        self._numbers = count(1)  # also counts for two threads at once

    def command(self, order: Order, step_s: int) -> Outgoing:
        """The order as a lease that lasts until it is renewed by the next tick but a few.

        The contract's 60 s hold wherever ticks come at least that often; a virtual clock that
        takes longer steps needs leases as long as its steps.
        """
        seq = next(self._numbers)
        return Outgoing(
            kind=Kind.COMMAND,
            names=(order.load,),
            payload={
                "command_id": f"{order.decision}/{self._boot}/{seq}",
                "boot": self._boot,
                "seq": seq,
                "action": Action.STOP if order.level == OFF else Action.START,
                "level": order.level,
                "power_w": order.power_w,
                "lease_s": max(self._lease_s, step_s),
            },
        )
