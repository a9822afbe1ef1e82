"""Instants as text and milliseconds."""

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_mirror_agent import instants


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z"])
def test_written_instant_is_the_one_that_was_parsed(text: str) -> None:
    """Milliseconds survive."""
    assert instants.write(instants.parse(text)) == text


@pytest.mark.parametrize("text", ["", "2024-02-30T00:00:00.000Z", "2024-06-01", None, 5])
def test_other_form_is_refused(text: object) -> None:
    """Only UTC in one form."""
    with pytest.raises(BadInput):
        instants.parse(text)
