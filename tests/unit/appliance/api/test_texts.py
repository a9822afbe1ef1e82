"""Core's words for events that come as documents."""

from bitgrid_appliance.api.texts import REMEMBERED, CoreWords
from bitgrid_core.events import to_body
from bitgrid_core.policy import Policy
from support.web import POLICY, seeded_day

BODY = to_body(seeded_day(3)[-1].events[0])


def test_both_languages_are_there_and_differ() -> None:
    """German and English, from the same event."""
    words = CoreWords()
    short, change = words.short(BODY), words.change(BODY, POLICY)
    assert short.de != short.en
    assert change is not None
    assert change.de != change.en


def test_an_unknown_reason_gets_a_plain_sentence() -> None:
    """A code of a newer core breaks neither sentence nor detail."""
    votes = [{"rule": "R1", "reason": "MOON_PHASE", "action": "NOOP"}]
    strange = BODY | {"reason": "MOON_PHASE", "rule": "R1", "votes": votes}
    words = CoreWords()
    assert "newer version" in words.short(strange).en
    assert "neueren Version" in words.detail(strange, "de")[0]


def test_a_document_that_is_no_event_gets_a_plain_sentence() -> None:
    """Whatever stands in a journal, the list is shown."""
    assert "newer version" in CoreWords().short({"v": 1}).en


def test_without_the_load_in_the_policy_there_is_no_change_to_name() -> None:
    """A load that was removed since is explained, but not re-decided."""
    assert CoreWords().change(BODY, Policy()) is None


def test_what_is_remembered_is_bounded() -> None:
    """A long-running page server does not grow."""
    words = CoreWords()
    for n in range(REMEMBERED + 9):
        words.change(BODY | {"n": n}, POLICY)
    assert len(words._changes) <= REMEMBERED
