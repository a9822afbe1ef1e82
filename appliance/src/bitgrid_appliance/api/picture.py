"""What the broker last said, kept in memory: the newest message of each topic.

Messages come from outside and are judged one by one: what does not have the shape that its
kind promises is counted and dropped. Knows nothing of MQTT itself, of HTTP or of the journal;
reads no clock.
"""

from __future__ import annotations

from typing import Final, cast

from bitgrid_appliance.api.people import plain
from bitgrid_appliance.api.shapes import Document
from bitgrid_core.block import at_text, parse_at
from bitgrid_core.errors import BadInput
from bitgrid_core.signals import SIGNALS

MAX_PER_KIND: Final = 256
"""So many loads, components or signals at most; a site has a few."""
MAX_NAME: Final = 64
WEB: Final = "web"
KINDS: Final = ("state", "decision", "explain", "status", "health", "measurement", "clock")
_FAR_MS: Final = 4_102_444_800_000
"""2100: no instant later than this is believed."""


class Picture:
    """The newest message per topic.

    Attributes:
        clock_ms: the household's virtual time; ``None`` where the wall clock rules.
        heard_at_s: monotonic second of the newest accepted message.
        dropped: how many messages were not accepted.
        broker_connected: whether the subscription stands; set by the listener.
    """

    def __init__(self) -> None:
        self.clock_ms: int | None = None
        self.heard_at_s: float | None = None
        self.dropped = 0
        self.broker_connected = False
        self._newest: dict[str, dict[str, Document]] = {kind: {} for kind in KINDS}
        self._seen_at_s: dict[tuple[str, str], float] = {}

    def accept(self, kind: str, name: str, message: Document, now_s: float) -> bool:
        """Take in one message.

        Args:
            kind: what it is about, for example ``decision``.
            name: of what, for example ``load-1``; ``device/signal`` for a measurement.
            message: its JSON object.
            now_s: monotonic seconds.

        Returns:
            Whether anything changed.
        """
        document = plain(message)
        known = kind in self._newest and _is_sound(kind, name, document)
        if not known or not self._has_room(kind, name):
            self.dropped += 1
            return False
        if kind == "health" and name == WEB:
            return False  # its own voice is no sign of life
        if kind == "clock":
            self.clock_ms = cast("int", document["now_ms"])
        changed = self._newest[kind].get(name) != document
        self._newest[kind][name] = document
        self._seen_at_s[kind, name] = self.heard_at_s = now_s
        return changed

    def newest(self, kind: str, name: str = "") -> Document | None:
        """The newest message of a topic."""
        return self._newest[kind].get(name)

    def names(self, kind: str) -> list[str]:
        """Which loads, components or ``device/signal`` have a message of this kind, sorted."""
        return sorted(self._newest[kind])

    def age_s(self, kind: str, name: str, now_s: float) -> float:
        """Seconds since the message was heard."""
        return max(0.0, now_s - self._seen_at_s[kind, name])

    def _has_room(self, kind: str, name: str) -> bool:
        known = self._newest[kind]
        return name in known or len(known) < MAX_PER_KIND


def _is_sound(kind: str, name: str, document: Document) -> bool:
    match kind:
        case "clock":
            return name == "" and _is_count(document.get("now_ms")) and document["now_ms"] < _FAR_MS
        case "state":
            return name == ""
        case "decision":
            return _is_name(name) and document.get("load") == name and _is_decision(document)
        case "measurement":
            return _is_measurement(name, document)
        case _:
            return _is_name(name)


def _is_decision(document: Document) -> bool:
    texts = ("id", "level", "rule", "reason", "action", "policy", "autonomy", "effect")
    return (
        _is_count(document.get("block_id"))
        and document["block_id"] * 600_000 < _FAR_MS
        and all(isinstance(document.get(key), str) for key in texts)
        and isinstance(document.get("votes"), list)
        and isinstance(document.get("state"), dict)
        and isinstance(document.get("memory"), dict)
    )


def _is_measurement(name: str, document: Document) -> bool:
    device, _, signal = name.partition("/")
    if not _is_name(device) or signal not in SIGNALS:
        return False
    try:
        at_text(parse_at(str(document.get("at"))))
    except (BadInput, OverflowError):
        return False
    value = document.get("value")
    return value is None or isinstance(value, int | float | str | list)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.replace("-", "").replace("_", "").isalnum()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
