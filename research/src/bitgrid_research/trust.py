"""Which keys a researcher trusts: fingerprints per node, pinned once after comparing by hand.

The pin is the root of everything that ``verify`` proves, so it comes from the owner by another
way than the archive: the appliance shows the same fingerprint. Kept as ``trust.json`` in the
workspace. Invariant: nothing pins by itself; a fetched key is shown, never trusted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bitgrid_core import codec
from bitgrid_core.archive import keyset, names, note
from bitgrid_core.errors import BadInput
from bitgrid_research.layout import ShardId
from bitgrid_research.outcome import CannotCheck, WrongUse
from bitgrid_research.workspace import Workspace, write_whole

_FILE = "trust.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Trusted fingerprints of each node."""

    nodes: Mapping[str, tuple[str, ...]]

    def of(self, node: str) -> tuple[str, ...]:
        """Fingerprints trusted for a node; empty for a stranger."""
        return self.nodes.get(node, ())

    def adding(self, node: str, fingerprint: str) -> Pins:
        """These pins and one more."""
        known = self.of(node)
        more = known if fingerprint in known else (*known, fingerprint)
        return Pins(nodes={**self.nodes, node: more})


def checked_fingerprint(text: str) -> str:
    """A fingerprint as typed or pasted: case, blanks and colons do not matter.

    Raises:
        WrongUse: not 64 hex digits.
    """
    plain = re.sub(r"[\s:]", "", text).lower()
    if not _FINGERPRINT.fullmatch(plain):
        raise WrongUse(
            f"{text!r} is not a fingerprint.", "Give the 64 hex digits that the appliance shows."
        )
    return plain


def read_pins(workspace: Workspace) -> Pins:
    """Pins of a workspace; none before the first.

    Raises:
        CannotCheck: the file is not what ``trust`` writes.
    """
    path = workspace.folder / _FILE
    try:
        document = codec.loads(path.read_bytes())
    except FileNotFoundError:
        return Pins(nodes={})
    except BadInput as error:
        raise _damaged(path) from error
    nodes = document.get("nodes") if isinstance(document, dict) else None
    if not isinstance(nodes, dict):
        raise _damaged(path)
    return Pins(nodes={node: _fingerprints(value, path) for node, value in nodes.items()})


def write_pins(workspace: Workspace, pins: Pins) -> None:
    """Keep pins in the workspace."""
    nodes: dict[str, codec.Json] = {node: list(known) for node, known in pins.nodes.items()}
    write_whole(workspace.folder / _FILE, codec.encode({"v": 1, "nodes": nodes}) + b"\n")


def shown_fingerprints(workspace: Workspace, shard: ShardId) -> tuple[str, ...]:
    """What the fetched first key set of a shard claims to be; empty if it is absent or malformed."""
    data = workspace.shard(shard).read(names.key_note(0))
    try:
        keys = keyset.parse(note.parse(data or b"").text).keys
    except BadInput:
        return ()
    return tuple(key.fingerprint for key in keys)


def pin(workspace: Workspace, fingerprint: str, node: str | None) -> tuple[str, ...]:
    """Trust a fingerprint for a node, or for every pulled node whose first key set shows it.

    Returns:
        The nodes that are trusted by it now.

    Raises:
        CannotCheck: no pulled node shows it and none was named.
    """
    wanted = checked_fingerprint(fingerprint)
    if node is not None and not names.is_node(node):
        raise WrongUse(f"{node!r} is not a node.", "Give its 16 hex digits; `ls` shows them.")
    nodes = [node] if node else _nodes_showing(workspace, wanted)
    if not nodes:
        raise CannotCheck(
            f"No pulled node has the fingerprint {wanted}.",
            "Compare it with the appliance again; do not trust the archive if they differ.",
        )
    pins = read_pins(workspace)
    for each in nodes:
        pins = pins.adding(each, wanted)
    write_pins(workspace, pins)
    return tuple(nodes)


def _nodes_showing(workspace: Workspace, fingerprint: str) -> list[str]:
    shards = workspace.shards()
    found = {s.node for s in shards if fingerprint in shown_fingerprints(workspace, s)}
    return sorted(found)


def _fingerprints(value: codec.Json, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _damaged(path)
    found = tuple(item for item in value if isinstance(item, str) and _FINGERPRINT.fullmatch(item))
    if len(found) != len(value):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> CannotCheck:
    return CannotCheck(f"{path} is damaged.", "Delete it and pin the fingerprints again.")
