"""What would change it, as a sentence: from counterfactuals to German and English."""

from __future__ import annotations

from typing import Final

from bitgrid_core.counterfactual import Counterfactual, counterfactuals, likeliest
from bitgrid_core.explain.numbers import minutes, people
from bitgrid_core.explain.sentences import LANGUAGES
from bitgrid_core.explain.texts import TEXTS
from bitgrid_core.model import OFF, DecisionEvent
from bitgrid_core.policy import Policy
from bitgrid_core.turning import Change

_WORDS: Final = {
    "en": {
        "start": "Starts at {level}",
        "stay": "Stays off",
        "stop": "Stops",
        "level": "Runs at {level}",
        "more": "from {after} {what}; {delta} are missing",
        "less": "with {after} {what} or less; {delta} less than now",
        "unknown": "with {after} {what}; now there is no value",
        "wait": "in {after} if nothing else changes",
        "and": " and ",
        "yes": ", with your yes",
        "nothing": "No single change of one value would alter this.",
    },
    "de": {
        "start": "Startet auf {level}",
        "stay": "Bleibt aus",
        "stop": "Schaltet ab",
        "level": "Läuft auf {level}",
        "more": "ab {after} {what}; es fehlen {delta}",
        "less": "bei {after} {what} oder weniger; {delta} weniger als jetzt",
        "unknown": "mit {after} {what}; jetzt fehlt der Wert",
        "wait": "in {after}, wenn sich sonst nichts ändert",
        "and": " und ",
        "yes": ", mit Ihrem Ja",
        "nothing": "Kein einzelner Wert allein würde das ändern.",
    },
}

_WHAT: Final = {
    "en": {
        "surplus_w": "surplus",
        "pv_power_w": "PV",
        "battery_soc_permille": "battery",
        "pv_forecast_w": "PV forecast",
        "price_ct_per_mwh": "price",
        "price_peak_ct_per_mwh": "highest price ahead",
        "grid_import_w": "grid import",
        "load_temp_mdegc": "load temperature",
        "heartbeat_age_ms": "silence",
    },
    "de": {
        "surplus_w": "Überschuss",
        "pv_power_w": "PV",
        "battery_soc_permille": "Speicher",
        "pv_forecast_w": "PV-Prognose",
        "price_ct_per_mwh": "Preis",
        "price_peak_ct_per_mwh": "höchster Preis voraus",
        "grid_import_w": "Netzbezug",
        "load_temp_mdegc": "Temperatur der Last",
        "heartbeat_age_ms": "Funkstille",
    },
}


def what_changes(event: DecisionEvent, policy: Policy, lang: str) -> str:
    """One sentence: the likeliest smallest change.

    For example ``Starts at eco from 0.8 kW surplus; 0.3 kW are missing.`` What only time holds
    back is explained by time.
    """
    return what_changes_in(event, policy, (lang,))[lang]


def what_changes_in(
    event: DecisionEvent, policy: Policy, langs: tuple[str, ...] = LANGUAGES
) -> dict[str, str]:
    """The same sentence in several languages, searched for once."""
    best, before = likeliest(event, policy), event.memory.level
    return {
        lang: _WORDS[lang]["nothing"] if best is None else _sentence(best, before, lang)
        for lang in langs
    }


def all_changes(event: DecisionEvent, policy: Policy, lang: str) -> list[str]:
    """A sentence per input."""
    found = counterfactuals(event, policy)
    return [_sentence(item, event.memory.level, lang) for item in found]


def _sentence(item: Counterfactual, before: str, lang: str) -> str:
    words = _WORDS[lang]
    if item.level == OFF:
        deed = "stay" if before == OFF else "stop"
    else:
        deed = "start" if before == OFF else "level"
    parts = [_part(change, lang) for change in item.changes]
    if len(parts) > 1:
        parts = [" (".join(part.split("; ")) + (")" if "; " in part else "") for part in parts]
    yes = words["yes"] if item.proposed else ""
    return f"{words[deed].format(level=item.level)} {words['and'].join(parts)}{yes}."


def _part(change: Change, lang: str) -> str:
    words, texts = _WORDS[lang], TEXTS[lang]
    if change.name == "wait_blocks":
        return words["wait"].format(after=minutes(change.after))
    what = _WHAT[lang][change.name]
    after = people(change.name, change.after, texts)
    if change.before is None:
        return words["unknown"].format(after=after, what=what)
    delta = people(change.name, change.distance, texts)
    if change.after > change.before:
        return words["more"].format(after=after, what=what, delta=delta)
    return words["less"].format(after=after, what=what, delta=delta)
