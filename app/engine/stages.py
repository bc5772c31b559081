"""What a translation does in a thread, before the network and behind it."""

from threading import Event

from translation.codec import Picture
from translation.sampler import SampleRequest
from translation.spread import Spread
from translation.translator import Samples, TranslationRequest, Translator


def decode_stage(
    translator: Translator, data: bytes, request: TranslationRequest
) -> tuple[Picture, SampleRequest]:
    picture = translator.decode(data, request)
    return picture, translator.prepare(picture, request)


def encode_stage(
    translator: Translator, picture: Picture, samples: Samples, request: TranslationRequest, stop: Event
) -> tuple[tuple[bytes, ...], Spread | None]:
    """Raises InterruptedError, between two pictures, once `stop` is set."""
    pictures = []
    for picture_bytes in translator.encode(picture, samples, request):
        if stop.is_set():
            raise InterruptedError("stopped")
        pictures.append(picture_bytes)
    return tuple(pictures), translator.spread(samples)
