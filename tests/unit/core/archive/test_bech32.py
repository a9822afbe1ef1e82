"""Bech32 text of age keys, against BIP 173 and pyrage."""

import pyrage
import pytest

from bitgrid_core.archive import bech32
from bitgrid_core.errors import BadInput


def test_keys_of_another_implementation_are_read_and_written_alike() -> None:
    """Identities and recipients of pyrage keep their text."""
    identity = pyrage.x25519.Identity.generate()
    for text in (str(identity), str(identity.to_public())):
        prefix, data = bech32.decode(text)
        assert len(data) == 32
        assert bech32.encode(prefix, data) == text.lower()


def test_vector_of_the_standard_is_read() -> None:
    """The longest prefix example of BIP 173 that holds whole bytes."""
    assert bech32.decode("A12UEL5L") == ("a", b"")


def test_every_changed_character_is_found() -> None:
    """A mistyped key is never taken for another."""
    text = bech32.encode("age", bytes(range(32)))
    for index in range(4, len(text)):
        for char in "qpz8":
            wrong = text[:index] + char + text[index + 1 :]
            if wrong != text:
                with pytest.raises(BadInput):
                    bech32.decode(wrong)


@pytest.mark.parametrize(
    "text", ["", "1", "age", "age1", "age1qqqq", "Age12uel5l", "a12uel5b", "a" * 5000, "1qqqqqqq"]
)
def test_malformed_text_is_refused_without_repeating_it(text: str) -> None:
    """The text may be a secret key, so that no message shows it."""
    with pytest.raises(BadInput) as caught:
        bech32.decode(text)
    assert len(text) < 8 or text not in str(caught.value)
