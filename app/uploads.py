"""A request's picture and parameters: a raw body with a query, or a form with the same names as fields."""

import re
from collections import Counter
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

FIELD = "image"
MEDIA_TYPE = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+", re.ASCII)  # RFC 9110, 8.3.1 and 5.6.2
MAX_FIELDS = 16
MAX_FIELD_BYTES = 4096
EXPECTED = f"send the picture as a body of type image/* or as the field {FIELD!r} of multipart/form-data"


class UnsupportedMediaType(ValueError):
    def __init__(self, got: str, expected: str = EXPECTED) -> None:
        super().__init__(f"{got[:100] or 'no Content-Type'} is not accepted here: {expected}")


class RepeatedParameter(ValueError): ...


class BadForm(ValueError): ...


class MissingField(BadForm): ...


class TooManyFiles(BadForm): ...


class TooManyFields(BadForm): ...


class PartTooLarge(BadForm): ...


PARSER_MESSAGES: dict[str, type[BadForm]] = {  # the parser tells its reasons apart by text alone
    "Too many files": TooManyFiles,
    "Too many fields": TooManyFields,
    "Part exceeded": PartTooLarge,
}


@dataclass(frozen=True)
class Upload:
    data: bytes
    media_type: str  # as declared, which nobody has to believe; empty where it is none
    parameters: dict[str, str]


async def read_upload(request: Request) -> Upload:
    """Raises UnsupportedMediaType, BadForm, RepeatedParameter, and what the body's limits raise."""
    content_type = request.headers.get("content-type", "")
    media_type = _media_type(content_type)
    query = request.query_params.multi_items()
    if media_type == "multipart/form-data":
        return await _read_form(request, query)
    if media_type.startswith("image/"):
        return Upload(await request.body(), media_type, single_parameters(query))
    raise UnsupportedMediaType(content_type)


async def _read_form(request: Request, query: list[tuple[str, str]]) -> Upload:
    try:
        async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
            picture = form.get(FIELD)
            if not isinstance(picture, UploadFile):
                raise MissingField(f"the form has no file in the field {FIELD!r}")
            fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            return Upload(
                await picture.read(),
                _media_type(picture.content_type or ""),
                single_parameters(query) | single_parameters(fields),
            )
    except HTTPException as error:
        kinds = (kind for start, kind in PARSER_MESSAGES.items() if error.detail.startswith(start))
        raise next(kinds, BadForm)(error.detail) from error


def _media_type(content_type: str) -> str:
    """Without its parameters; empty where it is none."""
    found = content_type.partition(";")[0].strip().lower()
    return found if MEDIA_TYPE.fullmatch(found) else ""


def single_parameters(given: list[tuple[str, str]]) -> dict[str, str]:
    """Raises RepeatedParameter."""
    given = [(name, value) for name, value in given if value]  # a browser sends its empty fields as well
    repeated = [name for name, count in Counter(name for name, _ in given).items() if count > 1]
    if repeated:
        raise RepeatedParameter(f"given more than once: {', '.join(repeated)}")
    return dict(given)
