"""Checkpoint text."""

import pytest

from bitgrid_core.archive import checkpoint
from bitgrid_core.archive.checkpoint import Checkpoint
from bitgrid_core.errors import BadInput

GOOD = Checkpoint(origin="example/log", size=12, root=bytes(range(32)))


def test_parsed_text_is_the_checkpoint_that_wrote_it() -> None:
    """Origin, size and root survive; extension lines are ignored."""
    assert checkpoint.parse(GOOD.text) == GOOD
    assert checkpoint.parse(GOOD.text + "extension\n") == GOOD
    assert GOOD.text.startswith("example/log\n12\nAAECAwQF")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n12\n" + GOOD.text.split("\n")[2] + "\n",
        GOOD.text.replace("12", "012"),
        GOOD.text.replace("12", "-1"),
        GOOD.text.replace("12", "1" * 30),
        GOOD.text.replace("AAEC", "AA"),
        GOOD.text.replace("AAEC", "!!!!"),
        GOOD.text.rstrip("\n"),
    ],
)
def test_malformed_checkpoint_is_refused(text: str) -> None:
    """There is one text for one checkpoint."""
    with pytest.raises(BadInput):
        checkpoint.parse(text)
