"""What a person sees while a demo runs, read from the journal alone, so that nothing waits for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Final

from tqdm import tqdm

from bitgrid_appliance.settings import Layout
from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.chain import Record
from bitgrid_core.errors import BitgridError
from bitgrid_core.events import from_body
from bitgrid_core.explain import short
from bitgrid_core.journal.sqlite import SqliteReader

_EVERY_S: Final = 0.5


class Screen:
    """Lines and one moving bar on standard error; the bar only on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None

    def say(self, text: str) -> None:
        """One line, above the bar."""
        if not self._quiet:
            tqdm.write(text, file=sys.stderr)

    def bar(self, what: str, total: int) -> Callable[[int], None]:
        """Begin a bar; the function moves it to an absolute number."""
        self.end()
        bar: tqdm[Any] = tqdm(
            total=total, desc=what, unit="", file=sys.stderr, disable=None, leave=False
        )
        self._bar = bar

        def move(done: int) -> None:
            bar.update(max(0, min(done, total) - bar.n))

        return move

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


async def follow(layout: Layout, screen: Screen, first_block: int, total: int) -> None:
    """Show how far the blocks are and what changed, until cancelled."""
    move = screen.bar("blocks", total)
    seen: str | None = None
    while True:
        block, decision = await asyncio.to_thread(_newest, layout)
        if block is not None:
            move(_block_id(block) - first_block)
        if decision is not None and decision.body["id"] != seen:
            if seen is None or _is_news(decision):
                screen.say(_sentence(decision))
            seen = str(decision.body["id"])
        await asyncio.sleep(_EVERY_S)


def _newest(layout: Layout) -> tuple[Record | None, Record | None]:
    try:
        with SqliteReader(layout.journal) as reader:
            return reader.newest("block"), reader.newest("decision")
    except BitgridError:
        return None, None  # not there yet


def _block_id(record: Record) -> int:
    found = record.body["block_id"]
    assert isinstance(found, int)  # a block record has one
    return found


def _is_news(record: Record) -> bool:
    event = from_body(record.body)
    return event.decision.level != event.memory.level


def _sentence(record: Record) -> str:
    event = from_body(record.body)
    at = at_text(block_start_ms(event.block_id))[:16].replace("T", " ")
    return f"{at}  {event.load}: {short(event, 'en')}"
