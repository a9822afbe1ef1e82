"""One suite that every store passes: the directory, the tests' fake, and S3 over real HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.s3 import Credentials, S3Store
from bitgrid_mirror_agent.store import ALREADY_THERE, STORED, Store
from support import s3
from support.mirror import MemoryStore


@dataclass(frozen=True)
class Place:
    """A store and a way to see what lies in it, which the store itself does not have."""

    store: Store
    content: Callable[[], dict[str, bytes]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Server]:
    """One S3 server for the module."""
    with s3.running(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture(params=["memory", "directory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each store, empty."""
    if request.param == "memory":
        memory = MemoryStore()
        return Place(memory, lambda: dict(memory.objects))
    if request.param == "directory":
        return Place(DirectoryStore(tmp_path / "store"), lambda: files(tmp_path / "store"))
    server: s3.Server = request.getfixturevalue("server")
    bucket = f"bucket-{abs(hash(request.node.name)) % 10**9}"
    server.make_bucket(bucket)
    writer = server.writer(bucket)
    store = S3Store(
        Target(
            kind=TargetKind.S3, digest="", endpoint=server.endpoint, bucket=bucket, region=s3.REGION
        ),
        Credentials(access_key_id=writer.access_key_id, secret_access_key=writer.secret_access_key),
    )
    return Place(store, lambda: server.objects(bucket))


def files(root: Path) -> dict[str, bytes]:
    """Files below a directory by their relative names."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_new_body_is_stored_under_its_name(place: Place) -> None:
    """What was put lies there whole, and nothing else does."""
    assert place.store.put("a/b/c.txt", b"body") == STORED
    assert place.content() == {"a/b/c.txt": b"body"}


def test_second_body_under_a_write_once_name_is_already_there(place: Place) -> None:
    """The first body stays as it is, whatever comes later."""
    assert place.store.put("log/x", b"first") == STORED
    assert place.store.put("log/x", b"second") == ALREADY_THERE
    assert place.store.put("log/x", b"first") == ALREADY_THERE
    assert place.content() == {"log/x": b"first"}


def test_mutable_name_takes_each_new_body(place: Place) -> None:
    """Only a put that says so replaces."""
    assert place.store.put("log/checkpoint", b"one", once=False) == STORED
    assert place.store.put("log/checkpoint", b"two", once=False) == STORED
    assert place.content() == {"log/checkpoint": b"two"}


def test_body_from_a_file_is_stored_whole(place: Place, tmp_path: Path) -> None:
    """A spooled object of several chunks arrives byte for byte."""
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 10_000)
    assert place.store.put("obj/aa/big", source) == STORED
    assert place.content()["obj/aa/big"] == source.read_bytes()


def test_empty_body_is_a_body(place: Place) -> None:
    """Nothing at all can be stored, and is there then."""
    assert place.store.put("empty", b"") == STORED
    assert place.store.put("empty", b"x") == ALREADY_THERE
    assert place.content() == {"empty": b""}


def test_store_has_no_public_method_but_put(place: Place) -> None:
    """One-way by type: there is no way to ask a store anything."""
    public = {name for name in dir(type(place.store)) if not name.startswith("_")}
    assert public == {"put"}
