"""The earliest next chance, as a sentence in German and English."""

from __future__ import annotations

from typing import Final

from bitgrid_core.chance import Chance, Kind
from bitgrid_core.explain.numbers import minutes

_SENTENCES: Final = {
    "en": {
        (Kind.IN_BLOCK, True): "May start in {after} at the earliest.",
        (Kind.TOMORROW, True): "May start tomorrow at the earliest.",
        (Kind.BY_HAND, True): "Starts only by hand.",
        (Kind.IN_BLOCK, False): "Too little sun or charge can stop it in {after} at the earliest.",
        (Kind.TOMORROW, False): "Too little sun or charge can stop it tomorrow at the earliest.",
        (Kind.BY_HAND, False): "Only a person or safety stops it.",
    },
    "de": {
        (Kind.IN_BLOCK, True): "Darf frühestens in {after} starten.",
        (Kind.TOMORROW, True): "Darf frühestens morgen starten.",
        (Kind.BY_HAND, True): "Startet nur von Hand.",
        (Kind.IN_BLOCK, False): "Zu wenig Sonne oder Ladung kann frühestens in {after} abschalten.",
        (Kind.TOMORROW, False): "Zu wenig Sonne oder Ladung kann frühestens morgen abschalten.",
        (Kind.BY_HAND, False): "Nur ein Mensch oder die Sicherheit schaltet ab.",
    },
}


def chance_sentence(chance: Chance, lang: str) -> str:
    """One sentence; minutes count from the decision."""
    return _SENTENCES[lang][chance.kind, chance.starts].format(after=minutes(chance.blocks))
