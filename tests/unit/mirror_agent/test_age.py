"""The encrypting side of age, opened by another implementation."""

import io
import secrets

import pyrage
import pytest

from bitgrid_core.archive import age_header, bech32
from bitgrid_core.errors import BadInput
from bitgrid_mirror_agent.age import AgeWriter

CHUNK = age_header.CHUNK_SIZE


def encrypted(data: bytes, *identities: pyrage.x25519.Identity) -> bytes:
    """A file for some identities."""
    sink = io.BytesIO()
    recipients = [bech32.decode(str(one.to_public()))[1] for one in identities]
    with AgeWriter(sink, recipients, secrets.token_bytes) as writer:
        for start in range(0, len(data), 1000):
            writer.write(data[start : start + 1000])
    return sink.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_file_of_any_size_opens_for_each_recipient(size: int) -> None:
    """Chunk borders are where the format wants them, for one recipient as for three."""
    identities = [pyrage.x25519.Identity.generate() for _ in range(3)]
    data = secrets.token_bytes(size)
    sealed = encrypted(data, *identities)
    for identity in identities:
        assert pyrage.decrypt(sealed, [identity]) == data


def test_other_identity_or_changed_byte_opens_nothing() -> None:
    """Header, MAC and payload are all protected."""
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    sealed = encrypted(b"secret", mine)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [other])
    for index in range(0, len(sealed), 5):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(pyrage.DecryptError):
            pyrage.decrypt(changed, [mine])


def test_same_plaintext_twice_gives_different_files() -> None:
    """Every file has its own keys, so that equal days do not look equal."""
    identity = pyrage.x25519.Identity.generate()
    one, two = encrypted(b"same", identity), encrypted(b"same", identity)
    assert age_header.parse(one).stanzas != age_header.parse(two).stanzas
    assert one[-20:] != two[-20:]


@pytest.mark.parametrize("recipients", [[], [bytes(32)]])
def test_nobody_or_a_weak_key_as_recipient_is_refused(recipients: list[bytes]) -> None:
    """A key of low order would let everybody open the file."""
    with pytest.raises(BadInput):
        AgeWriter(io.BytesIO(), recipients, secrets.token_bytes)
