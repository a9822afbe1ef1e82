"""Composes the short and the detailed explanation of one event."""

from __future__ import annotations

from typing import Final

from bitgrid_core.errors import BadInput
from bitgrid_core.explain.numbers import fillings
from bitgrid_core.explain.texts import TEXTS, Texts
from bitgrid_core.model import OFF, DecisionEvent, Effect, Numbers, Rule, Vote

LANGUAGES: Final = tuple(TEXTS)


def short(event: DecisionEvent, lang: str) -> str:
    """One sentence: what the load does and why.

    Args:
        event: the decision.
        lang: ``de`` or ``en``.

    Raises:
        BadInput: another language.
    """
    texts = _texts(lang)
    reason = _winning_clause(event, texts)
    sentence = f"{headline(event, lang)}: {reason}"
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
    return "lower" if event.decision.action.value == "THROTTLE" or _falls(event) else "higher"


def _falls(event: DecisionEvent) -> bool:
    """Whether a START leads to a lower level than before: its surplus no longer carries it."""
    order = ("off", "eco", "standard", "super")
    before, after = event.memory.level, event.decision.level
    if before in order and after in order:
        return order.index(after) < order.index(before)
    return False


def _proposal(before: str, after: str) -> str:
    if before == OFF:
        return "propose_start"
    return "propose_stop" if after == OFF else "propose_level"


def _would(before: str, after: str, texts: Texts) -> str:
    deed = "would_stop" if after == OFF else "would_start" if before == OFF else "would_level"
    return texts.deeds[deed].format(level=after)


def _held_back(event: DecisionEvent) -> Vote | None:
    """R1's wish, where another rule or the autonomy holds it back without switching."""
    decision = event.decision
    held = decision.rule in (Rule.R4, Rule.R5, Rule.MANUAL) or (
        decision.effect is Effect.HELD_BY_AUTONOMY
    )
    if not held or decision.level != event.memory.level:
        return None
    for vote in event.votes:
        if vote.rule is Rule.R1 and vote.level is not None and vote.level != event.memory.level:
            return vote
    return None


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
    names = ", ".join(texts.signals.get(name, name) for name in signals)
    return texts.reasons[code].format(signals=names, **fillings(numbers, texts))


def _texts(lang: str) -> Texts:
    if lang not in TEXTS:
        raise BadInput(f"Language {lang!r} is not known.", f"Use one of: {', '.join(TEXTS)}.")
    return TEXTS[lang]
