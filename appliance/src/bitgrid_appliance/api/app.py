"""The application: which path answers what. Everything it says comes from ``Views``.

Endpoints that read the disk are plain functions, which the framework runs beside the event
loop; the live ones are coroutines, because the picture belongs to the loop.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, Path, Query
from starlette.responses import Response

from bitgrid_appliance import __version__
from bitgrid_appliance.api import problems
from bitgrid_appliance.api.events import EventHub, EventStream
from bitgrid_appliance.api.guard import Guard
from bitgrid_appliance.api.history import MAX_BLOCK, Span
from bitgrid_appliance.api.pages import install as install_pages
from bitgrid_appliance.api.shapes import (
    Day,
    DecisionItem,
    DecisionPage,
    Explanation,
    Health,
    Mirror,
    Problem,
    StateNow,
)
from bitgrid_appliance.api.views import Depth, Lang, Views
from bitgrid_core.block import block_at, parse_at
from bitgrid_core.errors import BadInput

PREFIX: Final = "/api/v1"
MAX_LIMIT: Final = 500


def _problem(description: str) -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {"description": description, "content": content}


_NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: _problem("There is no such decision.")}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    405: _problem("Only GET is offered."),
    421: _problem("The host's name is not this machine's."),
    422: _problem("A value is out of bounds."),
    503: _problem("The journal cannot be read, or too many clients listen."),
}
_EVENT_STREAM: Final[dict[str, Any]] = {
    "description": "A stream of events that does not end by itself.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
EventId = Annotated[str, Path(max_length=120, description="block/load/trigger/n")]


def create_app(views: Views, hub: EventHub) -> FastAPI:
    """The API and the page over one set of views.

    Args:
        views: what is read.
        hub: what is streamed.
    """
    app = FastAPI(
        title="BitGridAI edge node",
        summary="What each load does, why, and what would change it. Reading only.",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=_ANSWERS,
    )
    problems.install(app)
    _install_live(app, views, hub)
    _install_history(app, views)
    install_pages(app)
    app.add_middleware(Guard)
    return app


def _install_live(app: FastAPI, views: Views, hub: EventHub) -> None:
    @app.get(f"{PREFIX}/health")
    def health() -> Health:
        """Whether the picture can be believed; always 200, the status says the rest."""
        return views.health()

    @app.get(f"{PREFIX}/state")
    async def state() -> StateNow:
        """The live picture of the site."""
        return views.state()

    @app.get(f"{PREFIX}/mirror")
    def mirror() -> Mirror:
        """What leaves the house, when and to whom."""
        return views.mirror()

    @app.get(
        f"{PREFIX}/events",
        status_code=200,
        response_class=EventStream,
        responses={200: _EVENT_STREAM},
    )
    async def events(
        last_event_id: Annotated[str, Header(max_length=80)] = "",
    ) -> Response:
        """Server-sent events ``state``, ``decision``, ``health``, ``mirror`` with these documents."""
        return EventStream(hub, last_event_id)


def _install_history(app: FastAPI, views: Views) -> None:
    @app.get(f"{PREFIX}/day")
    def day() -> Day:
        """The site-local day so far, block by block."""
        return views.day()

    @app.get(f"{PREFIX}/decisions")
    def decisions(span: Annotated[Span, Depends(_span)]) -> DecisionPage:
        """Recorded decisions, newest first."""
        return views.decisions(span)

    @app.get(f"{PREFIX}/decisions/{{event_id:path}}/explanation", responses=_NOT_FOUND)
    def explanation(event_id: EventId, depth: Depth = "detail", lang: Lang = "en") -> Explanation:
        """One decision in words."""
        return views.explanation(event_id, depth, lang)

    @app.get(f"{PREFIX}/decisions/{{event_id:path}}", responses=_NOT_FOUND)
    def decision(event_id: EventId) -> DecisionItem:
        """One recorded decision."""
        return views.decision(event_id)


def _span(
    from_: Annotated[str, Query(alias="from", max_length=40)] = "",
    to: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Annotated[str, Query(max_length=20, pattern="^[0-9]*$")] = "",
) -> Span:
    """Blocks that begin in ``[from, to)``, RFC 3339; at most ``limit``, before ``cursor``."""
    first_block = -(-parse_at(from_) // 600_000) if from_ else 0
    last_block = block_at(parse_at(to) - 1) if to else MAX_BLOCK
    if first_block > last_block:
        raise BadInput(f"{from_} is not before {to or 'the end of time'}.", "Swap from and to.")
    before_seq = min(int(cursor), 2**62) if cursor else None
    return Span(first_block=first_block, last_block=last_block, before_seq=before_seq, limit=limit)
