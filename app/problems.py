"""The one renderer of errors: RFC 9457 problem+json, whoever raised them, the web framework included."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ExceptionHandler

from app.errors import FRAMEWORK, PROBLEMS, faults_of
from app.middleware import REQUEST_ID, SAFETY
from app.problem import Problem, problem_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MEDIA_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)


class ProblemDetails(BaseModel):
    """What went wrong. `type` is stable, `detail` is for people."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="the request's id")
    limit: float | None = Field(None, description="what is allowed, where that is a number")
    got: float | None = Field(None, description="what came instead")
    files: list[str] | None = Field(None, description="the files that it is about")
    reasons: list[str] | None = Field(None, description="all that the service is not ready for")
    errors: list[dict[str, str]] | None = Field(None, description="each bad parameter with its message")


SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}  # app/openapi.py puts it there
HEADERS = {  # by status: name, type, and what it says
    401: ("WWW-Authenticate", "string", "as of RFC 6750, with what is wrong with the key"),
    403: ("WWW-Authenticate", "string", "with the scope that the key lacks; absent of another page's call"),
    429: ("Retry-After", "integer", "seconds"),
    503: ("Retry-After", "integer", "seconds; absent where somebody has to mend it first"),
}


def render_errors(app: FastAPI) -> None:
    for kind, renderer in renderers().items():
        app.add_exception_handler(kind, renderer)
    app.add_exception_handler(Exception, _render_unexpected)


def renderers() -> dict[Any, ExceptionHandler]:
    """By the kind of the error; an unexpected one has its own, outside of all middleware."""
    known = [kind for kind, problem in PROBLEMS.items() if problem.status != 500]  # 500: for the log alone
    return {
        **dict.fromkeys(known, _render_known),
        RequestValidationError: _render_invalid,
        HTTPException: _render_framework,
    }


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same problems as OpenAPI's `responses`, with one of each status as its example."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "headers": _headers_of(status),
            "content": {MEDIA_TYPE: {"schema": SCHEMA, "example": _example(status)}},
        }
        for status in statuses
    }


def _headers_of(status: int) -> dict[str, Any]:
    if status not in HEADERS:
        return {}
    name, kind, says = HEADERS[status]
    return {name: {"description": says, "schema": {"type": kind}}}


def _example(status: int) -> dict[str, Any]:
    rows = [*PROBLEMS.values(), *FRAMEWORK.values()]
    problem = next(row for row in rows if row.status == status)
    detail = "what is wrong with this very request"
    return ProblemDetails(
        type=problem.slug, title=problem.title, status=status, detail=detail, instance="3f2a9c"
    ).model_dump(exclude_none=True)


def _render_known(request: Request, error: Exception) -> Response:
    return _respond(request, problem_of(error, PROBLEMS), str(error), error)


def _render_unexpected(request: Request, error: Exception) -> Response:
    """Answers outside the middleware, so it sets their headers itself; the server logs the traceback."""
    logger.error("request %s failed", request.state.request_id)
    response = _respond(request, PROBLEMS[Exception], "the service failed; its log says why", error)
    response.headers.update({REQUEST_ID: request.state.request_id, **SAFETY})
    return response


def _render_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = faults_of(error)
    errors = [{"parameter": name, "message": fault} for name, fault in faults]
    detail = "; ".join(f"{name} {fault}" for name, fault in faults)
    return _respond(request, problem_of(error, PROBLEMS), detail, error, errors=errors)


def _render_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = FRAMEWORK.get(error.status_code, Problem("http-error", error.status_code))
    detail = f"{error.detail}: {request.method} {request.url.path}"
    return _respond(request, problem, detail, error, headers=_headers(request, error))


def _headers(request: Request, error: HTTPException) -> dict[str, str]:
    """The framework's, but Allow names the methods of one route of a path only, and not always HEAD."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return headers


def _allowed(request: Request) -> list[str]:
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}  # as it was before a mount

    def serves(route: BaseRoute, method: str) -> bool:
        if isinstance(route, Mount) and method != "GET":  # it says that it matches, and then refuses
            return False
        return route.matches({**scope, "method": method})[0] is Match.FULL

    methods = [method for method in METHODS if any(serves(route, method) for route in request.app.routes)]
    return ["GET", "HEAD", *methods[1:]] if "GET" in methods else methods


def _respond(
    request: Request,
    problem: Problem,
    detail: str,
    error: Exception,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    request.state.problem = problem.slug  # for the log and the counters
    details = ProblemDetails(
        type=problem.slug,
        title=problem.title,
        status=problem.status,
        detail=detail,
        instance=request.state.request_id,
        limit=getattr(error, "limit", None),
        got=getattr(error, "got", None),
        files=getattr(error, "files", None),
        reasons=getattr(error, "reasons", None),
        errors=errors,
    )
    retry_after_s = getattr(error, "retry_after_s", None)
    return JSONResponse(
        details.model_dump(exclude_none=True),
        problem.status,
        headers=dict(headers or getattr(error, "headers", None) or {})
        | ({"Retry-After": str(retry_after_s)} if retry_after_s else {}),
        media_type=MEDIA_TYPE,
    )
