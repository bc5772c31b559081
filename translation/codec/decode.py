"""Bytes to picture. Its bytes say what a file is, not its name; its cost is known before it is decoded."""

import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from translation.codec.colour import scale_transparent, to_srgb
from translation.codec.errors import (
    CorruptImage,
    EmptyImage,
    ImageTooLarge,
    InvalidImage,
    UnsupportedImageFormat,
)
from translation.codec.frames import advance, locate
from translation.codec.limits import Limits

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF")

# Everything that Pillow's plugins are known to raise on damaged data.
BROKEN = (
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,  # AVIF
    SyntaxError,  # PNG
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

# Between its own limit and twice that, Pillow only warns of a decompression bomb.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

MAX_SCANS = 100  # of a progressive JPEG; encoders make about ten

Transpose = Image.Transpose
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Picture:
    """Upright sRGB. Where alpha ("L") exists, image holds the colours under it, as stored.

    `mode` is Pillow's for what the file held: "CMYK", "I;16", "P".
    """

    image: Image.Image
    alpha: Image.Image | None
    format: str
    mode: str


def decode(data: bytes, limits: Limits = Limits(), frame: int | None = None) -> Picture:  # noqa: B008 - frozen
    """Of a file of several frames one has to be named: counted from 0, among the first thousand. A frame
    that is drawn over those before it may have four times max_pixels together with them. Raises a subclass
    of InvalidImage."""
    if not data:
        raise EmptyImage("the file is empty")
    with _pillow_errors(limits):
        source = _open(data)
        sizes = locate(source, data, frame, limits)
        if check := CHECKS.get(_format(source)):
            check(data)
        advance(source, sizes)
        scale_transparent(source)
        source.load()
        image, alpha = to_srgb(source)
    turn = UPRIGHT.get(_orientation(source))
    if turn is not None:
        image, alpha = image.transpose(turn), alpha and alpha.transpose(turn)
    return Picture(image, alpha, _format(source), source.mode)


def read_size(
    data: bytes,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    frame: int | None = None,
) -> tuple[int, int]:
    """(width, height) of the picture that `decode` would make of it, as the file states them, turned
    upright or not; no pixel is decoded. Raises a subclass of InvalidImage."""
    if not data:
        raise EmptyImage("the file is empty")
    with _pillow_errors(limits):
        return locate(_open(data), data, frame, limits)[-1]


def _open(data: bytes) -> ImageFile:
    return Image.open(BytesIO(data), formats=FORMATS)


def _format(source: ImageFile) -> str:
    # An MPO is a JPEG with more pictures behind it: a phone's depth or gain map, a second eye.
    return "JPEG" if source.format == "MPO" else str(source.format)


def _check_sums(data: bytes) -> None:
    """Decoding skips the checksums of pixel data."""
    _open(data).verify()


def _check_scans(data: bytes) -> None:
    """Each scan passes over all pixels, and a few bytes are enough for one."""
    scans = len(re.findall(rb"\xff\xda\0[\x08\x0a\x0c\x0e][\1-\4]", data))
    if scans > MAX_SCANS:
        raise CorruptImage(f"{scans} scans, maximum {MAX_SCANS}")


# What a format's decoder leaves unchecked.
CHECKS: Mapping[str, Callable[[bytes], None]] = {"PNG": _check_sums, "JPEG": _check_scans}


def _orientation(source: ImageFile) -> int:
    with suppress(*BROKEN):  # a damaged EXIF block does not damage the picture
        return int(source.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


@contextmanager
def _pillow_errors(limits: Limits) -> Iterator[None]:
    try:
        yield
    except InvalidImage:
        raise
    except UnidentifiedImageError as error:
        raise UnsupportedImageFormat(
            f"not one of {', '.join(FORMATS)}, or damaged at its start; convert other formats to JPEG or PNG"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = int(re.findall(r"\d+", str(error))[0])
        own = Image.MAX_IMAGE_PIXELS or limits.max_pixels
        limit, whose = min((limits.max_pixels, "the limit max_pixels"), (own, "which is fixed"))
        raise ImageTooLarge(f"{pixels / 1e6:.4g} MP exceeds {limit / 1e6:.4g} MP, {whose}") from error
    except BROKEN as error:
        raise CorruptImage(str(error)) from error
