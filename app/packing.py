"""A translation as a response body: the picture itself, a zip of them, or JSON with the pictures in it."""

import base64
import zipfile
from collections.abc import Callable
from io import BytesIO

from app.negotiation import JSON, PICTURES, ZIP
from app.schemas import TranslatedPicture, TranslationAnswer
from translation.codec import MEDIA_TYPES
from translation.translator import Translation

EXTENSIONS = {"JPEG": "jpg"}


def pack(translation: Translation, media_type: str) -> bytes:
    return PACKERS[media_type](translation)


def file_name(translation: Translation, index: int) -> str:
    """Ours alone: nothing of what the client called its file."""
    extension = EXTENSIONS.get(translation.format, translation.format.lower())
    return f"{translation.receipt.seed}_{index}.{extension}"


def _picture(translation: Translation) -> bytes:
    (picture,) = translation.pictures
    return picture


def _zip(translation: Translation) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed already
        for index, picture in enumerate(translation.pictures):
            archive.writestr(file_name(translation, index), picture)
    return buffer.getvalue()


def _json(translation: Translation) -> bytes:
    receipt, media_type = translation.receipt, MEDIA_TYPES[translation.format]
    pictures = [
        TranslatedPicture(
            index=index,
            media_type=media_type,
            url=f"data:{media_type};base64,{base64.b64encode(picture).decode()}",
        )
        for index, picture in enumerate(translation.pictures)
    ]
    answer = TranslationAnswer(
        model=receipt.model,
        digest=receipt.digest,
        to=receipt.to,
        seed=receipt.seed,
        temperature=receipt.temperature,
        size=list(receipt.size),
        padded_batch=receipt.padded_batch,
        pictures=pictures,
    )
    return answer.model_dump_json().encode()


PACKERS: dict[str, Callable[[Translation], bytes]] = {
    **dict.fromkeys(PICTURES.values(), _picture),
    ZIP: _zip,
    JSON: _json,
}
