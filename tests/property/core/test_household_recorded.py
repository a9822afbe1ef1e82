"""Whatever is in a household file: a series or one sentence, never anything else."""

import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from bitgrid_core.errors import BadInput
from bitgrid_core.household import Series, read_csv

times = st.sampled_from(
    ("2024-06-01T10:00:00Z", "2024-06-01T10:10:00Z", "2024-06-01T10:20:00Z", "2024-06-01", "", "x")
)
numbers = st.sampled_from(("", "0", "007.5", "-1.5", "1e3", "nan", "-", "1_0", "9" * 50, "½"))
lines = st.lists(st.tuples(times, numbers, numbers).map(",".join), max_size=4)
texts = lines.map(lambda rows: "\n".join(("utc,load_w,pv_w", *rows)))


def read(path: Path) -> Series | BadInput:
    """The series or the refusal."""
    try:
        return read_csv(path)
    except BadInput as error:
        return error


@given(texts | st.text(max_size=80), st.binary(max_size=4))
@example("utc,load_w,pv_w\n0001-01-01T00:00:00+14:00,1,1\n0001-01-01T00:10:00+14:00,1,1", b"")
@example('utc,load_w,pv_w\n"2024', b"")
def test_file_gives_a_series_or_one_sentence(text: str, tail: bytes) -> None:
    """No other exception leaves the reader, and a refusal has no line break."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "home.csv"
        path.write_bytes(text.encode("utf-8", "surrogatepass") + tail)
        outcome = read(path)
    if isinstance(outcome, BadInput):
        assert outcome.hint
        assert "\n" not in str(outcome)
    else:
        assert all(w is None or w >= 0 for w in (*outcome.load_w, *outcome.pv_w))
