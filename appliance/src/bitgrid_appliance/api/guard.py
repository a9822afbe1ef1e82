"""The gate in front of every request: who is asked for, how, and what the browser may do.

A page of a stranger may make the owner's browser send requests here under a name that it
re-points at this machine (DNS rebinding); a ``Host`` that is not ours is therefore refused
before anything else. Only reading is offered, so only ``GET`` passes.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bitgrid_appliance.api.problems import problem

NAMES: Final = frozenset({"localhost", "bitgrid.local"})
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=()",
}
MAX_TARGET: Final = 2048
"""Longest path with query that is looked at."""


def is_our_host(header: str) -> bool:
    """Whether a ``Host`` header names this machine: a loopback name, an address, bitgrid.local."""
    name = header.strip().lower()
    if name.startswith("["):
        literal, bracket, port = name[1:].partition("]")
        return bool(bracket) and _is_port(port) and _is_address(literal)
    name, colon, port = name.partition(":")
    return _is_port(colon + port) and (name.rstrip(".") in NAMES or _is_address(name))


def _is_port(text: str) -> bool:
    return text == "" or (text.startswith(":") and text[1:].isascii() and text[1:].isdigit())


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI gate: refuses foreign hosts and writes, and adds the security headers to all answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = _refusal(scope)
        await (refusal or self._app)(scope, receive, send_guarded)


def _refusal(scope: Scope) -> ASGIApp | None:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    path = str(scope["path"])[:MAX_TARGET]
    if len(hosts) != 1 or not is_our_host(hosts[0]):
        detail = "This name is not mine. Open me by my address, as localhost or as bitgrid.local."
        return problem(421, detail, instance=path)
    if scope["method"] != "GET":
        refused = problem(405, "Only reading is offered here. Use GET.", instance=path)
        refused.headers["Allow"] = "GET"
        return refused
    if len(scope["raw_path"] or b"") + len(scope["query_string"]) > MAX_TARGET:
        return problem(414, f"The address is longer than {MAX_TARGET} bytes.", instance="")
    return None
