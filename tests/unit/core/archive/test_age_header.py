"""The age header as bytes."""

import pytest

from bitgrid_core.archive import age_header
from bitgrid_core.archive.age_header import Stanza
from bitgrid_core.errors import BadInput

STANZAS = (
    Stanza(kind="X25519", args=(age_header.b64(bytes(32)),), body=bytes(32)),
    Stanza(kind="grease", args=("a", "b!"), body=bytes(48)),
    Stanza(kind="empty", args=(), body=b""),
    Stanza(kind="long", args=(), body=bytes(100)),
)
GOOD = age_header.finish(STANZAS, bytes(range(32)))


def test_parsed_header_is_what_was_written() -> None:
    """Stanzas of every length survive, and the payload begins where the header ends."""
    header = age_header.parse(GOOD + b"payload")
    assert header.stanzas == STANZAS
    assert header.mac == bytes(range(32))
    assert header.size == len(GOOD)
    assert header.text == GOOD
    assert header.mac_input == GOOD[: GOOD.index(b"\n--- ") + 4]


def test_body_of_whole_lines_ends_with_an_empty_one() -> None:
    """48 bytes fill 64 columns, so that a short line must follow."""
    assert STANZAS[1].text == b"-> grease a b!\n" + b"A" * 64 + b"\n\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"age-encryption.org/v2\n",
        age_header.VERSION_LINE,
        age_header.VERSION_LINE + b"--- AAAA\n",
        GOOD[:-1],
        GOOD.replace(b"-> X25519 ", b"-> X25519  "),
        GOOD.replace(b"-> empty", b"->"),
        GOOD.replace(b"-> empty", b"-> emp\xc3\xa4ty"),
        GOOD.replace(b"-> empty", b"-> emp\rty"),
        GOOD.replace(b"--- AAEC", b"---  AAEC"),
        GOOD.replace(b"--- AAEC", b"--- AAE"),
        GOOD.replace(b"--- AAEC", b"---AAEC"),
        GOOD.replace(b"A" * 64, b"A" * 65),
        GOOD.replace(b"A" * 43, b"A" * 42 + b"B"),
        age_header.finish(STANZAS[:1] * 65, bytes(32)),
        age_header.VERSION_LINE + b"-> x " + b"a" * 70_000 + b"\n\n--- ",
    ],
)
def test_malformed_header_is_refused(data: bytes) -> None:
    """Only canonical bytes within the limits are a header."""
    with pytest.raises(BadInput):
        age_header.parse(data)


def test_nonce_counts_and_marks_the_last_chunk() -> None:
    """Chunks cannot be reordered or cut unseen."""
    assert age_header.chunk_nonce(0, last=False) == bytes(12)
    assert age_header.chunk_nonce(258, last=True) == bytes(9) + b"\x01\x02\x01"
