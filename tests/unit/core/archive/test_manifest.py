"""Manifests of sealed objects."""

from dataclasses import replace
from typing import Any

import pytest

from bitgrid_core import codec
from bitgrid_core.archive import manifest
from bitgrid_core.archive.manifest import Manifest, SlicePart
from bitgrid_core.errors import BadInput


def part(first: int, last: int, before: str, after: str) -> SlicePart:
    """A file of some records."""
    return SlicePart(
        name=manifest.part_name("logs", first, last),
        size=10,
        sha256="cd" * 32,
        first=first,
        last=last,
        head_before=before * 64,
        head_after=after * 64,
    )


GOOD = Manifest(
    stream="logs",
    first=3,
    last=9,
    first_block=None,
    last_block=12,
    head_before="a" * 64,
    head_after="c" * 64,
    files=(part(3, 5, "a", "b"), part(6, 9, "b", "c")),
    policy_digests=("d" * 64,),
    software=("bitgrid-core 0.1.0",),
    profile="full",
    consent="consent-1",
    salt="e" * 64,
)


def test_decoded_manifest_is_what_was_encoded() -> None:
    """Every field survives."""
    assert manifest.decode(manifest.encode(GOOD)) == GOOD


@pytest.mark.parametrize(
    "files",
    [
        (),
        (part(3, 9, "a", "b"),),
        (part(3, 9, "b", "c"),),
        (part(3, 8, "a", "c"),),
        (part(3, 5, "a", "b"), part(7, 9, "b", "c")),
        (part(3, 5, "a", "b"), part(6, 9, "a", "c")),
    ],
)
def test_files_that_do_not_join_are_refused(files: tuple[SlicePart, ...]) -> None:
    """A hole or a broken head inside one object is found before it is unpacked."""
    with pytest.raises(BadInput):
        manifest.encode(replace(GOOD, files=files))


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "logs/../x", "logs/a/b", "LOGS/x", "logs/", "logs/.x", "x"]
)
def test_path_that_could_leave_the_folder_is_refused(name: str) -> None:
    """Nobody writes outside by naming a file so."""
    document: Any = codec.decode(manifest.encode(GOOD))
    document["files"][0]["name"] = name
    with pytest.raises(BadInput):
        manifest.decode(codec.encode(document))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"format": "other"},
        {"first": "3"},
        {"first": True},
        {"first": -3},
        {"salt": "x"},
        {"files": {}},
        {"files": [1]},
        {"policy_digests": [1]},
        {"extra": 1},
        {"software": [""] * 3000},
    ],
)
def test_malformed_manifest_is_refused(change: dict[str, Any]) -> None:
    """Another form is bad input, named before it is used."""
    document: Any = codec.decode(manifest.encode(GOOD))
    with pytest.raises(BadInput):
        manifest.decode(codec.encode({**document, **change}))


def test_oversized_or_foreign_document_is_refused() -> None:
    """Neither a huge manifest nor another JSON value is read."""
    for data in (b"x" * 1_048_577, b"[]", b"{}", b""):
        with pytest.raises(BadInput):
            manifest.decode(data)
