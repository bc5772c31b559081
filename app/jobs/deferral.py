"""A translation that is not waited for: with Prefer: respond-async (RFC 7240) it becomes a job."""

import asyncio
import re

from starlette.responses import JSONResponse, Response

from app.engine import TooManyPixels
from app.jobs.schemas import RETRY_S
from app.jobs.service import Caller, Jobs
from app.jobs.views import details, url_of
from app.schemas import TranslationParameters
from translation.codec import Limits, decode

PREFERENCE = "respond-async"
APPLIED = {"Preference-Applied": {"description": PREFERENCE, "schema": {"type": "string"}}}


def is_preferred(wishes: list[str]) -> bool:
    """By the lines of Prefer."""
    return re.search(rf"(^|[,\s]){PREFERENCE}($|[,;\s])", ",".join(wishes).lower()) is not None


class Deferral:
    def __init__(self, jobs: Jobs, limits: Limits, max_output_pixels: int) -> None:
        self._jobs, self._limits, self._max_output_pixels = jobs, limits, max_output_pixels

    async def accept(
        self,
        picture: bytes,
        parameters: TranslationParameters,
        file_format: str,
        caller: Caller,
        idempotency_key: str | None,
    ) -> Response:
        """Raises what decode and Jobs.submit_picture do, and TooManyPixels: at once, and not in the job."""
        params = parameters.model_dump(mode="json") | {"format": file_format}
        await asyncio.to_thread(self._check, picture, parameters)
        job = await asyncio.to_thread(self._jobs.submit_picture, picture, params, caller, idempotency_key)
        headers = {"Location": url_of(job.id), "Retry-After": str(RETRY_S), "Preference-Applied": PREFERENCE}
        return JSONResponse(details(job).model_dump(mode="json"), 202, headers)

    def _check(self, picture: bytes, parameters: TranslationParameters) -> None:
        image = decode(picture, self._limits, parameters.frame).image
        pixels = image.width * image.height * parameters.samples
        if pixels > self._max_output_pixels:
            raise TooManyPixels(self._max_output_pixels, pixels)
