"""The agent against a real S3 server with a write-only key, and hostile answers over real sockets."""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from bitgrid_core.errors import BadInput, MissingDependency, StorageError
from bitgrid_mirror_agent.cli import main
from bitgrid_mirror_agent.consent import Target, TargetKind
from bitgrid_mirror_agent.s3 import Credentials, S3Store
from bitgrid_mirror_agent.store import Outcome, Store
from support import s3
from support.independent import newest, verified_leaves
from support.mirror import House

BUCKET = "archive-one"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Server]:
    """One S3 server with one bucket."""
    with s3.running(tmp_path_factory.mktemp("s3")) as found:
        found.make_bucket(BUCKET)
        yield found


def store_for(user: s3.User) -> Callable[[Target], Store]:
    """A factory of stores with a user's key."""

    def open_store(target: Target) -> Store:
        return S3Store(
            target,
            Credentials(access_key_id=user.access_key_id, secret_access_key=user.secret_access_key),
        )

    return open_store


def test_archive_in_a_bucket_verifies_and_the_writer_cannot_read_it(
    server: s3.Server, tmp_path: Path
) -> None:
    """Signed, checksummed, conditional puts by a key that is denied everything else."""
    user = server.writer(BUCKET)
    house = House(tmp_path / "data")
    house.grant(
        target={
            "kind": "s3",
            "endpoint": server.endpoint,
            "bucket": BUCKET,
            "prefix": "homes/",
            "region": s3.REGION,
        }
    )
    house.close_slice(5)
    house.agent(store=store_for(user)).turn()
    house.close_slice(5)
    status = house.agent(store=store_for(user)).turn()
    assert status.root is not None
    assert status.root.startswith("homes/v1/")
    objects = server.objects(BUCKET)
    inside = {name.removeprefix(status.root): body for name, body in objects.items()}
    leaves = verified_leaves(inside.__getitem__, newest(list(inside)))
    named = {f"obj/{one['obj'][:2]}/{one['obj']}.age" for one in leaves if "obj" in one}
    assert named == {name for name in inside if name.startswith("obj/")}
    assert status.bytes_pushed >= sum(len(body) for body in inside.values())
    client = server.client("s3", user)
    key = next(iter(objects))
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_object(Bucket=BUCKET, Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_objects_v2(Bucket=BUCKET)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=BUCKET, Key=key)


def test_command_takes_the_credentials_from_its_settings_file(
    server: s3.Server, tmp_path: Path
) -> None:
    """``bitgrid-mirror once`` needs nothing but the consent and a file of mode 0600."""
    server.make_bucket("archive-two")
    user = server.writer("archive-two")
    house = House(tmp_path / "data")
    house.grant(
        target={
            "kind": "s3",
            "endpoint": server.endpoint,
            "bucket": "archive-two",
            "prefix": "",
            "region": s3.REGION,
        }
    )
    house.close_slice(3)
    settings = house.data / "mirror.toml"
    settings.touch(0o600)
    settings.write_text(
        f's3_access_key_id = "{user.access_key_id}"\n'
        f's3_secret_access_key = "{user.secret_access_key}"\n'
    )
    assert main(["once", "--data", str(house.data), "--clock", "outbox"]) == 0
    names = list(server.objects("archive-two"))
    assert sum("/obj/" in name for name in names) == 1


def test_wrong_secret_pauses_with_an_alarm(server: s3.Server, tmp_path: Path) -> None:
    """The signature is checked by the server, and its no is not tried again in a loop."""
    user = server.writer(BUCKET + "-x")
    wrong = s3.User(access_key_id=user.access_key_id, secret_access_key="wrong")
    house = House(tmp_path / "data")
    house.grant(
        target={
            "kind": "s3",
            "endpoint": server.endpoint,
            "bucket": BUCKET,
            "prefix": "",
            "region": s3.REGION,
        }
    )
    with pytest.raises(StorageError, match="SignatureDoesNotMatch"):
        house.agent(store=store_for(wrong)).turn()
    assert house.status()["state"] == "paused"


