"""What the page says when something is away, and how it catches up."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from support.web import DAY, READY, broker, free_port, messages, publish, web, write_journal


def _open(context: BrowserContext, origin: str) -> Page:
    page = context.new_page()
    page.goto(origin)
    page.wait_for_selector("[data-load=load-1]")
    return page


def test_a_lost_web_process_is_said_and_its_return_too(
    browser: BrowserContext, tmp_path: Path
) -> None:
    """Values are greyed with their age, never shown as live; afterwards all is live again."""
    port = free_port()
    with broker() as broker_port:
        publish(broker_port, messages(DAY[91]))
        with web(tmp_path, broker_port, port) as origin:
            page = _open(browser, origin)
            expect(page.locator("#health-text")).to_contain_text("Live")
            expect(page.locator("#banner")).to_be_hidden()
        expect(page.locator("#banner")).to_contain_text("Keine Verbindung zum Haus")
        expect(page.locator("#health-text")).to_contain_text("Getrennt")
        expect(page.locator("body")).to_have_class("is-old")
        expect(page.locator(".left")).to_have_text("Zeit steht")
        with web(tmp_path, broker_port, port):
            expect(page.locator("#health-text")).to_contain_text("Live", timeout=20_000)
            expect(page.locator("#banner")).to_be_hidden()
            page.close()


def test_a_lost_broker_is_said(browser: BrowserContext, tmp_path: Path) -> None:
    """The web process lives, but what it shows is old: the page says so."""
    with broker() as broker_port:
        publish(broker_port, messages(DAY[91]))
        context = web(tmp_path, broker_port)
        origin = context.__enter__()
        page = _open(browser, origin)
    try:
        expect(page.locator("#banner")).to_contain_text("Nachrichtendienst", timeout=15_000)
        expect(page.locator("body")).to_have_class("is-old")
        page.close()
    finally:
        context.__exit__(None, None, None)


def test_before_the_first_decision_the_page_says_when_it_comes(
    browser: BrowserContext, tmp_path: Path
) -> None:
    """An empty house is no error page."""
    with broker() as broker_port, web(tmp_path, broker_port) as origin:
        page = browser.new_page()
        page.goto(origin)
        expect(page.locator("#load-cards")).to_contain_text("Noch keine Entscheidung")
        expect(page.locator("#mirror")).to_contain_text("nichts verlässt das Haus")
        page.close()


def test_decisions_that_were_not_told_are_fetched(browser: BrowserContext, tmp_path: Path) -> None:
    """In a rush only some decisions are told; the list has all of them nevertheless."""
    journal = tmp_path / "journal" / "journal.sqlite"
    write_journal(journal, DAY[:50])
    with broker() as broker_port, web(tmp_path, broker_port) as origin:
        publish(broker_port, messages(DAY[49]))
        page = _open(browser, origin)
        page.wait_for_selector(READY)
        write_journal(journal, DAY[50:60])
        publish(broker_port, messages(DAY[59]))
        first = page.locator("#past .when").first
        expect(first).to_have_text("10:40–12:10", timeout=10_000)
        page.close()
