"""What a demo lays out in its data directory before anything runs: home, keys, consent.

Everything is made once and found again after a restart; a directory of another demo is refused
before anything in it is touched. The recovery identity is a throw-away: a real owner keeps it
off the appliance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from bitgrid_appliance.bootstrap import consent_in_force, grant
from bitgrid_appliance.consent import Consent, Recipient
from bitgrid_appliance.demo_home import DAY_MS, Home
from bitgrid_appliance.durable import replace_file
from bitgrid_appliance.settings import Layout
from bitgrid_appliance.supervisor import run_program
from bitgrid_core.archive import bech32
from bitgrid_core.block import at_text
from bitgrid_core.codec import Json, encode, loads
from bitgrid_core.errors import BadInput, StorageError

FORMAT: Final = 1
_PUBLIC: Final = re.compile(r"^# public key: (age1[a-z0-9]+)$", re.MULTILINE)
_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The demo's own files in a data directory."""

    layout: Layout

    @property
    def identity(self) -> Path:
        """The owner's throw-away recovery identity."""
        return self.layout.data / "keys" / "recovery.txt"

    @property
    def researcher(self) -> Path:
        """The identity that plays the researcher."""
        return self.layout.data / "keys" / "researcher.txt"

    @property
    def home(self) -> Path:
        """The synthetic household, as a recorded one."""
        return self.layout.data / "household.csv"

    @property
    def workspace(self) -> Path:
        """What the researcher's side fetched."""
        return self.layout.data / "research"

    @property
    def marker(self) -> Path:
        """Which demo this directory holds."""
        return self.layout.data / "demo.json"


def require_same_demo(layout: Layout, marker: dict[str, Json]) -> None:
    """Refuse a directory that holds something else; touches nothing.

    Raises:
        BadInput: it is of another demo, or of no demo at all; or its consent is broken.
        Refused: its consent is not signed by its core.
    """
    path = DemoFiles(layout).marker
    try:
        found = loads(path.read_bytes())
    except FileNotFoundError:
        found = None
        if layout.journal.exists() or layout.household.exists():
            raise BadInput(
                f"{layout.data} holds an appliance that is no demo.", "Give another --data."
            ) from None
    except OSError as error:
        raise StorageError(
            f"The data directory {layout.data} cannot be used: {error.strerror}.",
            "Choose a folder that can be written with --data.",
        ) from error
    if found is not None and found != marker:
        known = found if isinstance(found, dict) else {}
        differs = sorted(key for key in marker if known.get(key) != marker[key])
        raise BadInput(
            f"{layout.data} holds another demo: {', '.join(differs) or 'its format'} differs.",
            "Give another --data, or remove the directory.",
        )
    if layout.consent.exists() and layout.core_key.exists():
        consent_in_force(layout)


def marker_of(home: Home, policy_digest: str, recipient: str, seed: int) -> dict[str, Json]:
    """What must be the same for a demo to go on; ``seed`` is that of the household."""
    return {
        "v": FORMAT,
        "household": home.house.origin,
        "seed": seed,
        "start": at_text(home.start_ms),
        "policy": policy_digest,
        "recipient": recipient,
    }


def check_recipient(text: str) -> str:
    """A recipient as typed.

    Raises:
        BadInput: it is none.
    """
    remedy = "Give a public key age1… of X25519."
    try:
        prefix, key = bech32.decode(text)
    except BadInput as error:
        raise BadInput(
            "--recipient is no public age key.", remedy
        ) from error  # nor repeat a secret
    if prefix != bech32.RECIPIENT or len(key) != _KEY_SIZE:
        raise BadInput("--recipient is no public X25519 key.", remedy)
    return text


async def prepare(layout: Layout, home: Home, marker: dict[str, Json]) -> None:
    """Lay out keys and consent, and mark the directory as this demo's.

    Raises:
        BitgridError: a program is missing or the disk does not take it.
    """
    files = DemoFiles(layout)
    replace_file(files.marker, encode(marker))
    owner = await _identity(files.identity, layout.log)
    given = str(marker["recipient"])
    researcher = given or await _identity(files.researcher, layout.log)
    if consent_in_force(layout) is None:
        grant(layout, _consent(layout, home, (owner, researcher)), home.start_ms)


def _consent(layout: Layout, home: Home, recipients: tuple[str, str]) -> Consent:
    owner, researcher = recipients
    archive: dict[str, Json] = {"kind": "directory", "path": str(layout.archive.resolve())}
    return Consent(
        id="consent-1",
        purpose="demo: show that what was decided can be proven and re-run",
        target=archive,
        recipients=(
            Recipient(name="recovery key", recipient=owner, role="owner"),
            Recipient(name="researcher", recipient=researcher, role="researcher"),
        ),
        profile="research",
        valid_from_ms=home.start_ms,
        valid_until_ms=home.house.series.end_ms + DAY_MS,
        granted_at_ms=home.start_ms,
    )


async def _identity(path: Path, log_dir: Path) -> str:
    """The public side of an identity, which is made if it is not there."""
    known = _recipient_in(path)
    if known is not None:
        return known
    words = ("keygen", "--output", str(path), "--json")
    made = await run_program("bitgrid-mirror", words, log_dir)
    if made.code:
        raise StorageError(f"{path} could not be made: {made.output}.", f"See {log_dir}.")
    return cast("str", made.document()["recipient"])


def _recipient_in(path: Path) -> str | None:
    try:
        found = _PUBLIC.search(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if found is None:
        raise BadInput(f"{path} holds no identity.", "Remove the directory and start again.")
    return found.group(1)
