"""The page in a real browser, over the real web process, a real broker and a real journal."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from bitgrid_core.block import at_text, block_start_ms
from bitgrid_core.events import to_body
from support.browser import Watched
from support.web import DAY, House, messages, publish, write_journal


def test_the_page_answers_the_four_questions(seen: Watched) -> None:
    """What each load does, why, what would change it, and when the next block decides."""
    card = seen.page.locator("[data-load=load-1]")
    expect(card.locator(".does")).to_contain_text("Läuft")
    expect(card.locator(".does")).to_contain_text("1,67")
    expect(card.locator(".why")).to_contain_text("Überschuss")
    expect(card.locator(".change")).not_to_be_empty()
    expect(card.locator(".next")).to_contain_text("Entscheidet wieder um 17:30")
    expect(card.locator(".left")).to_have_text("in 6:40")


def test_the_site_is_shown_watt_by_watt(seen: Watched) -> None:
    """Sun, house, load and grid with their numbers, also for who cannot see the picture."""
    said = seen.page.locator(".sankey desc").text_content()
    assert said is not None
    for word in ("Sonne 3,", "Haus 2", "Miner 1,67", "Einspeisung"):
        assert word in said
    expect(seen.page.locator(".battery")).to_contain_text("100")


def test_the_day_is_a_chart_with_a_table_beside_it(seen: Watched) -> None:
    """The chart has a title and a description; the table has a row for each block."""
    chart = seen.page.locator("svg.chart")
    expect(chart).to_be_visible()
    for part in ("title", "desc"):
        assert chart.locator(f"> {part}").text_content()
    for line in (".pv-area", ".house-line", ".load-area", ".soc-line"):
        assert len(chart.locator(line).first.get_attribute("d") or "") > 50, line
    seen.page.locator(".as-table summary").click()
    expect(seen.page.locator(".as-table tbody tr")).to_have_count(92)


def test_no_request_leaves_the_origin_and_the_console_is_silent(
    seen: Watched, house: House
) -> None:
    """No CDN, no font, no counter; no error and no warning."""
    seen.page.wait_for_timeout(500)
    assert seen.requests
    assert [url for url in seen.requests if not url.startswith(house.origin)] == []
    assert seen.complaints == []


def test_the_chart_and_the_list_stand_again_after_a_reload(seen: Watched) -> None:
    """Nothing that an owner looks for needs more than the page itself; time is the bench's."""
    seen.page.reload(wait_until="commit")
    seen.page.wait_for_selector("svg.chart")
    seen.page.wait_for_selector("#past details")
    assert seen.complaints == []


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_nothing_scrolls_sideways(seen: Watched, width: int) -> None:
    """Also with an open explanation and the open table."""
    seen.page.set_viewport_size({"width": width, "height": 800})
    seen.page.locator("#past > li > details > summary").nth(1).click()
    seen.page.wait_for_selector(".rules")
    seen.page.locator(".technical summary").click()
    seen.page.locator(".as-table summary").click()
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    seen.page.set_viewport_size({"width": 390, "height": 844})


def test_the_language_switches_and_is_remembered(seen: Watched) -> None:
    """All texts change at once, and stay so after a reload."""
    expect(seen.page.locator("#day-title")).to_have_text("Der Tag")
    seen.page.get_by_role("button", name="English").click()
    expect(seen.page.locator("#day-title")).to_have_text("The day")
    expect(seen.page.locator(".why")).to_contain_text("surplus")
    expect(seen.page.locator("#past .text").first).to_contain_text("surplus")
    assert seen.page.evaluate("document.documentElement.lang") == "en"
    seen.page.reload()
    expect(seen.page.locator("#day-title")).to_have_text("The day")


