"""What every explanation must keep: there is one, its numbers are exact, it never contradicts."""

import re
from decimal import Decimal
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitgrid_core.deciding import Frame, lease_event
from bitgrid_core.errors import BadInput
from bitgrid_core.explain import LANGUAGES, clause, detail, headline, short
from bitgrid_core.explain.changes import all_changes, what_changes
from bitgrid_core.explain.numbers import fillings, people
from bitgrid_core.explain.texts import TEXTS
from bitgrid_core.model import OFF, Autonomy, DecisionEvent, Effect, Memory, Rule, Vote
from bitgrid_core.reasons import ALL
from bitgrid_core.signals import SIGNALS
from support.moments import Moment, decision_at, moment

QUICK = settings(max_examples=200, deadline=None, derandomize=True)
SLOW = settings(QUICK, max_examples=25)
moments = st.integers(0, 2**32).map(moment)
EXTRA = {"LOCKOUT_HOT", "SOC_HOLD_RUNS", "SOC_BAND_LOWER"}
"""Texts beside the codes: the same reason at another time, or of a load that runs."""

UNITS = {"kW": 1000, "%": 10, "°C": 1000, "s": 1000, "ct/kWh": 1000}
SUFFIXES = ("_w", "_permille", "_mdegc", "_ms", "_ct_per_mwh")

VERBS = {
    "en": {
        "Stays off": {"off"},
        "Starts": {"start"},
        "Stops": {"stop"},
        "Keeps running": {"same"},
        "Goes down": {"down"},
        "Goes up": {"up"},
        "Changes": {"up", "down"},
    },
    "de": {
        "Bleibt aus": {"off"},
        "Startet": {"start"},
        "Schaltet ab": {"stop"},
        "Läuft weiter": {"same"},
        "Geht herunter": {"down"},
        "Geht hoch": {"up"},
        "Wechselt": {"up", "down"},
    },
}


def fields(text: str) -> set[str]:
    """The placeholders of a text."""
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_code_has_a_text(lang: str) -> None:
    """No code without a text, no text without a code, in either language."""
    assert set(TEXTS[lang].reasons) == set(ALL) | EXTRA


@pytest.mark.parametrize("part", ["deeds", "reasons", "rules", "signals"])
def test_languages_have_the_same_texts_with_the_same_placeholders(part: str) -> None:
    """What one language says, the other says too."""
    german, english = getattr(TEXTS["de"], part), getattr(TEXTS["en"], part)
    assert {key: fields(text) for key, text in german.items()} == {
        key: fields(text) for key, text in english.items()
    }


@pytest.mark.parametrize("part", ["otherwise", "without", "ended"])
def test_joining_texts_have_the_same_placeholders(part: str) -> None:
    """The same for what joins sentences."""
    assert fields(getattr(TEXTS["de"], part)) == fields(getattr(TEXTS["en"], part))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_and_measured_signal_has_a_name(lang: str) -> None:
    """Nothing is shown by its inner name."""
    assert set(TEXTS[lang].rules) == set(Rule)
    assert set(TEXTS[lang].signals) == set(SIGNALS)


def test_unknown_language_is_refused() -> None:
    """A language without texts is bad input, not an empty sentence."""
    event, _after = decision_at(moment(1))
    with pytest.raises(BadInput, match="fr"):
        short(event, "fr")


@QUICK
@given(moments)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_event_is_explained(lang: str, now: Moment) -> None:
    """Short and in detail; no placeholder is left open, one line decides."""
    event, _after = decision_at(now)
    lines = [short(event, lang), *detail(event, lang)]
    assert all(line and "{" not in line for line in lines)
    assert lines[0].endswith(".")
    assert len(lines) > len(event.votes)
    decides = sum(line.endswith(f"— {TEXTS[lang].decided}") for line in lines)
    assert decides == (0 if event.decision.reason == "SIGNAL_MISSING" else 1)


@SLOW
@given(moments)
def test_what_would_change_an_event_is_said_in_both_languages(now: Moment) -> None:
    """At least one sentence, none with an open placeholder."""
    event, _after = decision_at(now)
    for lang in LANGUAGES:
        lines = [what_changes(event, now.policy, lang), *all_changes(event, now.policy, lang)]
        assert all(line.endswith(".") and "{" not in line for line in lines)


