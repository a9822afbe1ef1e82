"""Signed notes and verifier keys, against the published example of Go's note package."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bitgrid_core.archive import note
from bitgrid_core.archive.note import VerifierKey
from bitgrid_core.errors import BadInput, CheckFailed

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp"
    "RZb6KE6RyyBwJnAM=\n"
).encode()


def check(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 as the reader passes it in."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def key_pair(name: str) -> tuple[VerifierKey, Ed25519PrivateKey]:
    """A new key under a name."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return VerifierKey(name=name, algorithm=note.ED25519, public=public), private


def test_example_of_the_reference_implementation_verifies() -> None:
    """Key hash, signature line and signed bytes are those of the specification."""
    key = note.parse_verifier_key(GO_KEY)
    assert key.text == GO_KEY
    assert note.verify(note.parse(GO_NOTE), [key], check) == [key]


def test_changed_text_or_unknown_key_is_refused() -> None:
    """A note proves nothing without a known key's right signature."""
    changed = note.parse(GO_NOTE.replace(b"answer", b"ANSWER"))
    with pytest.raises(CheckFailed, match="wrong"):
        note.verify(changed, [note.parse_verifier_key(GO_KEY)], check)
    with pytest.raises(CheckFailed, match="No known key"):
        note.verify(note.parse(GO_NOTE), [key_pair("PeterNeumann")[0]], check)


def test_note_of_two_keys_verifies_with_either_and_ignores_strangers() -> None:
    """Rotation: a note signed by both sets is good for readers of both."""
    (one, private_one), (two, private_two) = key_pair("log/a"), key_pair("log/a")
    data = note.sign("text\n", [(one, private_one.sign), (two, private_two.sign)])
    assert note.verify(note.parse(data), [one], check) == [one]
    assert note.verify(note.parse(data), [two], check) == [two]
    assert note.verify(note.parse(data), [one, two], check) == [one, two]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\xe2\x80\x94 name !!!\n",
        b"text\n\n\xe2\x80\x94 name AAAA\n",
        b"text\n\n- name AAAAAAAA\n",
        b"te\x00xt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"\xff\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAAA",
        b"text\n\n" + b"\xe2\x80\x94 name AAAAAAAA\n" * 17,
        b"x" * 20_000,
    ],
)
def test_malformed_note_is_refused(data: bytes) -> None:
    """Bytes that are no note are bad input, not an exception of Python."""
    with pytest.raises(BadInput):
        note.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        GO_KEY.replace("c74f", "c74e"),
        GO_KEY.replace("+AR", "+BR"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY[:-4],
    ],
)
def test_malformed_verifier_key_is_refused(text: str) -> None:
    """A key is used only if its hash belongs to it."""
    with pytest.raises(BadInput):
        note.parse_verifier_key(text)


def test_fingerprint_is_the_same_in_every_shard_and_the_key_hash_is_not() -> None:
    """A reader pins the key, not its name."""
    one = key_pair("shard/0")[0]
    two = VerifierKey(name="shard/1", algorithm=one.algorithm, public=one.public)
    assert one.fingerprint == two.fingerprint
    assert one.key_id != two.key_id
