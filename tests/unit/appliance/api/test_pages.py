"""The page's files as they ship: complete, bilingual, and nothing that calls out."""

import re

import pytest

from bitgrid_appliance.api.pages import INDEX, load_files

FILES = {name: file.content.decode() for name, file in load_files().items()}
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
KEY = re.compile(r'^    "?([\w.]+)"?: "', re.MULTILINE)


def _languages() -> tuple[list[str], list[str]]:
    german, _, english = SCRIPTS["words.js"].partition("  en: {")
    return KEY.findall(german), KEY.findall(english)


def test_both_languages_have_the_same_words() -> None:
    """No text falls back to the other language."""
    german, english = _languages()
    assert german == english
    assert len(german) == len(set(german))


def test_every_word_is_used_and_every_used_word_exists() -> None:
    """Neither dead texts nor keys shown instead of texts."""
    words = set(_languages()[0])
    others = "".join(text for name, text in FILES.items() if name != "words.js")
    used = set(re.findall(r'\bt\("([\w.]+)"', others))
    used |= set(re.findall(r'data-t(?:-label)?="(\w+)"', others))
    assert used <= words
    quoted = set(re.findall(r'["`]([\w.]+)["`]', others))
    families = ("reason.", "level.", "signal.", "action.")
    codes = {"proposed", "held_by_autonomy", "LEASE_EXPIRED", "STOP_UNCONFIRMED", "EXTERNAL"}
    kinds = {"miner", "heating_rod"}
    assert {w for w in words - quoted - used - codes - kinds if not w.startswith(families)} == set()


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_file_names_another_origin(name: str) -> None:
    """Nothing is loaded from elsewhere; namespaces are names, not addresses."""
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`)]*", FILES[name]))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_nothing_is_inline() -> None:
    """The content security policy forbids it, so there is none."""
    page = FILES[INDEX]
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\bstyle=|\bon\w+=", page) == []


def test_every_module_that_is_imported_ships_and_is_preloaded() -> None:
    """One round trip loads the page."""
    imported = {name for text in SCRIPTS.values() for name in re.findall(r'"\./(\w+\.js)"', text)}
    assert imported <= set(SCRIPTS)
    assert imported == set(re.findall(r'modulepreload" href="/ui/(\w+\.js)"', FILES[INDEX]))
