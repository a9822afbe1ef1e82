"""Policies that ship with the appliance, and reading an owner's: YAML to values, at the edge.

YAML's numbers are read as decimal text, never as binary fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import yaml

from bitgrid_core.errors import BadInput
from bitgrid_core.policy import Policy, parse_policy

MAX_BYTES: Final = 256 * 1024
DEMO: Final = "demo.yaml"


class _DecimalLoader(yaml.SafeLoader):
    """Safe YAML in which 0.8 is the text 0.8."""


def _as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_DecimalLoader.add_constructor("tag:yaml.org,2002:float", _as_text)


def load_document(path: Path) -> Mapping[str, object]:
    """A YAML (or JSON) document of keys and values.

    Raises:
        BadInput: it cannot be read, is too long, or is no such document.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error
    if len(data) > MAX_BYTES:
        raise BadInput(f"{path} is longer than {MAX_BYTES} bytes.", "Shorten it.")
    return _document(data, str(path))


def demo_policy() -> Policy:
    """The policy of the demo."""
    return parse_policy(demo_document())


def demo_document() -> Mapping[str, object]:
    """The demo's policy in people's units."""
    data = (resources.files("bitgrid_appliance.policies") / DEMO).read_bytes()
    return _document(data, DEMO)


def read_policy(path: Path | None) -> Policy:
    """The policy of a file, or the demo's.

    Raises:
        BadInput: naming every fault.
    """
    return demo_policy() if path is None else parse_policy(load_document(path))


def _document(data: bytes, name: str) -> Mapping[str, object]:
    try:
        found: Any = yaml.load(data, Loader=_DecimalLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        text = " ".join(str(error).split())
        raise BadInput(f"{name} is not YAML: {text}.", "Check its indentation.") from error
    if not isinstance(found, Mapping):
        raise BadInput(f"{name} holds no keys and values.", "Write lines such as version: 1.")
    return cast("Mapping[str, object]", found)
