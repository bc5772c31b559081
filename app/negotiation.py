"""Which of our media types a client likes best: content negotiation by Accept, RFC 9110 section 12.5.1."""

from collections.abc import Sequence

JSON = "application/json"
ZIP = "application/zip"
PICTURES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg", "avif": "image/avif"}
FORMATS = {media_type: name for name, media_type in PICTURES.items()}


class NotAcceptable(ValueError):
    def __init__(self, accept: str, offers: Sequence[str]) -> None:
        super().__init__(f"{accept[:200]!r} names none of what can be answered here: {', '.join(offers)}")


def offers_for(samples: int, picture_format: str | None) -> tuple[str, ...]:
    """What a translation can be answered with, our favourite first: several pictures need a container."""
    if samples > 1:
        return ZIP, JSON
    pictures = (PICTURES[picture_format],) if picture_format else tuple(PICTURES.values())
    return *pictures, JSON, ZIP


def negotiate(accept: str | None, offers: Sequence[str]) -> str:
    """The offer of the highest quality, ties to the earlier one. Raises NotAcceptable."""
    accept = accept or "*/*"
    qualities = dict(map(_media_range, accept.lower().split(",")))
    best = max(offers, key=lambda offer: _quality(offer, qualities))
    if _quality(best, qualities) == 0:
        raise NotAcceptable(accept, offers)
    return best


def _media_range(text: str) -> tuple[str, float]:
    media_range, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return media_range, _number(value)
    return media_range, 1.0


def _number(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0  # one that cannot be read is no wish


def _quality(offer: str, qualities: dict[str, float]) -> float:
    kind = offer.partition("/")[0]
    ranges = (offer, f"{kind}/*", "*/*")  # the most specific range decides
    return next((qualities[media_range] for media_range in ranges if media_range in qualities), 0.0)
