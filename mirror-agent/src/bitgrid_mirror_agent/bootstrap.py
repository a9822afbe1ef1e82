"""Puts the agent together: the only place, with `cli`, that knows concrete stores."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from bitgrid_mirror_agent.agent import Agent, Progress, World
from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.durable import no_hook
from bitgrid_mirror_agent.retry import DRAW_PERMILLE
from bitgrid_mirror_agent.settings import Settings
from bitgrid_mirror_agent.store import Store

_NS_PER_MS = 1_000_000


def build(settings: Settings, wait: Callable[[int], bool], progress: Progress) -> Agent:
    """An agent on the real clock, randomness and stores; nothing is connected to yet."""
    world = World(
        now_ms=lambda: time.time_ns() // _NS_PER_MS,
        random=secrets.token_bytes,
        draw=lambda: secrets.randbelow(DRAW_PERMILLE),
        wait=wait,
        open_store=lambda target: open_store(target, settings),
        hook=no_hook,
        progress=progress,
    )
    return Agent(settings, world)


def open_store(target: Target, settings: Settings) -> Store:
    """The store of a consented target.

    Raises:
        MissingDependency: an S3 target without credentials in the settings.
    """
    match target.kind:
        case TargetKind.DIRECTORY:
            return DirectoryStore(Path(target.path))
        case TargetKind.S3:
            from bitgrid_mirror_agent.s3 import Credentials, S3Store  # noqa: PLC0415 - boto3 is big

            credentials = Credentials(
                access_key_id=settings.s3_access_key_id,
                secret_access_key=settings.s3_secret_access_key,
                ca_file=settings.s3_ca_file,
            )
            return S3Store(target, credentials)
        case _:
            assert_never(target.kind)
