"""The body of an upload, to a file as it arrives: the zip itself with a query, or a form that holds it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from app.archives.form import Form, boundary_of
from app.uploads import UnsupportedMediaType, single_parameters

P = TypeVar("P", bound=BaseModel)
FORM = "multipart/form-data"
ZIPS = ("application/zip", "application/x-zip-compressed")
EXPECTED = f"send the archive as a body of type {ZIPS[0]} or as a file of {FORM}"
BUFFER_BYTES = 1 << 20


def check_type(request: Request) -> str:
    """The media type. Raises UnsupportedMediaType."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (FORM, *ZIPS):
        raise UnsupportedMediaType(media_type, EXPECTED)
    return media_type


def parameters_of(request: Request, fields: list[tuple[str, str]], model: type[P]) -> P:
    """Of the query and a form, which wins. Raises RepeatedParameter, RequestValidationError."""
    given = single_parameters(request.query_params.multi_items()) | single_parameters(fields)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


async def receive(request: Request, target: Path, model: type[P]) -> P:
    """Raises what the two above do, BadForm, ClientDisconnect, and what the body's limits raise."""
    with target.open("wb") as file:
        if check_type(request) == FORM:
            form = Form(boundary_of(request.headers["content-type"]), file)
            await _pour(request, form.feed)
            return parameters_of(request, form.finished(), model)
        parameters = parameters_of(request, [], model)
        await _pour(request, file.write)
        return parameters


async def _pour(request: Request, into: Callable[[bytes], object]) -> None:
    """A megabyte at a time, in a thread: the event loop waits for no disk."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) >= BUFFER_BYTES:
            await asyncio.to_thread(into, bytes(held))
            held.clear()
    await asyncio.to_thread(into, bytes(held))
