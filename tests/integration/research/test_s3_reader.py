"""The reader against a real S3 server that checks signatures and permissions, over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.forge import Forge, honest
from support.reader import research
from support.s3 import Server, User, running

BUCKET = "homes"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file."""
    with running(tmp_path_factory.mktemp("s3")) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture(scope="module")
def reader(server: Server) -> User:
    """A user that may list and get in the bucket, and nothing else."""
    return server.reader(BUCKET)


@pytest.fixture
def as_reader(monkeypatch: pytest.MonkeyPatch, reader: User, tmp_path: Path) -> None:
    """The reading credential stands where every S3 program looks for it."""
    become(monkeypatch, tmp_path, reader)


def become(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: User) -> None:
    """Use a user's keys and nobody else's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", user.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", user.secret_access_key)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def prefix_reader(server: Server, prefix: str) -> User:
    """A user that may list and get below one prefix and nothing else."""
    arn, name = f"arn:aws:s3:::{BUCKET}", f"reader-{prefix}"
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/{prefix}/*"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn,
            "Condition": {"StringLike": {"s3:prefix": f"{prefix}/*"}},
        },
    ]
    iam = server.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return User(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


def uploaded(server: Server, forge: Forge, prefix: str) -> None:
    """Put an archive's files into the bucket, as root."""
    client = server.client("s3")
    for path in forge.root.rglob("*"):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(forge.root).as_posix()}"
            client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())


@pytest.mark.usefixtures("as_reader")
def test_archive_in_a_bucket_is_pulled_and_proven(server: Server, tmp_path: Path) -> None:
    """Pull, verify and open over HTTP with a read-only credential, below a prefix."""
    forge = honest(tmp_path / "source")
    uploaded(server, forge, "berlin/house-1")
    key = tmp_path / "key.txt"
    key.write_text(f"{forge.reader}\n")
    source, workspace = f"s3://{BUCKET}/berlin/house-1", tmp_path / "w"
    pulled = research("pull", source, workspace, "--endpoint", server.endpoint, "--jobs", "4")
    assert (pulled.code, pulled.document["shards"][0]["strays"]) == (0, 0)
    options = ("--fingerprint", forge.fingerprint, "--identity", key)
    said = research("verify", workspace, *options)
    assert (said.code, said.document["shards"][0]["records"]) == (0, 6)
    again = research("pull", source, workspace, "--endpoint", server.endpoint)
    assert again.document["shards"][0]["fetched"] == 1


def test_reader_of_one_prefix_gets_that_archive_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The narrowest credential that a custodian can give is enough, and shows nothing else."""
    for name in ("mine", "foreign"):
        uploaded(server, honest(tmp_path / name), name)
    become(monkeypatch, tmp_path, prefix_reader(server, "mine"))
    endpoint = ("--endpoint", server.endpoint)
    assert research("pull", f"s3://{BUCKET}/mine", tmp_path / "w", *endpoint).code == 0
    foreign = research("pull", f"s3://{BUCKET}/foreign", tmp_path / "x", *endpoint)
    assert foreign.code == 4
    assert "AccessDenied" in foreign.document["error"]["message"]


@pytest.mark.usefixtures("as_reader")
def test_cut_download_from_a_bucket_goes_on(server: Server, tmp_path: Path) -> None:
    """A part that lies there is completed by a range request, and proven as a whole."""
    forge = honest(tmp_path / "source")
    uploaded(server, forge, "resumed")
    name = next(path for path in forge.folder.rglob("*.age"))
    relative = name.relative_to(forge.folder)
    part = tmp_path / "w" / "nodes" / forge.node / "s000" / "incoming" / f"{relative}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(name.read_bytes()[:100])
    said = research("pull", f"s3://{BUCKET}/resumed", tmp_path / "w", "--endpoint", server.endpoint)
    total = sum(path.stat().st_size for path in forge.root.rglob("*") if path.is_file())
    assert said.document["shards"][0]["fetched_bytes"] == total - 100
    assert research("verify", tmp_path / "w", "--fingerprint", forge.fingerprint).code == 0


@pytest.mark.usefixtures("as_reader")
def test_whole_part_in_a_bucket_asks_for_nothing_more(server: Server, tmp_path: Path) -> None:
    """A part that is complete but was not renamed is finished without a byte."""
    forge = honest(tmp_path / "source")
    uploaded(server, forge, "whole")
    part = tmp_path / "w" / "nodes" / forge.node / "s000" / "incoming" / "keys" / "000.note.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((forge.folder / "keys" / "000.note").read_bytes())
    said = research("pull", f"s3://{BUCKET}/whole", tmp_path / "w", "--endpoint", server.endpoint)
    assert said.code == 0
    assert research("verify", tmp_path / "w", "--fingerprint", forge.fingerprint).code == 0


@pytest.mark.usefixtures("as_reader")
def test_empty_prefix_cannot_be_checked(server: Server, tmp_path: Path) -> None:
    """A prefix without an archive is exit 4 with the remedy."""
    said = research("pull", f"s3://{BUCKET}/nothing", tmp_path / "w", "--endpoint", server.endpoint)
    assert said.code == 4


@pytest.mark.usefixtures("as_reader")
def test_bucket_that_is_not_there_cannot_be_checked(server: Server, tmp_path: Path) -> None:
    """No bucket of that name, or none that this user may see: exit 4, one sentence."""
    said = research("pull", "s3://elsewhere/x", tmp_path / "w", "--endpoint", server.endpoint)
    assert said.code == 4
    assert said.document["error"]["hint"]


def test_wrong_credentials_cannot_be_checked(
    server: Server, reader: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write-only user, a wrong secret and an unknown key are each exit 4 with a remedy."""
    wrong = User(access_key_id=reader.access_key_id, secret_access_key="wrong")
    unknown = User(access_key_id="AKIAUNKNOWN", secret_access_key="x")
    for user in (server.writer(BUCKET), wrong, unknown):
        become(monkeypatch, tmp_path, user)
        said = research("pull", f"s3://{BUCKET}/x", tmp_path / "w", "--endpoint", server.endpoint)
        assert said.code == 4, user
        assert "Traceback" not in str(said.document)


@pytest.mark.usefixtures("as_reader")
def test_server_that_does_not_answer_cannot_be_checked(
    tmp_path: Path,
) -> None:
    """Nobody listens there: exit 4, one sentence."""
    said = research("pull", f"s3://{BUCKET}/x", tmp_path / "w", "--endpoint", "http://127.0.0.1:9")
    assert said.code == 4


@pytest.mark.usefixtures("as_reader")
def test_endpoint_that_is_no_address_is_one_sentence(tmp_path: Path) -> None:
    """A mistyped endpoint: exit 4, one sentence."""
    said = research("pull", f"s3://{BUCKET}/x", tmp_path / "w", "--endpoint", "not an address")
    assert said.code == 4


@pytest.mark.usefixtures("as_reader")
def test_unknown_profile_is_one_sentence(tmp_path: Path) -> None:
    """A profile that does not exist: exit 4, with its name."""
    said = research("pull", f"s3://{BUCKET}/x", tmp_path / "w", "--profile", "nobody")
    assert said.code == 4
    assert "nobody" in said.document["error"]["message"]