def test_dark_and_light_follow_the_reader(seen: Watched) -> None:
    """The scheme of the system decides."""

    def paper() -> str:
        return str(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    seen.page.emulate_media(color_scheme="light")
    light = paper()
    seen.page.emulate_media(color_scheme="dark")
    assert paper() != light
    seen.page.emulate_media(color_scheme="light")


CONTRAST = """
() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = rgb(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("noscript, title, desc")) continue;
    const style = getComputedStyle(element);
    const ink = rgb(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim()}`);
  }
  return bad;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(seen: Watched, scheme: str) -> None:
    """4.5 to 1 for all of it, in both schemes (WCAG AA)."""
    seen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
    seen.page.locator("#past > li > details > summary").nth(1).click()
    seen.page.wait_for_selector(".rules")
    seen.page.locator("#health summary").click()
    seen.page.wait_for_timeout(400)
    assert seen.page.evaluate(CONTRAST) == []
    seen.page.emulate_media(color_scheme="light")


def test_an_explanation_opens_by_keyboard(seen: Watched) -> None:
    """Every rule with its numbers, what would change it, and the event, without a mouse."""
    seen.page.locator("#past > li > details > summary").first.focus()
    seen.page.keyboard.press("Enter")
    rules = seen.page.locator(".rules li")
    expect(rules).to_have_count(5)
    expect(seen.page.locator(".rules .decides")).to_have_count(1)
    expect(seen.page.locator(".rules .decides")).to_contain_text("kW")
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator(".technical pre")).to_contain_text('"decision_code"')


def test_everything_that_acts_is_reached_by_tab(seen: Watched) -> None:
    """The skip link comes first; nothing traps the focus."""
    reached = []
    for _ in range(8):
        seen.page.keyboard.press("Tab")
        reached.append(
            seen.page.evaluate("document.activeElement.className || document.activeElement.tagName")
        )
    assert reached[0] == "skip"
    assert "BUTTON" in reached
    assert "SUMMARY" in reached


def test_an_entry_that_is_open_stays_open_when_a_decision_comes(
    seen: Watched, house: House
) -> None:
    """A new decision changes the sentence live and closes nothing that somebody reads."""
    entry = seen.page.locator("#past > li > details").nth(2)
    entry.locator("> summary").click()
    entry.locator(".rules").wait_for()
    before = seen.page.locator(".why").text_content() or ""
    event = DAY[92].events[0]
    write_journal(house.data / "journal" / "journal.sqlite", DAY[92:])
    publish(house.broker_port, messages(DAY[92]))
    expect(seen.page.locator(".why")).not_to_have_text(before)
    expect(seen.page.locator(".next")).to_contain_text("17:40")
    assert event.id in seen.page.evaluate(
        "fetch('/api/v1/decisions?limit=1').then((a) => a.json()).then((d) => d.items[0].event.id)"
    )
    assert seen.page.locator("#past > li > details[open]").count() == 1


def test_a_hostile_text_is_shown_as_text(seen: Watched, house: House) -> None:
    """What comes from the bus is never markup."""
    nasty = '<img src=x onerror="document.title=1">'
    event = DAY[92].events[0]
    words = {"de": nasty, "en": nasty}
    explain = {"id": event.id, "short": words, "change": words, "chance": {"at": None, **words}}
    publish(house.broker_port, [*messages(DAY[92]), ("explain/load-1", explain)])
    expect(seen.page.locator(".why")).to_have_text(nasty)
    expect(seen.page.locator(".chance")).to_have_text(nasty)
    assert seen.page.locator("main img").count() == 0
    publish(house.broker_port, [("explain/load-1", {"id": "", "short": {}, "change": {}})])


def test_earliest_chance_is_shown_with_its_time_unless_it_is_the_next_decision(
    seen: Watched, house: House
) -> None:
    """Whoever waits for a pause to end sees until when; the usual ten minutes are no news."""
    event = DAY[92].events[0]
    words = {"de": "Weil.", "en": "Because."}
    said = {"id": event.id, "short": words, "change": words}
    for at, shown in ((event.block_id + 4, re.compile("18:10")), (event.block_id + 1, "")):
        chance = {"at": at_text(block_start_ms(at)), **words}
        publish(
            house.broker_port, [*messages(DAY[92]), ("explain/load-1", said | {"chance": chance})]
        )
        expect(seen.page.locator(".chance")).to_have_text(shown)
    publish(house.broker_port, [("explain/load-1", {"id": "", "short": {}, "change": {}})])


ALLOCATE = """
async (site) => {
  const { allocate } = await import("/ui/flow.js");
  const flow = allocate(site);
  const name = (nodes) => nodes.map((node) => `${node.id} ${node.w}`);
  const ribbons = flow.ribbons.map(
    (r) => `${flow.sources[r.from].id} > ${flow.sinks[r.to].id} ${r.w}`,
  );
  return [name(flow.sources), name(flow.sinks), ribbons];
}
"""


@pytest.mark.parametrize(
    ("changes", "ribbons"),
    [
        ({"pv": 1500}, ["pv > house 400", "pv > load 800", "pv > export 300"]),
        ({"pv": 500, "imported": 700}, ["pv > house 400", "pv > load 100", "import > load 700"]),
        ({"pv": 0}, ["discharge > house 400", "discharge > load 800"]),
        ({"pv": 0, "soc": None}, ["unaccounted > house 400", "unaccounted > load 800"]),
        ({"pv": 1209}, ["pv > house 400", "pv > load 800"]),
    ],
)
def test_each_watt_is_shared_out_once(
    seen: Watched, changes: dict[str, float | None], ribbons: list[str]
) -> None:
    """Sun before battery before grid, house before loads; what does not add up is named."""
    site: dict[str, Any] = {
        "pv": 0,
        "house": 400,
        "imported": 0,
        "exported": 0,
        "charge": 0,
        "soc": 80,
    }
    site |= {"loads": [{"id": "load-1", "name": "Miner", "w": 800}]} | changes
    if changes.get("pv") == 1500:
        site["exported"] = 300
    assert seen.page.evaluate(ALLOCATE, site)[2] == ribbons


def test_what_the_load_does_wins_over_what_it_should_do(seen: Watched, house: House) -> None:
    """A stop that is not confirmed is not shown as done."""
    event = to_body(DAY[92].events[0]) | {"level": "off", "action": "STOP", "rule": "R1"}
    status = {"level": "super", "observed": "super", "reason": "STOP_UNCONFIRMED"}
    publish(house.broker_port, [("decision/load-1", event), ("status/load-1", status)])
    expect(seen.page.locator(".warnings")).to_contain_text("Entschieden ist: Aus")
    expect(seen.page.locator(".warnings")).to_contain_text("noch nicht bestätigt")
    expect(seen.page.locator(".does")).to_contain_text("Läuft")
    publish(house.broker_port, messages(DAY[92]))
    expect(seen.page.locator(".warnings")).to_be_empty()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_health_note_is_read_in_full_and_closes(seen: Watched, width: int) -> None:
    """It names every component, stays on the screen, and goes away with Escape."""
    seen.page.set_viewport_size({"width": width, "height": 800})
    seen.page.locator("#health summary").click()
    note = seen.page.locator("#health-more")
    expect(note).to_contain_text("core")
    box = note.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    seen.page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    seen.page.set_viewport_size({"width": 390, "height": 844})
