"""Which broker runs, and how: mosquitto where it is installed, else the embedded one.

Both serve the same topics on loopback. Writes the configuration, starts nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from bitgrid_appliance.settings import LOOPBACK, Settings, search_path
from bitgrid_core.errors import MissingDependency, StorageError

EMBEDDED: Final = "none"
_TEMPLATE: Final = "bitgrid.conf"
_STAY_ROOT: Final = """\
# Started by root, who alone may change users: a change would undo the parent-death signal, by
# which this broker ends when its supervisor is killed.
user root
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """What to start.

    Attributes:
        name: ``mosquitto`` or ``embedded broker``.
        argv: the command.
        port: on loopback.
    """

    name: str
    argv: tuple[str, ...]
    port: int


def plan_broker(settings: Settings, run_dir: Path) -> BrokerPlan:
    """Choose the broker and write its configuration into ``run_dir``.

    Raises:
        MissingDependency: the named mosquitto is not there, or the port is busy.
        StorageError: the configuration cannot be written.
    """
    port = settings.broker_port or free_port()
    require_free(port, "Set BITGRID_BROKER_PORT to another, or 0 for a free one.")
    program = _mosquitto(settings.mosquitto)
    if program is None:
        module = "bitgrid_appliance.broker_embedded"
        argv = (sys.executable, "-m", module, "--port", str(port), "--stdin-guard")
        return BrokerPlan(name="embedded broker", argv=argv, port=port)
    path = run_dir / "mosquitto.conf"
    try:
        path.write_text(_configuration(port), encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", "Choose a folder that can be written."
        ) from error
    return BrokerPlan(name="mosquitto", argv=(program, "-c", str(path)), port=port)


def free_port() -> int:
    """A port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(port: int, hint: str) -> None:
    """Check that a port can be bound.

    Raises:
        MissingDependency: it is busy.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise MissingDependency(
                f"Port {port} on {LOOPBACK} cannot be used: {error.strerror}.", hint
            ) from error


def _mosquitto(wanted: str) -> str | None:
    if wanted == EMBEDDED:
        return None
    found = shutil.which(wanted or "mosquitto", path=search_path())
    if found is None and wanted:
        raise MissingDependency(
            f"There is no program {wanted}.", "Install mosquitto, or set BITGRID_MOSQUITTO=none."
        )
    return found


def _configuration(port: int) -> str:
    folder = resources.files("bitgrid_appliance") / "mosquitto"
    text = (folder / _TEMPLATE).read_text(encoding="utf-8").replace("${PORT}", str(port))
    return text + (_STAY_ROOT if os.geteuid() == 0 else "")
