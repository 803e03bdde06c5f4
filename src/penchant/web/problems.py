"""Whatever goes wrong, as RFC 9457 problem documents that tell the caller what to change and no internals."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from penchant.errors import NotReadyError, PenchantError, StoreError, UnknownError, UsageError
from penchant.telemetry import visits

MEDIA = "application/problem+json"
_MOST = 20  # errors listed in one problem
_STATUS: Mapping[type[PenchantError], int] = {UsageError: 400, UnknownError: 404, NotReadyError: 503, StoreError: 503}
_SAID = {
    404: "nothing is here; /docs describes what there is",
    500: "something failed on this side; the log of the server says what",
    503: "a store cannot be read or written just now; try again soon",
}

log = logging.getLogger(__name__)


class Flaw(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="Where: a JSON pointer into the body, or the name of a parameter.")
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Flaw] | None = None
    request_id: str = Field("", description="Names this request in the log of the server.")


def problem(
    status: int,
    detail: str = "",
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a problem document."""
    title = HTTPStatus(status).phrase
    document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail or title}
    if errors:
        document["errors"] = list(errors)
    if name := visits.name():
        document["request_id"] = name
    if status == 503:
        headers = {"Retry-After": "1", **(headers or {})}
    return Response(orjson.dumps(document), status, headers=headers, media_type=MEDIA)


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(PenchantError, _known)


def documented(*also: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the description of the API: those that all have, and `also`."""
    schema = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        s: {"description": HTTPStatus(s).phrase, "content": schema} for s in sorted({408, 422, 429, 500, 503, *also})
    }


def failure(error: Exception) -> Response:
    """The problem of an error that nobody expected; what it was goes to the log only."""
    log.error("request failed", exc_info=error)
    return problem(500, _SAID[500])


def unreadable(error: StoreError) -> Response:
    """The problem of a store that fails; which one and how goes to the log only."""
    log.error("a store failed: %s", error)
    return problem(503, _SAID[503])


async def _known(_: Request, error: Exception) -> Response:
    return known(error)


def known(error: Exception) -> Response:
    """The problem of an error that callers may be told of."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if status == 500:
        return failure(error)
    return unreadable(error) if isinstance(error, StoreError) else problem(status, str(error))


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is installed for
    detail = _SAID.get(error.status_code, "") if error.detail == HTTPStatus(error.status_code).phrase else error.detail
    return problem(error.status_code, detail, headers=error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is installed for
    found = error.errors()
    first = found[0]
    if first["type"] == "json_invalid":
        return problem(400, f"the body is not JSON: {first['ctx']['error']}, near character {first['loc'][-1]}")
    if first["loc"] == ("body",) and first["type"] != "missing" and not _is_json(request):
        return problem(415, "send the body with the header Content-Type: application/json")
    flaws = [{"pointer": _pointer(e["loc"]), "detail": e["msg"]} for e in found[:_MOST]]
    return problem(422, f"{flaws[0]['pointer']}: {flaws[0]['detail']}", errors=flaws)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _pointer(place: Sequence[str | int]) -> str:
    parts = [str(part)[:64].replace("~", "~0").replace("/", "~1") for part in place[1:]]
    return "/" + "/".join(parts) if place[0] == "body" else ".".join(parts)
