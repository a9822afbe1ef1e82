"""RFC 9457 problem documents: every error of the API is one, and says what to do next.

No traceback, no path of the disk and no internal name goes into an answer.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bitgrid_core.errors import BadInput, BitgridError, StorageError

MEDIA_TYPE: Final = "application/problem+json"


class NotFound(BitgridError):
    """There is no such thing under this address (404)."""


class Busy(BitgridError):
    """The web process serves as many clients as it can (503)."""


def problem(status: int, detail: str = "", *, instance: str = "") -> Response:
    """A problem document as a response.

    Args:
        status: HTTP status, 400 or above.
        detail: one sentence with the value and the remedy.
        instance: path of the request.
    """
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body = json.dumps(document | {"detail": detail, "instance": instance}, ensure_ascii=False)
    return Response(body.encode(), status_code=status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(BitgridError, _of_bitgrid_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_anything)


def status_of(error: BitgridError) -> int:
    """HTTP status of an error of ours."""
    match error:
        case NotFound():
            return 404
        case BadInput():
            return 422
        case StorageError() | Busy():
            return 503
        case _:
            return 500


def _of_bitgrid_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BitgridError)
    return problem(status_of(error), str(error), instance=request.url.path)


def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}" for item in error.errors()]
    return problem(422, "; ".join(faults), instance=request.url.path)


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path}. See /api/v1/openapi.json."
    return problem(error.status_code, detail, instance=request.url.path)


def _of_anything(request: Request, _error: Exception) -> Response:
    return problem(500, "The fault is on our side; see the log.", instance=request.url.path)
