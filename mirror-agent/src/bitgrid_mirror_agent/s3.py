"""An S3 bucket as store, by boto3's ``put_object`` and nothing else.

The body is signed and hashed, write-once is ``If-None-Match: *``, and botocore neither tries again
nor follows a redirect: the pusher decides. Credentials come from the settings alone, so that no
metadata service is ever asked. boto3 is imported with this module, which only a push to S3 loads.
"""

from __future__ import annotations

import base64
import hashlib
import io
import urllib.parse
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bitgrid_core.errors import BadInput, MissingDependency
from bitgrid_mirror_agent.consent import Target
from bitgrid_mirror_agent.store import ALREADY_THERE, STORED, Answer, Body, Outcome

_PRECONDITION_FAILED = 412
_CONFLICT = 409
_STOP = frozenset({301, 302, 307, 308, 400, 401, 403, 404, 405, 411, 413, 501})
_CLOCK = "RequestTimeTooSkewed"
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A write-only key of the bucket, and the authority that signs its server, if not a public one."""

    access_key_id: str
    secret_access_key: str
    ca_file: str = ""


class S3Store:
    """Objects below a prefix of a bucket.

    Args:
        target: endpoint, region and bucket of the consent.
        credentials: from the settings.

    Raises:
        MissingDependency: the settings hold no credentials.
        BadInput: the endpoint is neither https nor on this machine.
    """

    def __init__(self, target: Target, credentials: Credentials) -> None:
        if not (credentials.access_key_id and credentials.secret_access_key):
            raise MissingDependency(
                "No S3 credentials are set.",
                "Set s3_access_key_id and s3_secret_access_key in mirror.toml (mode 0600).",
            )
        _check_endpoint(target.endpoint)
        self._bucket = target.bucket
        self._client = boto3.client(
            "s3",
            endpoint_url=target.endpoint,
            region_name=target.region,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            verify=credentials.ca_file or None,
            config=Config(
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path", "payload_signing_enabled": True},
                connect_timeout=_TIMEOUT_S,
                read_timeout=_TIMEOUT_S,
                max_pool_connections=1,
            ),
        )
        self._client.meta.events.register_last("before-parameter-build.s3", _follow_no_redirect)

    def put(self, name: str, body: Body, *, once: bool = True) -> Answer:
        """Store a body; see ``Store``."""
        extra: Any = {"IfNoneMatch": "*"} if once else {}
        try:
            with _opened(body) as file:
                md5, sha256 = _hashes(file)
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=name,
                    Body=file,
                    ContentMD5=md5,
                    ChecksumSHA256=sha256,
                    **extra,
                )
        except ClientError as error:
            return _answer(error)
        except (BotoCoreError, OSError) as error:
            return Answer(outcome=Outcome.RETRY, reason=f"{type(error).__name__}: {error}")
        return STORED


def _check_endpoint(endpoint: str) -> None:
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise BadInput(
            f"Endpoint {endpoint!r} is not encrypted.", "Consent to an https:// address."
        )


def _opened(body: Body) -> BinaryIO:
    return io.BytesIO(body) if isinstance(body, bytes) else cast("BinaryIO", body.open("rb"))


def _hashes(file: BinaryIO) -> tuple[str, str]:
    """MD5 and SHA-256 in base64 of a file, which is then at its beginning again."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    while block := file.read(1024 * 1024):
        md5.update(block)
        sha256.update(block)
    file.seek(0)
    return base64.b64encode(md5.digest()).decode(), base64.b64encode(sha256.digest()).decode()


def _answer(error: ClientError) -> Answer:
    response = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = response.get("Error", {}).get("Code", "")
    if status == _PRECONDITION_FAILED:
        return ALREADY_THERE
    if code == _CLOCK:
        return Answer(outcome=Outcome.RETRY, reason="the clock of this machine is wrong")
    outcome = Outcome.STOP if status in _STOP else Outcome.RETRY
    return Answer(outcome=outcome, reason=f"HTTP {status} {code[:40]}".rstrip())


def _follow_no_redirect(context: dict[str, object], **_: object) -> None:
    """Tell botocore's region redirector that it has redirected already."""
    context["s3_redirect"] = {
        **cast("dict[str, object]", context["s3_redirect"]),
        "redirected": True,
    }
