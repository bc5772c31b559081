"""A translation that is not waited for: with Prefer: respond-async (RFC 7240) it becomes a job."""

import asyncio
import re

from starlette.responses import JSONResponse, Response

from app.engine import Engine
from app.jobs.caller import Caller
from app.jobs.schemas import RETRY_S
from app.jobs.service import Jobs
from app.jobs.views import url_of
from app.schemas import TranslationParameters

PREFERENCE = "respond-async"
APPLIED = {"Preference-Applied": {"description": PREFERENCE, "schema": {"type": "string"}}}


def is_preferred(wishes: list[str]) -> bool:
    """By the lines of Prefer."""
    return re.search(rf"(^|[,\s]){PREFERENCE}($|[,;\s])", ",".join(wishes).lower()) is not None


class Deferral:
    def __init__(self, jobs: Jobs, engine: Engine) -> None:
        self._jobs, self._engine = jobs, engine

    async def accept(
        self,
        picture: bytes,
        parameters: TranslationParameters,
        file_format: str,
        caller: Caller,
        idempotency_key: str | None,
        timeout_s: float,
    ) -> Response:
        """Raises what Engine.check and Jobs.submit_picture do: at once, and not in the job."""
        params = parameters.model_dump(mode="json") | {"format": file_format}
        await self._engine.check(picture, parameters.samples, parameters.frame, timeout_s)
        job = await asyncio.to_thread(self._jobs.submit_picture, picture, params, caller, idempotency_key)
        headers = {"Location": url_of(job.id), "Retry-After": str(RETRY_S), "Preference-Applied": PREFERENCE}
        return JSONResponse(self._jobs.details(job).model_dump(mode="json"), 202, headers)