@QUICK
@given(moments)
def test_every_number_of_a_vote_is_said_exactly(now: Moment) -> None:
    """A sentence's numbers are the vote's, to the last digit: never rounded over a limit."""
    event, _after = decision_at(now)
    for vote in event.votes:
        text = TEXTS["en"].reasons[vote.reason]
        used = [name for name, _ in vote.numbers if name in fields(text)]
        said = clause(vote, "en")
        for name in used:
            assert people(name, dict(vote.numbers)[name], TEXTS["en"]) in said


@pytest.mark.parametrize("lang", LANGUAGES)
@given(value=st.integers(-(10**9), 10**9), suffix=st.sampled_from(SUFFIXES))
@QUICK
def test_number_with_unit_is_exact_in_both_languages(lang: str, value: int, suffix: str) -> None:
    """Read back as a decimal it is the integer inside."""
    number, unit = people(f"x{suffix}", value, TEXTS[lang]).split(" ")
    assert re.fullmatch(r"−?\d+([.,]\d*[1-9])?", number)
    assert ("," if lang == "en" else ".") not in number
    assert Decimal(number.replace("−", "-").replace(",", ".")) * UNITS[unit] == value


def happens(event: DecisionEvent, powers_w: dict[str, int]) -> str:
    """What the load really does, from watts."""
    before = event.memory.level
    after = event.decision.level if event.decision.effect is Effect.ACTED else before
    if before == after:
        return "off" if after == OFF else "same"
    if OFF in (before, after):
        return "start" if before == OFF else "stop"
    return "up" if powers_w[after] > powers_w[before] else "down"


@QUICK
@given(moments)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_verb_never_contradicts_the_levels(lang: str, now: Moment) -> None:
    """The verb says what the load does in watts, whatever the action is called."""
    event, _after = decision_at(now)
    line = headline(event, lang)
    verb = next(verb for verb in VERBS[lang] if line.startswith(verb))
    does = happens(event, now.policy.loads[0].powers_w)
    assert does in VERBS[lang][verb]
    assert short(event, lang).startswith(f"{line}: ")
    proposed = event.decision.effect is Effect.PROPOSED
    assert (("waits" in line) or ("wartet" in line)) == proposed


@QUICK
@given(moments)
def test_what_would_otherwise_happen_is_another_level_that_a_vote_names(now: Moment) -> None:
    """The second half of a sentence is only there if something is held back."""
    event, _after = decision_at(now)
    sentence = short(event, "en")
    if "would otherwise" in sentence:
        wishes = [vote.level for vote in event.votes if vote.level is not None]
        assert any(level != event.memory.level for level in wishes)
        assert headline(event, "en").startswith(("Stays off", "Keeps running"))
        held = [vote for vote in event.votes if vote.action is not None]
        if event.decision.effect is Effect.ACTED:
            held = held[[vote.rule for vote in held].index(event.decision.rule) + 1 :]
        assert clause(held[0], "en") in sentence


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lease_that_ended_is_explained(lang: str) -> None:
    """An event without votes has a sentence of its own, and one line that decides."""
    frame = Frame(policy=moment(1).policy, digest="", autonomy=Autonomy.FULL)
    event = lease_event(frame, "load-1", 5, Memory(level="eco"))
    assert short(event, lang).startswith(("Stops: ", "Schaltet ab: "))
    assert len(detail(event, lang)) == 1


def test_time_that_is_left_is_never_negative() -> None:
    """A count that ran past its limit leaves nothing, not less than nothing."""
    numbers = (("blocks_since_switch", 9), ("min_pause_blocks", 2))
    assert fillings(numbers, TEXTS["en"])["pause_left"] == "0 min"


def test_time_that_is_left_is_counted_in_minutes_of_blocks() -> None:
    """Two of three blocks are over: ten minutes are left."""
    vote = Vote(
        rule=Rule.R5,
        action=None,
        reason="MIN_RUNTIME_NOT_REACHED",
        numbers=(("blocks_since_switch", 2), ("min_runtime_blocks", 3)),
    )
    assert clause(vote, "en") == "minimum run time, 10 min left"
    assert clause(vote, "de") == "Mindestlaufzeit, noch 10 min"
