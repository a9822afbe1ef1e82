"""From the text that a person types to the store that it means.

``s3://BUCKET/PREFIX`` is a bucket, everything else a folder. Only this module names the two
stores together.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from bitgrid_research.outcome import WrongUse
from bitgrid_research.settings import Settings
from bitgrid_research.store_reader import StoreReader
from bitgrid_research.store_reader.directory import DirectoryReader


def open_store(source: str, settings: Settings) -> StoreReader:
    """The store at ``source``.

    Raises:
        WrongUse: another scheme, or no bucket.
        CannotCheck: no such folder, or no usable profile.
    """
    if "://" not in source:
        return DirectoryReader(Path(source))
    parts = urlsplit(source)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise WrongUse(
            f"{source!r} is neither a folder nor s3://BUCKET/PREFIX.", "Give one of these two."
        )
    # boto3 takes half a second to import; a folder needs none of it.
    from bitgrid_research.store_reader.s3 import Bucket, S3Reader  # noqa: PLC0415

    prefix = parts.path.strip("/")
    where = Bucket(
        bucket=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=settings.endpoint,
        profile=settings.profile,
    )
    return S3Reader(where, connections=settings.jobs)
