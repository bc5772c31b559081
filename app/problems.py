"""The one renderer of errors: RFC 9457 problem+json, whoever raised them, the web framework included."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.errors import FRAMEWORK, PROBLEMS, Problem, problem_of
from app.middleware import REQUEST_ID, SAFETY

MEDIA_TYPE = "application/problem+json"
PREDICATES = {"Extra inputs are not permitted": "is no parameter here", "Field required": "is required"}
logger = logging.getLogger(__name__)


class ProblemDetails(BaseModel):
    """What went wrong. `type` is stable, `detail` is for people."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    limit: float | None = None
    got: float | None = None
    errors: list[dict[str, str]] | None = None


def render_errors(app: FastAPI) -> None:
    for kind, problem in PROBLEMS.items():
        if problem.status != 500:  # whose messages are for the log
            app.add_exception_handler(kind, _render_known)
    app.add_exception_handler(Exception, _render_unexpected)
    app.add_exception_handler(RequestValidationError, _render_invalid)
    app.add_exception_handler(HTTPException, _render_framework)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same problems as OpenAPI's `responses`."""
    schema = ProblemDetails.model_json_schema()
    titles = {row.status: row.slug for row in (*FRAMEWORK.values(), *PROBLEMS.values())}
    return {
        status: {"description": titles[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def _render_known(request: Request, error: Exception) -> Response:
    return _respond(request, problem_of(error), str(error), error)


def _render_unexpected(request: Request, error: Exception) -> Response:
    """Answers outside the middleware, so it sets their headers itself; the server logs the traceback."""
    logger.error("request %s failed", request.state.request_id)
    response = _respond(request, PROBLEMS[Exception], "the service failed; its log says why", error)
    response.headers.update({REQUEST_ID: request.state.request_id, **SAFETY})
    return response


def _render_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"parameter": str(row["loc"][0]), "message": _predicate(row["msg"])} for row in error.errors()]
    detail = "; ".join(f"{row['parameter']} {row['message']}" for row in errors)
    return _respond(request, problem_of(error), detail, error, errors=errors)


def _predicate(message: str) -> str:
    """The validator's message as what is said of the parameter."""
    return PREDICATES.get(message, message.removeprefix("Input ").removeprefix("Value error, "))


def _render_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = FRAMEWORK.get(error.status_code, Problem("http-error", error.status_code))
    detail = f"{error.detail}: {request.method} {request.url.path}"
    return _respond(request, problem, detail, error, headers=error.headers)


def _respond(
    request: Request,
    problem: Problem,
    detail: str,
    error: Exception,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    details = ProblemDetails(
        type=problem.slug,
        title=problem.title,
        status=problem.status,
        detail=detail,
        instance=request.state.request_id,
        limit=getattr(error, "limit", None),
        got=getattr(error, "got", None),
        errors=errors,
    )
    retry_after_s = getattr(error, "retry_after_s", None)
    return JSONResponse(
        details.model_dump(exclude_none=True),
        problem.status,
        headers=dict(headers or {}) | ({"Retry-After": str(retry_after_s)} if retry_after_s else {}),
        media_type=MEDIA_TYPE,
    )
