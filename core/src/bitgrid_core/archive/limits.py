"""Every bound of archive format 1 in one place, for the writer and for the reader.

Invariant: a writer that keeps them never makes what a reader with the same limits refuses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on sizes and counts; bytes unless the name says otherwise."""

    leaf: int = 2 * 1024
    """One leaf document."""
    note: int = 16 * 1024
    """One signed note: a checkpoint or a key set."""
    note_signatures: int = 16
    """Signature lines of one note."""
    key_name: int = 200
    """Name of a verifier key, which is the log's origin."""
    age_header: int = 64 * 1024
    """Header of one age file."""
    age_stanzas: int = 64
    """Recipient stanzas of one age file."""
    recipients: int = 20
    """Recipients of one consent: their fingerprints fit into one leaf."""
    object_sealed: int = 8 * 1024 * 1024
    """One sealed object, ciphertext."""
    object_opened: int = 8 * 1024 * 1024
    """The tar inside one sealed object."""
    segment_target: int = 1024 * 1024
    """Plaintext at which the writer closes an object, at the next end of a slice."""
    segment_most: int = 6 * 1024 * 1024
    """Plaintext at which the writer closes an object in the midst of a slice."""
    manifest: int = 1024 * 1024
    """The manifest of one sealed object."""
    manifest_files: int = 2048
    """Files of one sealed object, its manifest not counted."""
    record: int = 1024 * 1024
    """One journal record of a slice, as a line."""
    log_size: int = 10**9
    """Leaves of one log; its checkpoints' names have twelve digits."""


LIMITS = Limits()
