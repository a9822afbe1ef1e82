"""What people ask of the core: a wish for a load, an autonomy level, their yes to a proposal.

Each request is judged completely before any of it happens, recorded with who sent it in the
private part, and answered once; the same request again gets the same answer and does nothing.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from bitgrid_appliance.mqtt import Outgoing
from bitgrid_appliance.runtime import Runtime
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import BLOCK_MS
from bitgrid_core.codec import Json
from bitgrid_core.engine import refusal
from bitgrid_core.errors import BadInput, Refused
from bitgrid_core.explain import LANGUAGES, clause
from bitgrid_core.inputs import AutonomySet, Confirmed, Input, OverrideSet
from bitgrid_core.model import OFF, Autonomy, Override

DEFAULT_MIN: Final = 60
LONGEST_MIN: Final = 24 * 60
_MINUTE_MS: Final = 60_000
_ALL: Final = "all"
_REMEMBERED: Final = 256
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MAX_TEXT: Final = 64
_UNRECORDED: Final[dict[str, str]] = {
    "de": "Es kann nichts aufgezeichnet werden; deshalb ist nichts geschehen.",
    "en": "Nothing can be recorded, so nothing was done.",
}


class Requests:
    """The requests of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        """Begin with nothing answered yet."""
        self._runtime = runtime
        self._answered: OrderedDict[str, Outgoing] = OrderedDict()

    def take(self, what: str, payload: Mapping[str, object], wall_ms: int | None) -> list[Outgoing]:
        """Do it, or say why not: the commands that follow, and the answer behind them.

        Raises:
            BadInput: it has no id under which it could be answered.
            StorageError: the journal did not take it: nothing was done.
        """
        request_id = _request_id(payload)
        known = self._answered.get(request_id)
        if known is not None:
            return [known]
        commands: list[Outgoing] = []
        try:
            done = self._done(what, payload, wall_ms, commands)
        except BadInput as error:
            done = {"status": "invalid", "text": {lang: str(error) for lang in LANGUAGES}}
        except Refused as error:
            done = {"status": "refused", "text": {lang: str(error) for lang in LANGUAGES}}
        answer = _answer(request_id, done)
        self._answered[request_id] = answer
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return [*commands, answer]

    def unrecorded(self, payload: Mapping[str, object]) -> Outgoing:
        """The answer to a request of which nothing was done, because nothing can be recorded.

        Raises:
            BadInput: it has no id under which it could be answered.
        """
        done: dict[str, Json] = {"status": "failed", "text": {**_UNRECORDED}}
        return _answer(_request_id(payload), done)

    def _done(
        self,
        what: str,
        payload: Mapping[str, object],
        wall_ms: int | None,
        commands: list[Outgoing],
    ) -> dict[str, Json]:
        items, refused = self._judged(what, payload, wall_ms)
        private: dict[str, Json] = {
            "via": _text(payload, "via") or "mqtt",
            "by": _text(payload, "by"),
            "request_id": str(payload["request_id"]),
        }
        now_ms, _block_id = self._runtime.now(wall_ms)
        decisions: list[Json] = []
        for item in items:
            foreseen = self._runtime.foresee(item)
            self._runtime.record(foreseen, now_ms, private)
            commands += self._runtime.act(foreseen)
            decisions += [event.id for event in foreseen.events]
        status = "done" if items else "refused"
        return {"status": status, "decisions": decisions, "refused": refused}

    def _judged(
        self, what: str, payload: Mapping[str, object], wall_ms: int | None
    ) -> tuple[list[Input], list[Json]]:
        """What shall happen, and what is refused with its rule; nothing happens yet."""
        match what:
            case "autonomy":
                return [AutonomySet(autonomy=_autonomy(payload))], []
            case "confirm":
                return [self._confirmed(payload, wall_ms)], []
            case "override":
                return self._overrides(payload, wall_ms)
            case _:
                raise BadInput(
                    f"Nobody here knows a request {what!r}.", "Ask for override, autonomy, confirm."
                )

    def _confirmed(self, payload: Mapping[str, object], wall_ms: int | None) -> Confirmed:
        wanted = payload.get("decision")
        _now_ms, block_id = self._runtime.now(wall_ms)
        for load, event in self._runtime.state.proposals.items():
            if event.id == wanted and event.block_id == block_id:
                return Confirmed(load=load, block_id=block_id)
        raise Refused(
            "That decision waits for no yes.", "Confirm a proposal within its own 10 minutes."
        )

    def _overrides(
        self, payload: Mapping[str, object], wall_ms: int | None
    ) -> tuple[list[Input], list[Json]]:
        now_ms, block_id = self._runtime.now(wall_ms)
        minutes = _minutes(payload)
        until_block = (now_ms + minutes * _MINUTE_MS - 1) // BLOCK_MS
        items: list[Input] = []
        refused: list[Json] = []
        for load in self._loads(payload):
            override = self._override(payload, load, until_block)
            items.append(OverrideSet(load=load, override=override, block_id=block_id))
        for item in list(items):
            assert isinstance(item, OverrideSet)  # as made above
            if item.override is None or item.override.action != "START":
                continue
            vote = refusal(self._runtime.state, item.load, block_id)
            if vote is not None:
                items.remove(item)
                text: dict[str, Json] = {lang: clause(vote, lang) for lang in LANGUAGES}
                refused.append(
                    {"load": item.load, "rule": vote.rule, "reason": vote.reason, "text": text}
                )
        return items, refused

    def _loads(self, payload: Mapping[str, object]) -> list[str]:
        """The loads that are meant; after a start until the first tick two policies have a say.

        Only what the recorded one remembers and the new one still has can be asked for.
        """
        remembered = self._runtime.state.memories
        known = [load.id for load in self._runtime.policy.loads if load.id in remembered]
        load = payload.get("load")
        if load == _ALL and known:
            return known
        if load not in known:
            raise BadInput(f"Load {str(load)[:_MAX_TEXT]!r} is unknown.", f"Use one of: {known}.")
        return [str(load)]

    def _override(
        self, payload: Mapping[str, object], load: str, until_block: int
    ) -> Override | None:
        profile = self._runtime.policy.load(load)
        action, level = payload.get("action"), payload.get("level")
        if action == "END":
            return None
        if action == "STOP":
            return Override(action="STOP", level=None, until_block=until_block)
        if action not in ("START", "LIMIT"):
            raise BadInput("An override has no action.", "Use START, STOP, LIMIT or END.")
        level = profile.eco.name if level is None else level
        if level not in profile.powers_w or level == OFF:
            raise BadInput(
                f"Load {load} has no level {str(level)[:_MAX_TEXT]!r}.",
                f"Use one of: {', '.join(one.name for one in profile.levels)}.",
            )
        return Override(action=str(action), level=str(level), until_block=until_block)


def _request_id(payload: Mapping[str, object]) -> str:
    request_id = payload.get("request_id")
    if not isinstance(request_id, str) or not _ID.fullmatch(request_id):
        raise BadInput("A request has no usable request_id.", "Use a-z, 0-9, _ and -.")
    return request_id


def _answer(request_id: str, done: dict[str, Json]) -> Outgoing:
    return Outgoing(
        kind=Kind.RESPONSE, names=(request_id,), payload={"request_id": request_id, **done}
    )


def _autonomy(payload: Mapping[str, object]) -> Autonomy:
    try:
        return Autonomy(str(payload.get("autonomy")))
    except ValueError:
        raise BadInput(
            "That is no autonomy level.", f"Use one of: {', '.join(Autonomy)}."
        ) from None


def _minutes(payload: Mapping[str, object]) -> int:
    value = payload.get("minutes", DEFAULT_MIN)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST_MIN:
        raise BadInput("An override lasts 1 to 1440 minutes.", "Send whole minutes, at most a day.")
    return value


def _text(payload: Mapping[str, object], name: str) -> str:
    value = payload.get(name, "")
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise BadInput(f"Field {name} is not short text.", f"Send at most {_MAX_TEXT} characters.")
    return value
