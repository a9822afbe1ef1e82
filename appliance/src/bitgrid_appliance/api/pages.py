"""The page and its files: read once from the package, served from memory, revalidated by tag.

Only the files that ship in ``ui`` exist; no path of the disk is ever made from a request.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import Response

from bitgrid_appliance.api.problems import NotFound

INDEX: Final = "index.html"
TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One file of the page."""

    content: bytes
    media_type: str
    tag: str


def load_files() -> dict[str, PageFile]:
    """All files of the page by name."""
    found = {}
    for entry in resources.files("bitgrid_appliance").joinpath("ui").iterdir():
        media_type = TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            content = entry.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            found[entry.name] = PageFile(content=content, media_type=media_type, tag=tag)
    return found


def install(app: FastAPI) -> None:
    """Serve ``/`` and ``/ui/{name}``."""
    files = load_files()

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        return _answer(files[INDEX], request)

    @app.get("/ui/{name}", include_in_schema=False)
    async def file(name: str, request: Request) -> Response:
        if name not in files:
            raise NotFound(f"There is no file {name[:80]!r}.", "Open / instead.")
        return _answer(files[name], request)


def _answer(file: PageFile, request: Request) -> Response:
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
