"""A translation as a response body: the picture itself, a zip of them, or JSON with links to them."""

import zipfile
from collections.abc import Callable
from io import BytesIO

from app.engine import Answer
from app.negotiation import JSON, PICTURES, ZIP
from app.results import Result, Results
from app.schemas import Direction, SpreadMap, TranslatedPicture, TranslationAnswer
from translation.codec import MEDIA_TYPES, encode
from translation.registry import version_name
from translation.spread import Spread
from translation.translator import Translation

EXTENSIONS = {"JPEG": "jpg"}


def pack(answer: Answer, media_type: str, results: Results) -> bytes:
    """Only what is answered with links is stored. Raises CannotStore."""
    return PACKERS[media_type](answer, results)


def file_name(translation: Translation, index: int) -> str:
    """Ours alone: nothing of what the client called its file."""
    extension = EXTENSIONS.get(translation.format, translation.format.lower())
    return f"{translation.receipt.seed}_{index}.{extension}"


def _picture(answer: Answer, _: Results) -> bytes:
    (picture,) = answer.translation.pictures
    return picture


def _zip(answer: Answer, _: Results) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed already
        for index, picture in enumerate(answer.translation.pictures):
            archive.writestr(file_name(answer.translation, index), picture)
    return buffer.getvalue()


def _json(answer: Answer, results: Results) -> bytes:
    translation, receipt = answer.translation, answer.translation.receipt
    samples = [(picture, MEDIA_TYPES[translation.format]) for picture in translation.pictures]
    spread = translation.spread and encode(translation.spread.image(), "PNG")
    stored = results.put([*samples, (spread, MEDIA_TYPES["PNG"])] if spread else samples)  # all or none
    pictures = [
        TranslatedPicture(
            index=index,
            url=f"/v1/results/{result.digest}",
            sha256=result.digest,
            media_type=result.media_type,
            size=list(receipt.size),
            bytes=len(picture),
        )
        for index, (result, (picture, _)) in enumerate(zip(stored, samples, strict=False))
    ]
    body = TranslationAnswer(
        model=receipt.model,
        version=version_name(receipt.digest),
        digest=receipt.digest,
        direction=Direction(source=answer.source, to=receipt.to),
        seed=receipt.seed,
        temperature=receipt.temperature,
        working_size=list(receipt.working_size),
        frame=receipt.frame,
        padded_batch=receipt.padded_batch,
        domain_score=receipt.domain_score,
        pictures=pictures,
        spread=translation.spread and _spread_map(translation.spread, stored[-1]),
    )
    return body.model_dump_json().encode()


def _spread_map(spread: Spread, result: Result) -> SpreadMap:
    size = list(spread.levels.shape[::-1])
    return SpreadMap(mean=spread.mean, url=f"/v1/results/{result.digest}", sha256=result.digest, size=size)


PACKERS: dict[str, Callable[[Answer, Results], bytes]] = {
    **dict.fromkeys(PICTURES.values(), _picture),
    ZIP: _zip,
    JSON: _json,
}
