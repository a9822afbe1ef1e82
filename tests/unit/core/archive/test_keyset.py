"""Key sets under keys/."""

import pytest

from bitgrid_core.archive import keyset
from bitgrid_core.archive.keyset import KeySet
from bitgrid_core.archive.note import ED25519, VerifierKey
from bitgrid_core.errors import BadInput

KEY = VerifierKey(name="example/log", algorithm=ED25519, public=bytes(32))
SET = KeySet(origin="example/log", number=3, keys=(KEY,))


def test_parsed_text_is_the_set_that_wrote_it() -> None:
    """Origin, number and keys survive."""
    assert keyset.parse(SET.text) == SET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example/log\nkeys 0\n",
        SET.text.replace("keys 3", "keys 03"),
        SET.text.replace("keys 3", "3"),
        SET.text.replace("example/log\n", "other/log\n"),
        SET.text + SET.text.split("\n")[2] * 9,
    ],
)
def test_malformed_or_foreign_key_set_is_refused(text: str) -> None:
    """A set speaks only about keys of its own log."""
    with pytest.raises(BadInput):
        keyset.parse(text)
