"""A real S3 server for the tests: ministack over HTTP, with signatures and permissions checked.

`running` starts it on a free loopback port; a bucket comes with users that may only write, or only
read, as the policies of a deployment say.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
ROOT = ("test", "test")
_START_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A key of the server."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server."""

    endpoint: str

    def client(self, service: str, user: User | None = None) -> Any:
        """A boto3 client for root or for a user, without retries."""
        key, secret = (user.access_key_id, user.secret_access_key) if user else ROOT
        return boto3.client(
            service,  # type: ignore[call-overload]  # one function for two services
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def make_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        self.client("s3").create_bucket(Bucket=name)

    def writer(self, bucket: str) -> User:
        """A user that may put objects, and is denied reading, listing and deleting."""
        return self._user(
            f"writer-{bucket}",
            [
                {
                    "Effect": "Allow",
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{bucket}/*",
                },
                {
                    "Effect": "Deny",
                    "Action": ["s3:Get*", "s3:List*", "s3:Delete*"],
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                },
            ],
        )

    def reader(self, bucket: str) -> User:
        """A user that may get and list, and nothing else."""
        return self._user(
            f"reader-{bucket}",
            [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:ListBucket"],
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                }
            ],
        )

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Everything in a bucket, as root sees it."""
        client = self.client("s3")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def _user(self, name: str, statements: list[dict[str, Any]]) -> User:
        iam = self.client("iam")
        iam.create_user(UserName=name)
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return User(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server that ends with the block; its output goes into ``folder``."""
    port = _free_port()
    environment = {
        **os.environ,
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3,iam,sts",
        "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            server = Server(endpoint=f"http://127.0.0.1:{port}")
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        assert process.poll() is None, "ministack ended at start"
        try:
            url = f"{server.endpoint}/_ministack/health"
            with urllib.request.urlopen(url, timeout=1) as answer:
                if json.load(answer)["auth"] == "enabled":
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("ministack did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
