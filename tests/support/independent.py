"""An archive checked and opened without any code of ours: hashlib, cryptography, age, zstd, tar."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Fetch = Callable[[str], bytes]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def tree(leaves: list[bytes]) -> bytes:
    """RFC 6962, as the text of section 2.1 says it."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:]))


def verified_leaves(fetch: Fetch, checkpoint: str) -> list[dict[str, Any]]:
    """The leaves under a checkpoint, after signature, root, tiles and entries were checked."""
    text, _, signatures = fetch(checkpoint).partition(b"\n\n")
    name, coded = signatures.decode().split("\n")[0].removeprefix("\u2014 ").split(" ")
    key_name, key_id, key_text = fetch("keys/000.note").decode().split("\n")[2].split("+", 2)
    key, signature = base64.b64decode(key_text), base64.b64decode(coded)
    assert name == key_name == text.decode().split("\n")[0]
    assert key[0] == 1
    assert signature[:4].hex() == key_id == sha256(f"{name}\n".encode() + key)[:4].hex()
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text + b"\n")
    _, size, root = text.decode().split("\n")[:3]
    leaves: list[bytes] = []
    while len(leaves) < int(size):
        start, width = len(leaves), min(256, int(size) - len(leaves))
        tail = f"{start // 256:03d}" + ("" if width == 256 else f".p/{width}")
        data = fetch(f"log/tile/entries/{tail}")
        while data:
            end = 2 + int.from_bytes(data[:2], "big")
            leaves.append(data[2:end])
            data = data[end:]
        hashes = b"".join(sha256(b"\0" + leaf) for leaf in leaves[start:])
        assert fetch(f"log/tile/0/{tail}") == hashes
    assert tree(leaves) == base64.b64decode(root)
    return [json.loads(leaf) for leaf in leaves]


def newest(names: list[str]) -> str:
    """The authoritative checkpoint among object names."""
    return max(name for name in names if name.startswith("log/checkpoint.d/"))


def leaves_of(root: Path) -> list[dict[str, Any]]:
    """Verified leaves of a shard in a directory."""
    names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return verified_leaves(lambda name: (root / name).read_bytes(), newest(names))


def opened(sealed: Path, key_file: Path) -> dict[str, bytes]:
    """Files of a sealed object by the stock programs."""
    age = subprocess.run(
        ["age", "-d", "-i", key_file, sealed], capture_output=True, check=True, timeout=20
    )
    zstd = subprocess.run(
        ["zstd", "-d", "-q"], input=age.stdout, capture_output=True, check=True, timeout=20
    )
    return unpacked(zstd.stdout)


def unpacked(data: bytes) -> dict[str, bytes]:
    """Files of a tar."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {one.name: tar.extractfile(one) for one in tar}
        return {name: file.read() for name, file in found.items() if file is not None}


def records_of(root: Path, key_file: Path) -> list[dict[str, object]]:
    """All records of a shard, opened with stock programs in the order of its leaves."""
    found = []
    for leaf in leaves_of(root):
        if leaf["kind"] == "logs":
            files = opened(root / f"obj/{leaf['obj'][:2]}/{leaf['obj']}.age", key_file)
            manifest = json.loads(files["manifest.json"])
            assert (
                leaf["journal_head"]
                == sha256(bytes.fromhex(manifest["salt"] + manifest["head_after"])).hex()
            )
            for part in manifest["files"]:
                found += [json.loads(line) for line in files[part["name"]].splitlines()]
    return found
