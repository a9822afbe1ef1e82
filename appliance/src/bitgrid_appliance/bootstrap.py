"""Puts concrete parts together: the only module that names them.

Here stands which journal, outbox and key a core has, and which commands make up a running
appliance. Decides nothing itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bitgrid_appliance.anchoring import AnchorFile, local_day
from bitgrid_appliance.broker import BrokerPlan
from bitgrid_appliance.closed_days import ClosedDays
from bitgrid_appliance.consent import Consent, granted, read_consent, sign_consent, write_consent
from bitgrid_appliance.forecasting import Roof
from bitgrid_appliance.health import accepts, ready_word
from bitgrid_appliance.intact import require_intact
from bitgrid_appliance.keys import core_key
from bitgrid_appliance.leases import LEASE_S
from bitgrid_appliance.locks import locked
from bitgrid_appliance.runtime import Ports, Runtime
from bitgrid_appliance.settings import JOURNAL_DAYS, Layout, Settings, place_text
from bitgrid_appliance.supervisor import ChildSpec, program_path
from bitgrid_appliance.unrecorded import TraceFile
from bitgrid_core.errors import StorageError
from bitgrid_core.journal.anchors import read_anchors
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.outbox import Outbox
from bitgrid_core.policy import Policy

_PREDECESSOR_S: Final = 5.0
"""How long a predecessor whose supervisor was killed may take to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreWishes:
    """What a core is told beside its policy.

    Attributes:
        time_zone: of the site, for its local day.
        roof: what the own forecast is told; ``None``: none is made.
        lease_s: of a command.
        journal_days: closed days that the journal keeps; 0 keeps all of them.
    """

    time_zone: str = "UTC"
    roof: Roof | None = None
    lease_s: int = LEASE_S
    journal_days: int = JOURNAL_DAYS


@contextmanager
def core_runtime(layout: Layout, policy: Policy, wishes: CoreWishes) -> Iterator[Runtime]:
    """A core's runtime on its data directory, for the body.

    Raises:
        CheckFailed: the journal is not intact.
        StorageError: the directory cannot be written.
        Refused: another core holds it.
    """
    make_folders(layout)
    with (
        locked(layout.run / "core.lock", "A core", _PREDECESSOR_S),
        closing(SqliteJournal(layout.journal)) as journal,
    ):
        key = core_key(layout.core_key, layout.core_pub)
        require_intact(journal, read_anchors(layout.anchors), key.public)
        ports = Ports(
            journal=journal,
            slices=Outbox(layout.outbox),
            anchors=AnchorFile(layout.anchors, key.sign),
            local_day=local_day(wishes.time_zone),
            days=ClosedDays(layout.days, journal, wishes.journal_days),
            trace=TraceFile(layout.unrecorded),
            roof=wishes.roof,
        )
        yield Runtime(ports, policy, wishes.lease_s)


def make_folders(layout: Layout) -> None:
    """Make the folders of a data directory; keys and private state are the owner's alone.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        layout.data.mkdir(mode=0o755, parents=True, exist_ok=True)
        for folder in (layout.run, layout.log, layout.outbox, layout.journal.parent):
            folder.mkdir(exist_ok=True)
        layout.core_key.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The data directory {layout.data} cannot be used: {error.strerror}.",
            "Choose a folder that can be written with --data.",
        ) from error


def grant(layout: Layout, consent: Consent, at_ms: int) -> None:
    """Sign a consent, record it, then put it in force; the core must not be running.

    Raises:
        StorageError: journal or file did not take it.
    """
    key = core_key(layout.core_key, layout.core_pub)
    data = sign_consent(consent, key)
    with (
        locked(layout.run / "core.lock", "A core", _PREDECESSOR_S),
        closing(SqliteJournal(layout.journal)) as journal,
    ):
        journal.append([granted(consent, data)], at_ms)
    write_consent(layout.consent, data)


def consent_in_force(layout: Layout) -> Consent | None:
    """The signed consent of a data directory, or ``None``.

    Raises:
        BadInput: the file is no consent.
        Refused: it is not signed by this core.
    """
    return read_consent(layout.consent, core_key(layout.core_key, layout.core_pub).public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is made of.

    Attributes:
        layout: the data directory.
        settings: site, time zone, ports.
        broker: which one, and where.
        policy: the owner's file, or ``None`` for the demo's.
    """

    layout: Layout
    settings: Settings
    broker: BrokerPlan
    policy: Path | None = None

    def broker_child(self) -> ChildSpec:
        """The message bus."""
        return ChildSpec(name="broker", argv=self.broker.argv, ready=accepts(self.broker.port))

    def core_child(self, clock: str) -> ChildSpec:
        """The core on the wall's or the household's clock."""
        words = ["--clock", clock, "--time-zone", self.settings.time_zone, "--stdin-guard"]
        words += ["--journal-days", str(self.settings.journal_days)]
        if self.settings.place is not None:
            words += [f"--place={place_text(self.settings.place)}"]  # a minus is no option
        if self.settings.peak_w is not None:
            words += ["--peak-w", str(self.settings.peak_w)]
        if self.policy is not None:
            words += ["--policy", str(self.policy)]
        return ChildSpec(
            name="core",
            argv=self._python("bitgrid_appliance.core_process", *words),
            ready=ready_word(self.layout.run, "core"),
            ready_within_s=60.0,
        )

    def household_child(self, words: tuple[str, ...]) -> ChildSpec:
        """The demo's household; it ends when its days are over."""
        own = ("--data", str(self.layout.data), "--site", self.settings.site)
        port = ("--broker-port", str(self.broker.port), "--stdin-guard")
        return ChildSpec(
            name="household",
            argv=(program_path("bitgrid-adapter"), "household", *own, *port, *words),
            ready=ready_word(self.layout.run, "household"),
            ready_within_s=60.0,
            ends=True,
        )

    def web_child(self) -> ChildSpec:
        """API and page."""
        words = ("--port", str(self.settings.web_port), "--until-stdin-closes")
        argv = self._python("bitgrid_appliance.api.process", *words)
        return ChildSpec(name="web", argv=argv, ready=accepts(self.settings.web_port))

    def mirror_child(self, words: tuple[str, ...] = ()) -> ChildSpec:
        """The one-way agent."""
        program = program_path("bitgrid-mirror")
        argv = (program, "run", "--data", str(self.layout.data), "--stdin-guard", *words)
        return ChildSpec(name="mirror", argv=argv)

    def _python(self, module: str, *words: str) -> tuple[str, ...]:
        own = ("--data", str(self.layout.data), "--site", self.settings.site)
        port = ("--broker-port", str(self.broker.port))
        return (sys.executable, "-m", module, *own, *port, *words)
