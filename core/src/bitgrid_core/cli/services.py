"""What the verbs need from outside of core, and how they read files and print."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, TypeAlias, cast

from bitgrid_core.cli.days import OpenLines
from bitgrid_core.errors import BadInput, Refused
from bitgrid_core.journal.anchors import CheckSignature

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"
Run: TypeAlias = Callable[[Namespace], int]
RunVersion: TypeAlias = Callable[[Path, Sequence[str]], tuple[int, str]]
"""Runs the `bitgrid` of another version with these words: exit code and standard output."""

MAX_INPUT_BYTES: Final = 16 * 1024 * 1024


def _runs_nothing(program: Path, _words: Sequence[str]) -> tuple[int, str]:
    raise Refused(f"{program} cannot be run from here.", "Use the command bitgrid.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Functions that core's verbs are given.

    Attributes:
        check_signature: checks an anchor's Ed25519 signature.
        load_document: reads a policy or configuration file (YAML, of which JSON is a part).
        openers: by suffix, how a compressed file is opened.
        run_version: runs another version; core itself starts no process.
    """

    check_signature: CheckSignature
    load_document: Callable[[Path], Mapping[str, object]]
    openers: Mapping[str, OpenLines] = field(default_factory=dict)
    run_version: RunVersion = _runs_nothing


def read_json(path: Path) -> dict[str, object]:
    """A JSON object with exact decimals; NaN and infinities become ``None``.

    Raises:
        BadInput: no file, too large, or not a JSON object.
    """
    try:
        data = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1) if str(path) == "-" else _read(path)
        value = json.loads(data, parse_float=Decimal, parse_constant=lambda _text: None)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise BadInput(f"{path} is not JSON: {error}.", "Check the file.") from error
    if not isinstance(value, dict):
        raise BadInput(f"{path} is not a JSON object.", 'Write {"state": {…}}.')
    return cast("dict[str, object]", value)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_INPUT_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error
    if len(data) > MAX_INPUT_BYTES:
        raise BadInput(f"{path} is larger than {MAX_INPUT_BYTES} bytes.", "Use a smaller file.")
    return data


def print_json(value: object, *, pretty: bool) -> None:
    """JSON on standard output, indented for people."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, sort_keys=not pretty))
