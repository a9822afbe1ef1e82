"""Where things lie and which ports are used. The only place that reads the environment.

Knows no process, no broker and no device. A command line wins over the environment, the
environment over the defaults.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bitgrid_core.errors import BadInput
from bitgrid_core.sun import Site
from bitgrid_core.units import Caution, decimal, to_inside

PREFIX: Final = "BITGRID_"
LOOPBACK: Final = "127.0.0.1"
WEB_PORT: Final = 8080
BROKER_PORT: Final = 1883
JOURNAL_DAYS: Final = 400
"""A year and a month: the laboratory can still be asked about last year."""
SYSTEM_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/sbin")
"""Where daemons lie that a user's PATH often leaves out."""

_SITE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MAX_PORT: Final = 65_535
_MAX_DIGITS: Final = 6
_MAX_PEAK_W: Final = 1_000_000
_POLE_DEG: Final = 90
_DATE_LINE_DEG: Final = 180


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one data directory."""

    data: Path

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.data / "journal" / "journal.sqlite"

    @property
    def anchors(self) -> Path:
        """Signed heads, beside the journal."""
        return self.data / "journal" / "anchors.jsonl"

    @property
    def days(self) -> Path:
        """Closed days of the journal, one compressed file each."""
        return self.data / "days"

    @property
    def core_key(self) -> Path:
        """Core's private Ed25519 key."""
        return self.data / "keys" / "core.key"

    @property
    def core_pub(self) -> Path:
        """Core's public key, hex."""
        return self.data / "keys" / "core.pub"

    @property
    def outbox(self) -> Path:
        """What core hands over to the agent."""
        return self.data / "outbox"

    @property
    def consent(self) -> Path:
        """The signed consent."""
        return self.data / "consent.json"

    @property
    def policy(self) -> Path:
        """The owner's policy."""
        return self.data / "policy.yaml"

    @property
    def mirror(self) -> Path:
        """The agent's own folder."""
        return self.data / "mirror"

    @property
    def archive(self) -> Path:
        """The demo's store."""
        return self.data / "archive"

    @property
    def household(self) -> Path:
        """Where the demo's household goes on after a restart."""
        return self.data / "household.json"

    @property
    def run(self) -> Path:
        """Locks, readiness and the broker's configuration; nothing that must last."""
        return self.data / "run"

    @property
    def unrecorded(self) -> Path:
        """Trace of what acted before its record was there; not on the journal's disk if possible."""
        return self.run / "unrecorded.json"

    @property
    def log(self) -> Path:
        """One log per process."""
        return self.data / "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a process of the appliance is told from outside.

    Attributes:
        site: opaque id in topics.
        time_zone: of the site, for its local day.
        broker_port: on loopback; 0 chooses a free one.
        web_port: of API and page, on loopback.
        mosquitto: program to use; empty searches, ``none`` takes the embedded broker.
        journal_days: closed days that the journal keeps; 0 keeps all of them.
        place: of the roof, to a whole degree, for a forecast of one's own; ``None``: none is made.
        peak_w: of the roof, the most that is forecast.
    """

    site: str = "site"
    time_zone: str = "UTC"
    broker_port: int = 0
    web_port: int = WEB_PORT
    mosquitto: str = ""
    journal_days: int = JOURNAL_DAYS
    place: Site | None = None
    peak_w: int | None = None


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``BITGRID_SITE``, ``BITGRID_TIME_ZONE``, ``BITGRID_BROKER_PORT``, ….

    Raises:
        BadInput: a value that cannot be.
    """
    given = os.environ if environment is None else environment
    site = given.get(f"{PREFIX}SITE", "site")
    if not _SITE.fullmatch(site):
        raise BadInput(f"Site id {site!r} is no topic name.", "Use a-z, 0-9 and -, at most 32.")
    zone = given.get(f"{PREFIX}TIME_ZONE", "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise BadInput(
            f"Time zone {zone!r} is unknown.", "Use one such as Europe/Berlin."
        ) from None
    return Settings(
        site=site,
        time_zone=zone,
        broker_port=_port(given, "BROKER_PORT", 0),
        web_port=_port(given, "WEB_PORT", WEB_PORT),
        mosquitto=given.get(f"{PREFIX}MOSQUITTO", ""),
        journal_days=_days(given),
        place=_place(given),
        peak_w=_peak_w(given),
    )


def _days(given: Mapping[str, str]) -> int:
    text = given.get(f"{PREFIX}JOURNAL_DAYS", str(JOURNAL_DAYS))
    if not text.isdecimal() or len(text) > _MAX_DIGITS:
        raise BadInput(f"{PREFIX}JOURNAL_DAYS is {text!r}.", "Give days, or 0 to keep all.")
    return int(text)


def whole_degrees(text: str) -> Site:
    """A place as latitude,longitude, at once cut to whole degrees: that names a region, no house.

    Raises:
        BadInput: no such place.
    """
    try:
        lat_deg, lon_deg = (round(decimal(part)) for part in text.split(","))
    except (BadInput, ValueError):
        raise BadInput(f"{text!r} is no place.", "Write latitude,longitude: 48,12.") from None
    if abs(lat_deg) > _POLE_DEG or abs(lon_deg) > _DATE_LINE_DEG:
        raise BadInput(f"{text!r} is not on Earth.", "Write latitude,longitude: 48,12.")
    return Site(lat_deg=lat_deg, lon_deg=lon_deg)


def place_text(place: Site) -> str:
    """The place as ``whole_degrees`` reads it."""
    return f"{place.lat_deg:.0f},{place.lon_deg:.0f}"


def _place(given: Mapping[str, str]) -> Site | None:
    text = given.get(f"{PREFIX}PLACE", "")
    return whole_degrees(text) if text else None


def _peak_w(given: Mapping[str, str]) -> int | None:
    text = given.get(f"{PREFIX}PEAK_KW", "")
    if not text:
        return None
    peak_w = to_inside(text, "kW", "w", Caution.DOWN)
    if not 0 < peak_w <= _MAX_PEAK_W:
        raise BadInput(f"{PREFIX}PEAK_KW is {text!r}.", "Give the roof's peak power in kW.")
    return peak_w


def search_path() -> str:
    """Where programs are looked for: the user's PATH, then the system's folders."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(PREFIX + name, str(default))
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise BadInput(f"{PREFIX}{name} is {text!r}.", f"Give a port from 0 to {_MAX_PORT}.")
    return int(text)
