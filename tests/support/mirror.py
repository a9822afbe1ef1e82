"""A house for the agent's tests: an outbox, a signed consent, an agent with a chosen store.

Records and slices are made here from the contract's text, not by core's code, so that the agent is
tested against the form itself.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bitgrid_core import codec
from bitgrid_mirror_agent import instants
from bitgrid_mirror_agent.agent import Agent, World
from bitgrid_mirror_agent.consent import Target
from bitgrid_mirror_agent.directory import DirectoryStore
from bitgrid_mirror_agent.durable import Hook, no_hook
from bitgrid_mirror_agent.settings import Clock, Settings
from bitgrid_mirror_agent.store import ALREADY_THERE, STORED, Answer, Body, Outcome, Store
from support.independent import leaves_of

ZERO_HEAD = "0" * 64
DAY_MS = 86_400_000
START_MS = instants.parse("2024-06-01T00:00:00.000Z")
SECRET_TEXT = "Rosenweg 7"


def record(seq: int, prev: str, size: int = 0) -> dict[str, Any]:
    """A journal record whose private part names a place."""
    return {
        "seq": seq,
        "at": instants.write(START_MS + seq * 600_000),
        "kind": "decision",
        "body": {"block_id": seq, "load": "load-1", "filler": "x" * size},
        "private": {"place": SECRET_TEXT},
        "salt": hashlib.sha256(str(seq).encode()).hexdigest()[:32],
        "prev": prev,
    }


def record_hash(one: dict[str, Any]) -> str:
    """A record's hash, redacted or not, as the contract defines it."""
    commit = one.get("private_commit")
    if commit is None:
        salted = bytes.fromhex(one["salt"]) + codec.encode(one["private"])
        commit = hashlib.sha256(salted).hexdigest()
    kept = {name: one[name] for name in ("seq", "at", "kind", "body", "prev")}
    return codec.digest({**kept, "private_commit": commit})


@dataclass
class House:
    """One data directory with everything that core would have written."""

    data: Path
    head: str = ZERO_HEAD
    seq: int = 0
    core: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    owner: Any = field(default_factory=pyrage.x25519.Identity.generate)
    researcher: Any = field(default_factory=pyrage.x25519.Identity.generate)

    def __post_init__(self) -> None:
        (self.data / "keys").mkdir(parents=True)
        (self.data / "outbox" / "logs").mkdir(parents=True)
        (self.data / "keys" / "core.pub").write_text(self.core_public)

    @property
    def core_public(self) -> str:
        """Core's public key in hex."""
        return self.core.public_key().public_bytes_raw().hex()

    @property
    def archive(self) -> Path:
        """The directory store that ``grant`` names."""
        return self.data / "archive"

    def close_slice(self, count: int, *, at_ms: int | None = None, size: int = 0) -> Path:
        """Close one slice of ``count`` new records."""
        before, lines = self.head, []
        first = self.seq + 1
        for _ in range(count):
            self.seq += 1
            one = record(self.seq, self.head, size)
            lines.append(codec.encode(one) + b"\n")
            self.head = record_hash(one)
        closed_ms = START_MS + self.seq * 600_000 if at_ms is None else at_ms
        content = b"".join(lines)
        path = self.data / "outbox" / "logs" / f"{first:012d}-{self.seq:012d}.jsonl"
        path.write_bytes(content)
        entry: dict[str, Any] = {
            "v": 1,
            "stream": "logs",
            "first": first,
            "last": self.seq,
            "file": path.name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "head_before": before,
            "head_after": self.head,
            "first_block": first,
            "last_block": self.seq,
            "closed_at": instants.write(closed_ms),
            "policy_digests": ["a" * 64],
            "software": "bitgrid-core 0.1.0",
        }
        with (path.parent / "index.jsonl").open("ab") as index:
            index.write(codec.encode(entry) + b"\n")
        return path

    def grant(self, **changes: Any) -> dict[str, Any]:
        """Sign and write a consent; ``changes`` replace its fields."""
        body: dict[str, Any] = {
            "v": 1,
            "id": "consent-1",
            "streams": ["logs"],
            "purpose": "research",
            "target": {"kind": "directory", "path": str(self.archive)},
            "recipients": [
                {"name": "Owner", "recipient": str(self.owner.to_public()), "role": "owner"},
                {
                    "name": "Lab",
                    "recipient": str(self.researcher.to_public()),
                    "role": "researcher",
                },
            ],
            "profile": "full",
            "heartbeat_s": 86_400,
            "valid_from": instants.write(START_MS),
            "valid_until": instants.write(START_MS + 400 * DAY_MS),
            "granted_by": "user-1",
            "granted_at": instants.write(START_MS),
            **changes,
        }
        self.write_consent(body, self.core)
        return body

    def write_consent(self, body: dict[str, Any], key: Ed25519PrivateKey) -> None:
        """Write a consent signed by any key."""
        document: dict[str, Any] = {
            "consent": body,
            "signature": key.sign(codec.encode(body)).hex(),
            "public_key": key.public_key().public_bytes_raw().hex(),
        }
        (self.data / "consent.json").write_bytes(codec.encode(document))

    def withdraw(self) -> None:
        """Remove the consent, as core does."""
        (self.data / "consent.json").unlink()

    def settings(self, clock: Clock = Clock.WALL) -> Settings:
        """Settings that point into the house."""
        return Settings(
            outbox=self.data / "outbox",
            consent=self.data / "consent.json",
            core_pub=self.data / "keys" / "core.pub",
            state=self.data / "mirror",
            clock=clock,
        )

    def agent(
        self,
        *,
        now_ms: int = START_MS + DAY_MS,
        store: Callable[[Target], Store] | None = None,
        hook: Hook = no_hook,
    ) -> Agent:
        """An agent at a fixed time that never really waits."""
        world = World(
            now_ms=lambda: now_ms,
            random=secrets.token_bytes,
            draw=lambda: 0,
            wait=lambda _ms: False,
            open_store=store or (lambda target: DirectoryStore(Path(target.path), hook)),
            hook=hook,
            progress=lambda _snapshot: None,
        )
        return Agent(self.settings(), world)

    def status(self) -> dict[str, Any]:
        """The agent's status file."""
        found: dict[str, Any] = json.loads((self.data / "mirror" / "status.json").read_text())
        return found


