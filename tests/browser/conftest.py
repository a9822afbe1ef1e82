"""A running house and a phone in Germany, for tests of the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from support.browser import Watched, chromium, watched
from support.tools import need
from support.web import DAY, READY, House, broker, messages, publish, web, write_journal


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Broker, web process and a day's journal."""
    need("chromium")
    data = tmp_path_factory.mktemp("house")
    write_journal(data / "journal" / "journal.sqlite", DAY[:92])
    with broker() as port, web(data, port) as origin:
        publish(port, messages(DAY[91]))
        yield House(origin=origin, broker_port=port, data=data)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A phone in Germany."""
    profile = tmp_path_factory.mktemp("profile")
    size = {"width": 390, "height": 844}
    with chromium(profile, viewport=size, locale="de-DE", timezone_id="Europe/Berlin") as context:
        yield context


@pytest.fixture
def seen(browser: BrowserContext, house: House) -> Iterator[Watched]:
    """The page, loaded and live, in German."""
    found = watched(browser)
    found.page.goto(house.origin)
    found.page.evaluate("localStorage.clear()")
    found.page.reload()
    found.page.wait_for_selector(READY)
    yield found
    found.page.close()