def test_missing_credentials_are_named_before_anything_is_sent(server: s3.Server) -> None:
    """No other source of credentials is asked."""
    with pytest.raises(MissingDependency, match="credentials"):
        S3Store(target(server.endpoint), Credentials(access_key_id="", secret_access_key=""))


def test_unencrypted_endpoint_elsewhere_is_refused() -> None:
    """Neither key nor object leaves the house in the clear."""
    with pytest.raises(BadInput, match="not encrypted"):
        S3Store(
            target("http://store.example"),
            Credentials(access_key_id="a", secret_access_key="b"),
        )


def target(endpoint: str) -> Target:
    """A target at an endpoint."""
    return Target(
        kind=TargetKind.S3, digest="", endpoint=endpoint, bucket="bucket", region=s3.REGION
    )


@contextmanager
def answering(
    status: int, headers: dict[str, str], body: bytes = b""
) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every request alike and writes down what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """One answer for everything."""

        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            """Answer, after the body was taken."""
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT  # noqa: N815 - the base class calls it so
        do_HEAD = do_PUT  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", asked
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.STORED),
        (412, Outcome.ALREADY_THERE),
        (400, Outcome.STOP),
        (403, Outcome.STOP),
        (501, Outcome.STOP),
        (301, Outcome.STOP),
        (307, Outcome.STOP),
        (409, Outcome.RETRY),
        (429, Outcome.RETRY),
        (500, Outcome.RETRY),
        (503, Outcome.RETRY),
    ],
)
def test_only_the_status_counts_and_it_is_asked_once(status: int, outcome: Outcome) -> None:
    """One request a put: no retry inside botocore, no redirect, no question about the region."""
    with answering(302, {}) as (elsewhere, asked_elsewhere):
        headers = {"Location": elsewhere + "/x", "x-amz-bucket-region": "eu-west-1"}
        with answering(status, headers) as (endpoint, asked):
            store = S3Store(target(endpoint), Credentials(access_key_id="a", secret_access_key="b"))
            assert store.put("name", b"body").outcome is outcome
    assert asked == ["PUT /bucket/name"]
    assert asked_elsewhere == []


def test_success_with_an_error_document_is_no_success() -> None:
    """Some stores say 200 and mean it not."""
    error = b"<Error><Code>InternalError</Code><Message>sorry</Message></Error>"
    with answering(200, {"Content-Type": "application/xml"}, error) as (endpoint, _):
        store = S3Store(target(endpoint), Credentials(access_key_id="a", secret_access_key="b"))
        assert store.put("name", b"body").outcome is Outcome.RETRY


def test_unreachable_endpoint_is_tried_again_later() -> None:
    """Nothing listens there: the answer is retry, not an exception."""
    store = S3Store(
        target("http://127.0.0.1:9"), Credentials(access_key_id="a", secret_access_key="b")
    )
    assert store.put("name", b"body").outcome is Outcome.RETRY


def test_write_once_put_is_conditional_signed_and_checksummed() -> None:
    """The request carries what the design promises."""
    seen: list[dict[str, str]] = []

    class Recorder(BaseHTTPRequestHandler):
        """Keeps the headers."""

        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            """Take the body, keep the headers."""
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        store = S3Store(
            target(f"http://127.0.0.1:{http.server_port}"),
            Credentials(access_key_id="a", secret_access_key="b"),
        )
        store.put("name", b"body")
        store.put("name", b"body", once=False)
        http.shutdown()
        thread.join()
    once, mutable = seen
    assert once["if-none-match"] == "*"
    assert "if-none-match" not in mutable
    for headers in seen:
        assert headers["content-md5"] == "hBotaJrYa9FhFEdFPCLG/A=="
        assert (
            base64.b64decode(headers["x-amz-checksum-sha256"]) == hashlib.sha256(b"body").digest()
        )
        assert len(headers["x-amz-content-sha256"]) == 64
        assert "AWS4-HMAC-SHA256" in headers["authorization"]
        assert "x-amz-trailer" not in headers
