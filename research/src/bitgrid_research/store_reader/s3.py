"""An archive in an S3 bucket, read with a credential that may list and get one prefix.

Knows boto3 and nothing of archives. Unlike the agent, the reader may retry freely: reading has
no effect. Invariant: no call but ``ListObjectsV2`` and ``GetObject`` leaves here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bitgrid_research.outcome import CannotCheck
from bitgrid_research.store_reader import CHUNK_SIZE, Listed, NotThere

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_GONE = frozenset({"NoSuchKey", "404"})
_PAST_END = frozenset({"InvalidRange", "416"})
_REMEDIES = {
    "AccessDenied": "Ask the owner for a reading credential of this prefix.",
    "NoSuchBucket": "Check the bucket's name.",
    "InvalidAccessKeyId": "Check the access key, or choose a --profile.",
    "SignatureDoesNotMatch": "Check the secret key, or choose a --profile.",
    "RequestTimeTooSkewed": "Set this machine's clock.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Which part of which bucket; ``prefix`` is empty or ends with a slash."""

    bucket: str
    prefix: str
    endpoint: str | None = None
    profile: str | None = None


class S3Reader:
    """Reads the layout of format 1 from a bucket."""

    def __init__(self, where: Bucket, connections: int) -> None:
        self._where = where
        config = Config(
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": 4},
            connect_timeout=10,
            read_timeout=60,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            session = boto3.session.Session(profile_name=where.profile)
            self._client: S3Client = session.client(
                "s3",
                endpoint_url=where.endpoint,
                region_name=session.region_name or "us-east-1",
                config=config,
            )
        except (BotoCoreError, ValueError) as error:
            raise _unreachable(where.bucket, error) from error

    def list_names(self, prefix: str) -> Iterator[Listed]:
        """Names below the archive's prefix, page by page."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._where.bucket, Prefix=self._where.prefix + prefix
        )
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    name = item["Key"].removeprefix(self._where.prefix)
                    yield Listed(name=name, size=item["Size"])
        except ClientError as error:
            raise _refused(self._where.bucket, error) from error
        except BotoCoreError as error:
            raise _unreachable(self._where.bucket, error) from error

    @contextmanager
    def read(self, name: str, start: int) -> Iterator[Iterator[bytes]]:
        """Bytes of one object from ``start``; nothing if it ends before."""
        try:
            answer = self._client.get_object(
                Bucket=self._where.bucket, Key=self._where.prefix + name, Range=f"bytes={start}-"
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _PAST_END:
                yield iter(())
                return
            if code in _GONE:
                raise NotThere(f"{name} is not there.", "Ask the owner of the archive.") from None
            raise _refused(name, error) from error
        except BotoCoreError as error:
            raise _unreachable(name, error) from error
        body = answer["Body"]
        try:
            yield body.iter_chunks(CHUNK_SIZE)
        except BotoCoreError as error:
            raise _unreachable(name, error) from error
        finally:
            body.close()


def _refused(what: str, error: ClientError) -> CannotCheck:
    code = error.response.get("Error", {}).get("Code", "unknown")
    remedy = _REMEDIES.get(code, "Check bucket, prefix, endpoint and credential.")
    return CannotCheck(f"The store refused {what}: {code}.", remedy)


def _unreachable(what: str, error: Exception) -> CannotCheck:
    text = str(error).splitlines()[0].rstrip(".")
    return CannotCheck(
        f"{what} cannot be read: {text}.", "Check the network, the endpoint and the credential."
    )
