"""The API's description: the framework's, with the keys and the problems that every call may meet."""

from typing import Any

from fastapi import FastAPI

from app.auth import Gate, is_called_by_users, is_open, scope_of
from app.origins import SAFE
from app.problems import ProblemDetails, problem_responses

Operation = dict[str, Any]
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "a key of `sjmvi keys create`; its scopes are listed as the operation's roles",
}


class DocumentedApi:
    """Called for each answer: whether keys are asked for changes while the service runs."""

    def __init__(self, app: FastAPI, gate: Gate) -> None:
        self._describe, self._gate = app.openapi, gate

    def __call__(self) -> dict[str, Any]:
        document = self._describe()  # kept by the framework, so made over and never changed
        is_closed = self._gate.is_closed
        components = {**document.get("components", {})}
        problem = ProblemDetails.model_json_schema()
        components["schemas"] = {**components.get("schemas", {}), "ProblemDetails": problem}
        if is_closed:
            components["securitySchemes"] = {"key": BEARER}
        paths = {
            path: {
                method: documented(operation, method.upper(), path, is_closed)
                for method, operation in methods.items()
            }
            for path, methods in document["paths"].items()
        }
        return {**document, "paths": paths, "components": components}


def documented(operation: Operation, method: str, path: str, is_closed: bool) -> Operation:
    """With the problems that any operation may have, and the key that this one needs."""
    guarded = not is_open(path)
    scope = scope_of(method, path)
    statuses = [
        500,
        *([401, 503] if guarded else []),
        *([403] if guarded and (scope or method not in SAFE) else []),
        *([421, 429] if is_called_by_users(path) else []),
    ]
    common = {str(status): row for status, row in problem_responses(*statuses).items()}
    responses = dict(sorted({**common, **operation["responses"]}.items()))
    security = {"security": [{"key": [scope] if scope else []}]} if guarded and is_closed else {}
    return {**operation, "responses": responses, **security}
