"""Makes a sealed object: tar, zstd level 1, Padmé padding, age — opened by ``age -d | zstd -d | tar x``.

Streams into a file of the spool and names it by the hash of its ciphertext. The tar is the same for
the same segment: no times, no owners. The padding is a last, skippable zstd frame, so that what age
encrypts has a Padmé length and every zstd passes over it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from bitgrid_core.archive import manifest as manifests
from bitgrid_core.archive.manifest import Manifest
from bitgrid_core.archive.padding import frame
from bitgrid_core.errors import StorageError
from bitgrid_mirror_agent.age import AgeWriter, Random, Sink
from bitgrid_mirror_agent.consent import Consent
from bitgrid_mirror_agent.durable import Hook, sync_directory
from bitgrid_mirror_agent.segments import Segment

SALT_SIZE = 32
LEVEL = 1
SUFFIX = ".age"
TEMPORARY = "sealing.tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed object that lies in the spool, durable and named."""

    sha256: str
    size: int
    path: Path
    manifest: Manifest


class _Tee:
    """Passes bytes on, and counts and hashes them."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._sink.write(data)
        self.size += len(data)
        self.sha256.update(data)
        return len(data)


class Sealer:
    """Seals segments into a spool directory.

    Args:
        spool: where sealed objects wait.
        random: source of salts and of age's keys.
        hook: told each durable step.
    """

    def __init__(self, spool: Path, random: Random, hook: Hook) -> None:
        self._spool = spool
        self._random = random
        self._hook = hook

    def seal(self, segment: Segment, consent: Consent) -> Sealed:
        """A segment, encrypted once for the consent's recipients.

        Raises:
            StorageError: the spool cannot be written.
        """
        manifest = describe(segment, consent, self._random(SALT_SIZE).hex())
        files = [(manifests.NAME, manifests.encode(manifest))]
        files += [(p.name, c) for p, c in zip(segment.parts, segment.contents, strict=True)]
        temporary = self._spool / TEMPORARY
        try:
            with temporary.open("wb") as file:
                tee = _Tee(file)
                with AgeWriter(
                    tee, [one.public for one in consent.recipients], self._random
                ) as age:
                    write_padded(age, files)
                self._hook("spool.sync")
                file.flush()
                os.fsync(file.fileno())
            sha256 = tee.sha256.hexdigest()
            path = self._spool / (sha256 + SUFFIX)
            self._hook("spool.rename")
            temporary.rename(path)
            sync_directory(self._spool)
        except OSError as error:
            raise StorageError(
                f"The spool {self._spool} cannot be written: {error.strerror}.",
                "Free some disk space or give the agent write access.",
            ) from error
        self._hook("spool.sealed")
        return Sealed(sha256=sha256, size=tee.size, path=path, manifest=manifest)


def describe(segment: Segment, consent: Consent, salt: str) -> Manifest:
    """The manifest of a segment."""
    starts = [one.first_block for one in segment.slices if one.first_block is not None]
    ends = [one.last_block for one in segment.slices if one.last_block is not None]
    return Manifest(
        stream=segment.stream,
        first=segment.first,
        last=segment.last,
        first_block=min(starts, default=None),
        last_block=max(ends, default=None),
        head_before=segment.parts[0].head_before,
        head_after=segment.parts[-1].head_after,
        files=segment.parts,
        policy_digests=tuple(sorted({d for one in segment.slices for d in one.policy_digests})),
        software=tuple(sorted({one.software for one in segment.slices})),
        profile=consent.profile.value,
        consent=consent.id,
        salt=salt,
    )


def write_padded(sink: Sink, files: Sequence[tuple[str, bytes]]) -> None:
    """Write files as a zstd-compressed tar of Padmé length."""
    counted = _Tee(sink)
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    with compressor.stream_writer(cast("BinaryIO", counted), closefd=False) as stream:
        write_tar(cast("BinaryIO", stream), files)
    counted.write(frame(counted.size))


def write_tar(sink: BinaryIO, files: Sequence[tuple[str, bytes]]) -> None:
    """Write files as a tar that depends on nothing but their names and contents."""
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
