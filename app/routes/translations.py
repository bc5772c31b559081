"""POST /v1/translations: one picture in, its translations out."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.deadlines import TimeoutMs, timeout_of
from app.dependencies import ORDER_KEY, CallerDep, OrderKey, StateDep
from app.engine import Answer
from app.files import BINARY
from app.jobs import deferral
from app.jobs.schemas import ACCEPTED
from app.negotiation import FORMATS, PICTURES, ZIP, negotiate, offers_for
from app.packing import pack
from app.parameters import form_with_file, query_parameters
from app.problems import problem_responses
from app.schemas import TranslationAnswer, TranslationParameters
from app.uploads import FIELD, Upload, read_upload
from translation.codec import MEDIA_TYPES
from translation.registry import version_name
from translation.translator import TranslationRequest

router = APIRouter(prefix="/v1", tags=["translations"])

PATH = "/v1/translations"
RECEIPT = {
    "SJMVI-Model": "the model's name",
    "SJMVI-Model-Version": "the first digits of its digest, which name it among the model's versions",
    "SJMVI-Model-Digest": "sha256 of its card",
    "SJMVI-Direction": "the two domains, percent-encoded, as in horse -> zebra",
    "SJMVI-Seed": "brings the same pictures back, with the same parameters",
    "SJMVI-Working-Size": "width x height in pixels at which the model worked, as in 171x128",
    "SJMVI-Padded-Batch": "the size of the batch that they were drawn in; same size, same bytes",
    "SJMVI-Domain-Score": "the share of held-out pictures of the source domain that look no more like it "
    "than the upload does; absent where there is none, see domain_score of the JSON",
    "SJMVI-Spread": "standard deviation of a pixel over several samples, mean of all, grey levels",
    "SJMVI-Request-Id": "the client's, or a new one",
    "SJMVI-Warning": "what the upload was declared as and what it is, where these differ",
    "Server-Timing": "milliseconds: decode, queue, infer, encode",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The translation, at the picture's own size. "
        "Several samples come as a zip, or as JSON with a link to each; so does one, by Accept.",
        "model": TranslationAnswer,  # of JSON; the other types have no model
        "content": dict.fromkeys((*PICTURES.values(), ZIP), BINARY),
        "headers": {
            name: {"description": text, "schema": {"type": "string"}} for name, text in RECEIPT.items()
        },
    },
    202: {
        **ACCEPTED,
        "description": f"With Prefer: {deferral.PREFERENCE}. The job's result is a zip of the pictures.",
        "headers": {**ACCEPTED["headers"], **deferral.APPLIED},
    },
    **problem_responses(400, 404, 406, 408, 413, 415, 422, 429, 500, 503, 504, 507),
}
REQUEST = {
    "parameters": query_parameters(TranslationParameters),
    "requestBody": {
        "required": True,
        "content": {
            "image/*": BINARY,
            "multipart/form-data": {
                "schema": form_with_file(TranslationParameters, FIELD),
                "encoding": {FIELD: {"contentType": "image/*"}},
            },
        },
    },
}


@router.post(
    PATH.removeprefix(router.prefix),
    operation_id="translate",
    response_class=Response,
    responses=RESPONSES,
    openapi_extra=REQUEST,
)
async def translate(
    request: Request,
    state: StateDep,
    caller: CallerDep,
    prefer: Annotated[
        list[str] | None, Header(description=f"{deferral.PREFERENCE}: answer at once, with a job")
    ] = None,
    idempotency_key: Annotated[
        OrderKey | None, Header(description=f"of Prefer: {deferral.PREFERENCE} alone: {ORDER_KEY}")
    ] = None,
    sjmvi_timeout_ms: TimeoutMs = None,
) -> Response:
    """Send the picture as the body (image/*), or as the field `image` of a form.

    With Prefer: respond-async it is not waited for, and the answer is a job.
    """
    engine, is_deferred = state["engine"], deferral.is_preferred(prefer or [])
    check = engine.check_room if is_deferred else engine.check_ready
    check()  # before a body is read, which may take long
    timeout_s = timeout_of(sjmvi_timeout_ms, state["settings"].timeout_s)
    upload = await read_upload(request)
    parameters = _validated(upload.parameters)
    accept = ", ".join(request.headers.getlist("accept"))  # a list may come in several lines
    media_type = negotiate(accept, offers_for(parameters.samples, parameters.format))
    if is_deferred:
        file_format = parameters.format or FORMATS.get(media_type, "png")
        return await state["deferral"].accept(
            upload.data, parameters, file_format, caller, idempotency_key, timeout_s
        )
    answer = await _unless_gone(
        request,
        engine.translate(
            parameters.model or engine.default,
            upload.data,
            _translation_request(parameters, media_type),
            timeout_s,
            parameters.version,
        ),
    )
    request.state.model = answer.translation.receipt.model  # for the log
    body = await asyncio.to_thread(pack, answer, media_type, state["results"])
    return Response(body, media_type=media_type, headers=_receipt(answer, upload))


def _validated(parameters: dict[str, str]) -> TranslationParameters:
    try:
        return TranslationParameters.model_validate(parameters)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _translation_request(parameters: TranslationParameters, media_type: str) -> TranslationRequest:
    return TranslationRequest(
        to=parameters.to,
        samples=parameters.samples,
        seed=parameters.seed,
        temperature=parameters.temperature,
        format=(parameters.format or FORMATS.get(media_type, "png")).upper(),
        process_size=parameters.size,
        frame=parameters.frame,
        embed_metadata=parameters.embed_metadata,
        refuse_at=parameters.refuse_at,
    )


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """What nobody waits for any more leaves the queue. Raises ClientDisconnect."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_client_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _receipt(answer: Answer, upload: Upload) -> dict[str, str]:
    receipt = answer.translation.receipt
    headers = {
        "SJMVI-Model": receipt.model,
        "SJMVI-Model-Version": version_name(receipt.digest),
        "SJMVI-Model-Digest": receipt.digest,
        "SJMVI-Direction": f"{quote(answer.source)} -> {quote(receipt.to)}",  # a header takes ASCII alone
        "SJMVI-Seed": str(receipt.seed),
        "SJMVI-Working-Size": "{}x{}".format(*receipt.working_size),
        "SJMVI-Padded-Batch": str(receipt.padded_batch),
        "Server-Timing": ", ".join(
            f"{stage};dur={seconds * 1e3:.1f}" for stage, seconds in answer.stages_s.items()
        ),
    }
    if receipt.domain_score is not None:
        headers["SJMVI-Domain-Score"] = f"{receipt.domain_score:.4f}"
    if answer.translation.spread is not None:
        headers["SJMVI-Spread"] = f"{answer.translation.spread.mean:.3f}"
    actual = MEDIA_TYPES[answer.input_format]
    if upload.media_type.startswith("image/") and upload.media_type != actual:
        headers["SJMVI-Warning"] = f"declared {upload.media_type}, found {actual}"
    return headers
