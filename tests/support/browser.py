"""Chromium, headless, with a new profile and nothing that calls home."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from support.tools import need

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(slots=True)
class Watched:
    """A page and everything that a test wants to have seen of it.

    Attributes:
        requests: addresses of all requests.
        complaints: errors and warnings on the console, and errors that nobody caught.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium(profile: Path, **options: Any) -> Iterator[BrowserContext]:
    """A browser with its own profile; options as for a context, such as ``locale``."""
    program = need("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=program, headless=True, args=ARGUMENTS, **options
        )
        try:
            yield context
        finally:
            context.close()


def watched(context: BrowserContext) -> Watched:
    """A new page that records what it asks for and complains about."""
    found = Watched(page=context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on(
        "console",
        lambda message: (
            found.complaints.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    return found
