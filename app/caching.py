"""Answers that a client may keep: strong ETags, and 304 where it has one already (RFC 9110, 13.1.2)."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

REVALIDATED = "private, no-cache"  # kept, but asked after each time
IMMUTABLE = "private, max-age=31536000, immutable"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not modified: If-None-Match named the answer's ETag. No body"}
}


def is_kept(request: Request, etag: str) -> bool:
    """Whether If-None-Match names it."""
    named = ",".join(request.headers.getlist("if-none-match")).split(",")
    return bool({"*", etag} & {one.strip().removeprefix("W/") for one in named})


class RevalidatedRoute(APIRoute):
    """Its answers, complete in memory, have the digest of their bytes as ETag."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_revalidated(request: Request) -> Response:
            response = await handle(request)
            etag = f'"{hashlib.sha256(response.body).hexdigest()}"'
            headers = {"ETag": etag, "Cache-Control": REVALIDATED}
            if is_kept(request, etag):
                return Response(status_code=304, headers=headers)
            response.headers.update(headers)
            return response

        return handle_revalidated


class RevalidatedFiles(StaticFiles):
    """The page's own, which have to fit each other; browsers guess how long to keep what does not say it."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - as they came
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response
