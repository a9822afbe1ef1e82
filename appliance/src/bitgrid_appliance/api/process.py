"""``bitgrid-web``: the API and the page as a process of its own.

It listens to the broker, reads the journal and serves HTTP on the loopback; it ends cleanly
on SIGTERM or SIGINT and, where a supervisor holds its stdin, when that is closed. It writes
nothing but its own health. Whether the broker is there does not decide whether it answers.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from bitgrid_appliance.api.app import create_app
from bitgrid_appliance.api.events import EventHub
from bitgrid_appliance.api.journal_history import JournalHistory
from bitgrid_appliance.api.listen import Ear, listen, web_link
from bitgrid_appliance.api.picture import Picture
from bitgrid_appliance.api.pump import Pump
from bitgrid_appliance.api.texts import CoreWords
from bitgrid_appliance.api.views import Clocks, Views
from bitgrid_appliance.ending import ending
from bitgrid_appliance.mqtt import Link
from bitgrid_appliance.settings import BROKER_PORT, LOOPBACK, Layout, from_environment
from bitgrid_core.errors import BitgridError, MissingDependency

GRACE_S: Final = 2
START_POLL_S: Final = 0.02
LOG: Final = logging.getLogger("bitgrid-web")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the process is told.

    Attributes:
        data_dir: the appliance's data directory.
        link: which broker and site to listen to.
        host: address to serve on.
        port: port to serve on.
        stdin_guard: end when stdin does.
    """

    data_dir: Path
    link: Link
    host: str
    port: int
    stdin_guard: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; the exit code of the table in ``docs``."""
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(serve(_settings(arguments)))
    except BitgridError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the top of a program
        return error.exit_code
    return 0


async def serve(settings: WebSettings) -> None:
    """Serve until SIGTERM, SIGINT or the end of stdin.

    Raises:
        MissingDependency: the port cannot be used.
    """
    hub = EventHub(secrets.token_hex(4))
    views = _views(settings)
    pump = Pump(views, hub)
    ear = Ear(picture=views.picture, on_change=pump.changed)
    server = _server(create_app(views, hub))
    with _bound(settings) as socket_:
        await _until_ended(
            asyncio.create_task(server.serve(sockets=[socket_])),
            [
                asyncio.create_task(listen(settings.link, ear)),
                asyncio.create_task(pump.run()),
                asyncio.create_task(_told_to_end(server, settings)),
            ],
            lambda: _end(server, hub),
        )


async def _until_ended(
    http: asyncio.Task[None], others: list[asyncio.Task[None]], end: Callable[[], None]
) -> None:
    """Whatever ends first ends all; what failed is raised."""
    done, _ = await asyncio.wait([http, *others], return_when=asyncio.FIRST_COMPLETED)
    end()
    await asyncio.wait([http], timeout=GRACE_S + 1)
    for task in (http, *others):
        task.cancel()
    await asyncio.gather(http, *others, return_exceptions=True)
    for task in done:
        task.result()


def _end(server: uvicorn.Server, hub: EventHub) -> None:
    hub.close()
    server.should_exit = True


def _views(settings: WebSettings) -> Views:
    return Views(
        site_id=settings.link.site,
        data_dir=settings.data_dir,
        picture=Picture(),
        history=JournalHistory(Layout(settings.data_dir).journal),
        words=CoreWords(),
        clocks=Clocks(wall_s=time.time, mono_s=time.monotonic),
    )


def _bound(settings: WebSettings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port), family=_family(settings.host))
    except OSError as error:
        raise MissingDependency(
            f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}.",
            "Choose another with --port.",
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _server(app: FastAPI) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=128,
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


async def _told_to_end(server: uvicorn.Server, settings: WebSettings) -> None:
    """Return at SIGTERM, SIGINT or the end of stdin.

    Streams never end by themselves, so that the signals have to come here first; the server
    takes them over when it starts, therefore this waits for its start.
    """
    while not server.started:  # noqa: ASYNC110 - the server offers no event for it
        await asyncio.sleep(START_POLL_S)
    await ending(stdin_guard=settings.stdin_guard).wait()


def _settings(arguments: Sequence[str] | None) -> WebSettings:
    parser = argparse.ArgumentParser(prog="bitgrid-web", description="The API and the page.")
    given = from_environment()
    parser.add_argument("--data", type=Path, required=True, help="data directory")
    parser.add_argument("--site", default=given.site, help="site id in topics")
    parser.add_argument("--broker-host", default=LOOPBACK)
    parser.add_argument("--broker-port", type=int, default=given.broker_port or BROKER_PORT)
    parser.add_argument("--host", default=LOOPBACK, help="address to serve on")
    parser.add_argument("--port", type=int, default=given.web_port, help="port to serve on")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when stdin closes")
    found = parser.parse_args(arguments)
    return WebSettings(
        data_dir=found.data,
        link=web_link(found.site, found.broker_port, found.broker_host),
        host=found.host,
        port=found.port,
        stdin_guard=found.until_stdin_closes,
    )


if __name__ == "__main__":
    raise SystemExit(main())
