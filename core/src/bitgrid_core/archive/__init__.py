"""Archive format 1 as bytes: names, leaves, Merkle tiles, checkpoints, age headers, manifests.

Shared by the agent that writes an archive and the reader that checks one. It knows no file,
no network, no clock and no key: hashing is all the cryptography here, and signing or
verifying functions are passed in. Every parser has limits and raises `BadInput` for
malformed bytes, `CheckFailed` for well-formed bytes that prove nothing.
"""
