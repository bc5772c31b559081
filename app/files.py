"""Files as answers, whole or in part."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

BINARY = {"schema": {"type": "string", "format": "binary"}}
RANGES = {"multipart/byteranges": BINARY}
RANGE_HEADERS = {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in {"ETag": "of this version of the file", "Accept-Ranges": "bytes"}.items()
}


class File(FileResponse):
    """Refuses a range as everything here is refused, not in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_or_raise(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                size = Headers(raw=message["headers"]).get("content-range")
                headers = {"Content-Range": size} if size else None
                raise HTTPException(message["status"], "the file has no such range of bytes", headers)
            await send(message)

        await super().__call__(scope, receive, send_or_raise)
