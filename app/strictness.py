"""What every call of /v1 is refused for: a query parameter that it does not have, and a body that is no JSON
where JSON is read. Unless it is told, a client takes either for heard."""

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app.negotiation import JSON
from app.uploads import UnsupportedMediaType

EXPECTED = f"send it as a body of type {JSON}"


async def _check_query(request: Request) -> None:
    """Raises RequestValidationError, as a model that forbids others does."""
    unknown = [name for name in request.query_params if name not in _parameters(request.scope["route"])]
    if unknown:
        said = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
        raise RequestValidationError([{**said, "loc": ("query", name)} for name in unknown])


async def _check_body(request: Request) -> None:
    """Raises UnsupportedMediaType."""
    if request.scope["route"].body_field is None:  # none at all, or one that the route reads itself
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise UnsupportedMediaType(media_type, EXPECTED)


def _parameters(route: APIRoute) -> set[str]:
    """As the framework reads them, or as the route describes those that it reads itself."""
    described = (route.openapi_extra or {}).get("parameters", ())
    return {field.alias for field in route.dependant.query_params} | {row["name"] for row in described}


STRICT = [Depends(_check_query), Depends(_check_body)]
