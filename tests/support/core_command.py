"""Core's verbs as the command runs them: arguments in, exit code and text out, in this process."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bitgrid_core.cli import Services, add_verbs
from bitgrid_core.cli.services import read_json
from bitgrid_core.errors import BitgridError


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a verb answered.

    Attributes:
        code: the exit code.
        out: standard output.
        err: the sentence of the error, or what the parser said.
    """

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as one JSON object."""
        return cast("dict[str, Any]", json.loads(self.out))


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key that signs anchors."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """Public side, hex."""
        return self.key.public_key().public_bytes_raw().hex()

    def __call__(self, data: bytes) -> tuple[str, str]:
        """Signature and public key, hex."""
        return self.key.sign(data).hex(), self.public


def signer(seed: int = 1) -> Signer:
    """A key that is the same in every run."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def check_signature(data: bytes, signature: str, public_key: str) -> bool:
    """Whether bytes carry that Ed25519 signature."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), data)
    except (ValueError, InvalidSignature):
        return False
    return True


def core(*words: object) -> Said:
    """Run one verb; a traceback is a failing test."""
    parser = ArgumentParser(prog="bitgrid")
    verbs = parser.add_subparsers(required=True)
    add_verbs(verbs, Services(check_signature=check_signature, load_document=_load))
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            args = parser.parse_args([str(word) for word in words])
            code = args.run(args)
        except SystemExit as ended:
            code = cast("int", ended.code)
        except BitgridError as error:
            code = error.exit_code
            err.write(str(error))
    return Said(code=code, out=out.getvalue(), err=err.getvalue())


def _load(path: Path) -> Mapping[str, object]:
    return read_json(path)
