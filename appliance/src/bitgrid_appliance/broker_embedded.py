"""The embedded broker as a process of its own, for machines without mosquitto.

The same topics on loopback; for development and demo, not for an appliance.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from amqtt.broker import Broker
from amqtt.errors import AMQTTError

from bitgrid_appliance.ending import ending
from bitgrid_appliance.settings import LOOPBACK


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; 3 if the port is not free."""
    parser = argparse.ArgumentParser(prog="bitgrid-broker", description="The embedded broker.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stdin-guard", action="store_true")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(options.port, stdin_guard=options.stdin_guard))
    except (AMQTTError, OSError) as error:
        sys.stderr.write(f"The embedded broker cannot use port {options.port}: {error}.\n")
        return 3
    return 0


async def _serve(port: int, *, stdin_guard: bool) -> None:
    end = ending(stdin_guard=stdin_guard)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()
    await end.wait()
    await broker.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
