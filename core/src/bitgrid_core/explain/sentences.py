"""Composes the short and the detailed explanation of one event."""

from __future__ import annotations

from typing import Final

from bitgrid_core.arbiter import ends_start
from bitgrid_core.errors import BadInput
from bitgrid_core.explain.numbers import fillings
from bitgrid_core.explain.texts import TEXTS, Texts
from bitgrid_core.model import OFF, Action, DecisionEvent, Effect, Numbers, Rule, Trigger, Vote

LANGUAGES: Final = tuple(TEXTS)
_ORDER: Final = ("off", "eco", "standard", "super")
"""Levels whose names say which is the higher; a policy keeps them in this order."""


def short(event: DecisionEvent, lang: str) -> str:
    """One sentence: what the load does and why.

    Args:
        event: the decision.
        lang: ``de`` or ``en``.

    Raises:
        BadInput: another language.
    """
    texts = _texts(lang)
    held_by_mode = event.decision.effect is Effect.HELD_BY_AUTONOMY
    semi = held_by_mode and event.decision.rule is not Rule.MANUAL
    reason = texts.semi if semi else _winning_clause(event, texts)
    sentence = f"{headline(event, lang)}: {reason}"
    if ends_start(event):
        sentence = texts.ended.format(sentence=sentence)
    elif event.trigger is Trigger.CONFIRM and event.decision.rule is not Rule.R3:
        sentence = texts.confirmed.format(sentence=sentence)
    held = _held_back(event)
    if held is None or held.level is None:
        return f"{sentence}."
    otherwise = _would(event.memory.level, held.level, texts)
    return (
        texts.otherwise.format(held=sentence, otherwise=otherwise, reason=clause(held, lang)) + "."
    )


def detail(event: DecisionEvent, lang: str) -> list[str]:
    """One line per rule, in order of precedence, with its numbers; the deciding one is marked."""
    texts = _texts(lang)
    lines = []
    for vote in event.votes:
        winner = vote.rule is event.decision.rule and vote.action is not None
        mark = f" — {texts.decided}" if winner else ""
        action = vote.action.value if vote.action is not None else "—"
        lines.append(f"{vote.rule} {texts.rules[vote.rule]}: {action}, {clause(vote, lang)}{mark}")
    if event.decision.rule in (Rule.OVERRIDE, Rule.MANUAL, Rule.SYS):
        name = texts.rules[event.decision.rule]
        lines.append(f"{name}: {_winning_clause(event, texts)} — {texts.decided}")
    lost = sorted({name for vote in event.votes if vote.action is None for name in vote.signals})
    if lost:
        names = ", ".join(texts.signals.get(name, name) for name in lost)
        lines.append(texts.without.format(signals=names))
    return lines


def headline(event: DecisionEvent, lang: str) -> str:
    """What the load does, from its levels before and after."""
    texts = _texts(lang)
    before, after = event.memory.level, event.decision.level
    if event.decision.effect is Effect.PROPOSED:
        deed = _proposal(before, after)
    else:
        after = after if event.decision.effect is Effect.ACTED else before
        deed = _deed(event, before, after)
    return texts.deeds[deed].format(level=after, before=before)


def clause(vote: Vote, lang: str) -> str:
    """Why a rule says what it says, with its numbers."""
    texts = _texts(lang)
    return _reason(vote.reason, vote.numbers, vote.signals, texts)


def _deed(event: DecisionEvent, before: str, after: str) -> str:
    if before == after:
        return "stays_off" if after == OFF else "keeps"
    if OFF in (before, after):
        return "starts" if before == OFF else "stops"
    if event.decision.action is Action.THROTTLE:
        return "lower"  # eco is the lowest running level
    if not {before, after} <= set(_ORDER):
        return "changes"  # an event does not say which of a profile's own levels is the higher
    return "lower" if _ORDER.index(after) < _ORDER.index(before) else "higher"


def _proposal(before: str, after: str) -> str:
    if before == OFF:
        return "propose_start"
    return "propose_stop" if after == OFF else "propose_level"


def _would(before: str, after: str, texts: Texts) -> str:
    deed = "would_stop" if after == OFF else "would_start" if before == OFF else "would_level"
    return texts.deeds[deed].format(level=after)


def _held_back(event: DecisionEvent) -> Vote | None:
    """The vote that would have won without the rule or the autonomy that holds it back."""
    decision = event.decision
    opinions = [vote for vote in event.votes if vote.action is not None]
    if decision.effect is not Effect.HELD_BY_AUTONOMY:
        if decision.rule not in (Rule.R4, Rule.R5):
            return None
        rules = [vote.rule for vote in opinions]
        opinions = opinions[rules.index(decision.rule) + 1 :]
    held = opinions[0] if opinions else None
    return held if held is not None and held.level != event.memory.level else None


def _winning_clause(event: DecisionEvent, texts: Texts) -> str:
    decision = event.decision
    for vote in event.votes:
        if vote.rule is decision.rule:
            return _reason(vote.reason, vote.numbers, vote.signals, texts)
    return _reason(decision.reason, (), (), texts)


def _reason(code: str, numbers: Numbers, signals: tuple[str, ...], texts: Texts) -> str:
    found = dict(numbers)
    passed = found.get("block_id", 0) > found.get("lockout_until_block", 0)
    if code == "LOCKOUT" and passed:
        code = "LOCKOUT_HOT"
    elif code == "SOC_HOLD" and "soc_stop_permille" in found:
        code = "SOC_HOLD_RUNS"
    elif code == "SOC_BAND" and "soc_left_permille" in found:
        code = "SOC_BAND_LOWER"
    names = ", ".join(texts.signals.get(name, name) for name in signals)
    return texts.reasons[code].format(signals=names, **fillings(numbers, texts))


def _texts(lang: str) -> Texts:
    if lang not in TEXTS:
        raise BadInput(f"Language {lang!r} is not known.", f"Use one of: {', '.join(TEXTS)}.")
    return TEXTS[lang]