def shards(archive: Path) -> list[Path]:
    """Roots of all shards below a directory store."""
    return sorted(archive.glob("v1/*/s???"))


def sequence_numbers(lines: Iterable[bytes]) -> list[int]:
    """Sequence numbers of records."""
    return [json.loads(line)["seq"] for line in lines]


class MemoryStore:
    """The fake of the store's contract suite."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, name: str, body: Body, *, once: bool = True) -> Answer:
        """Store a body; see ``Store``."""
        if once and name in self.objects:
            return ALREADY_THERE
        self.objects[name] = body if isinstance(body, bytes) else body.read_bytes()
        return STORED


class FaultyStore:
    """A store in front of another that answers as a script says, then honestly.

    Args:
        inner: the honest store.
        script: per put ``"ok"``, ``"lost"`` (stored, but the answer is *retry*), ``"unsent"``
            (not stored, *retry*) or ``"stop"``.
    """

    def __init__(self, inner: Store, script: Iterable[str] = ()) -> None:
        self._inner = inner
        self._script = iter(script)
        self.sent: list[tuple[str, bytes]] = []

    def put(self, name: str, body: Body, *, once: bool = True) -> Answer:
        """Store a body or not; see ``Store``."""
        self.sent.append((name, body if isinstance(body, bytes) else body.read_bytes()))
        match next(self._script, "ok"):
            case "lost":
                self._inner.put(name, body, once=once)
                return Answer(outcome=Outcome.RETRY, reason="answer lost")
            case "unsent":
                return Answer(outcome=Outcome.RETRY, reason="no route")
            case "stop":
                return Answer(outcome=Outcome.STOP, reason="HTTP 403")
            case _:
                return self._inner.put(name, body, once=once)


def leaves_kinds(house: House) -> list[str]:
    """Kinds of the verified leaves in a house's directory store; empty before the first push."""
    return [leaf["kind"] for root in shards(house.archive) for leaf in leaves_of(root)]


def contents(root: Path) -> dict[str, bytes]:
    """Everything in a shard."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}
