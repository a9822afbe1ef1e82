"""The inside of a sealed object."""

import io

import zstandard

from bitgrid_core.archive.padding import padme
from bitgrid_mirror_agent.sealing import write_padded, write_tar
from support.independent import unpacked

FILES = [("manifest.json", b"{}"), ("logs/a.jsonl", b"x" * 70_000)]


def test_tar_depends_on_names_and_contents_alone() -> None:
    """Neither time nor user nor machine is in it."""
    one, two = io.BytesIO(), io.BytesIO()
    write_tar(one, FILES)
    write_tar(two, FILES)
    assert one.getvalue() == two.getvalue()
    assert unpacked(one.getvalue()) == dict(FILES)


def test_compressed_stream_has_a_padded_length_and_opens() -> None:
    """The first frame is the tar, the last one padding."""
    sink = io.BytesIO()
    write_padded(sink, FILES)
    data = sink.getvalue()
    assert len(data) == padme(len(data))
    reader = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
    assert unpacked(reader.read()) == dict(FILES)
