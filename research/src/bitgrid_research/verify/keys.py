"""From the pinned fingerprint to the keys that may sign a shard's checkpoints.

Must not know checkpoints. Invariants: a key counts only if the pinned key vouches for it,
directly or along the numbered sets; without a pin there are no keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bitgrid_core.archive import keyset, names, note
from bitgrid_core.archive.note import VerifierKey
from bitgrid_core.errors import BadInput, BitgridError, CheckFailed
from bitgrid_research.layout import ShardId
from bitgrid_research.outcome import Outcome
from bitgrid_research.verify.findings import Findings
from bitgrid_research.workspace import ShardFolder


def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is of this message by this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def trusted_keys(
    folder: ShardFolder, shard: ShardId, pinned: Sequence[str], found: Findings
) -> tuple[VerifierKey, ...]:
    """Every key of a shard that the pinned fingerprints vouch for; none if they do not."""
    first = names.key_note(0)
    data = folder.read(first)
    if data is None:
        found.missing(first, "The key note that a pin refers to is missing.")
        return ()
    try:
        keys = _key_set(data, shard, 0).keys
    except BadInput as error:
        _reject(folder, first, found, error)
        return ()
    if not pinned:
        _ask_for_a_pin(keys, shard, found)
        return ()
    try:
        note.verify(note.parse(data), _vouching(keys, pinned), signature_holds)
    except CheckFailed as error:
        _reject(folder, first, found, error)
        return ()
    folder.accept(first)
    return _later_keys(folder, shard, keys, found)


def _vouching(keys: Sequence[VerifierKey], pinned: Sequence[str]) -> list[VerifierKey]:
    vouching = [key for key in keys if key.fingerprint in pinned]
    if not vouching:
        raise CheckFailed("It holds another key than the pinned one.", "Compare them again.")
    return vouching


def _later_keys(
    folder: ShardFolder, shard: ShardId, keys: tuple[VerifierKey, ...], found: Findings
) -> tuple[VerifierKey, ...]:
    """Add the sets that follow, each signed by the one before."""
    held = folder.names("keys")
    trusted, before = list(keys), keys
    for number in range(1, len(held)):
        name = names.key_note(number)
        data = folder.read(name)
        if data is None:
            found.missing(name, "A key note is missing between two others.")
            break
        try:
            following = _key_set(data, shard, number)
            parsed = note.parse(data)
            note.verify(parsed, before, signature_holds)
            note.verify(parsed, following.keys, signature_holds)
        except (BadInput, CheckFailed) as error:
            _reject(folder, name, found, error)
            break
        folder.accept(name)
        before = following.keys
        trusted += before
    return tuple(trusted)


def _key_set(data: bytes, shard: ShardId, number: int) -> keyset.KeySet:
    found = keyset.parse(note.parse(data).text)
    if (found.origin, found.number) != (shard.origin, number):
        raise BadInput(f"It is key set {found.number} of {found.origin}.", "Do not trust it.")
    return found


def _reject(folder: ShardFolder, name: str, found: Findings, error: BitgridError) -> None:
    folder.reject(name)
    found.tampered(name, error.message)


def _ask_for_a_pin(keys: Sequence[VerifierKey], shard: ShardId, found: Findings) -> None:
    shown = ", ".join(key.fingerprint for key in keys)
    found.add(
        Outcome.CANNOT_CHECK,
        names.key_note(0),
        f"Node {shard.node} is not trusted yet: compare {shown} with what its appliance shows, "
        "then run `bitgrid-research trust WORKSPACE FINGERPRINT`.",
    )
