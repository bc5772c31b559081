"""Any pixel to 8-bit sRGB: bit depth, transparency, colour profile, in that order."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from translation.codec.errors import UnsupportedBitDepth

SRGB = ImageCms.createProfile("sRGB")

# The mode that keeps a picture's colours but for its alpha; RGB for what is not listed (P, PA, RGBA, YCbCr).
COLOUR_MODES = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK", "LAB": "LAB"}
ALPHA_MODES = {"L": "LA", "RGB": "RGBA"}
# What a PNG says of its transparent colour, as Pillow gives its pixels, by how they are stored.
TRANSPARENT: Mapping[str, Callable[[Any], object]] = {
    "L;2": lambda level: level * 85,
    "L;4": lambda level: level * 17,
    "RGB;16B": lambda colour: tuple(level >> 8 for level in colour),
}
PROFILED_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK", "Lab": "LAB"}


def to_srgb(source: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """RGB and, where the source has transparency, alpha ("L"). Raises UnsupportedBitDepth."""
    colour, alpha = _separate_alpha(_to_eight_bits(source))
    return _apply_profile(colour, source.info.get("icc_profile")), alpha


def scale_transparent(source: ImageFile) -> None:
    """Bring the transparent colour of a PNG to 8 bits. Pillow does so with the pixels, but not with that
    colour.

    The source is not loaded yet. Colours of 16 bits that share their high bytes become one.
    """
    if isinstance(source, PngImageFile) and "transparency" in source.info:
        for tile in source.tile:
            if scale := TRANSPARENT.get(str(tile.args)):
                source.info["transparency"] = scale(source.info["transparency"])


def _to_eight_bits(source: Image.Image) -> Image.Image:
    """Of deeper samples only grey ones arrive whole: Pillow gives 16-bit colours as their high bytes."""
    if source.mode.startswith("I;16"):
        levels = np.asarray(source)
        grey = _band(_from_black(levels / np.float32(_white_level(source)), source))
        if "transparency" in source.info:
            grey.putalpha(_band(levels != source.info["transparency"]))
        return grey
    if source.mode == "F":
        values = np.asarray(source)
        if not (values.min() >= 0 and values.max() <= 1):  # so written, NaN is refused too
            raise UnsupportedBitDepth(
                f"float samples must lie in [0, 1], not {values.min():g} to {values.max():g}"
            )
        return _band(_from_black(values, source))
    if source.mode == "I":
        raise UnsupportedBitDepth("signed or 32-bit integer samples: which value is white is not known")
    return source


def _white_level(source: Image.Image) -> int:
    """A TIFF says of how many bits its samples are: of 12, it may be."""
    bits: int = source.tag_v2.get(BITSPERSAMPLE, (16,))[0] if isinstance(source, TiffImageFile) else 16
    return (1 << bits) - 1


def _from_black(values: np.ndarray, source: Image.Image) -> np.ndarray:
    """A TIFF may count from white; Pillow turns such samples over up to 8 bits, but no deeper ones."""
    is_from_white = isinstance(source, TiffImageFile) and source.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0
    return 1 - values if is_from_white else values


def _band(values: np.ndarray) -> Image.Image:
    """L of values in [0, 1]."""
    return Image.fromarray(np.rint(255 * values).astype(np.uint8))


def _separate_alpha(source: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    mode = COLOUR_MODES.get(source.mode, "RGB")
    if not source.has_transparency_data:
        return source.convert(mode), None
    whole = source.convert(ALPHA_MODES[mode])
    return whole.convert(mode), whole.getchannel("A")


def _apply_profile(colour: Image.Image, icc: bytes | None) -> Image.Image:
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc)) if icc else _default_profile(colour.mode)
        if profile is None or PROFILED_MODES.get(profile.profile.xcolor_space.strip()) != colour.mode:
            return colour.convert("RGB")
        return _transform(colour, profile)
    except (ImageCms.PyCMSError, OSError):  # like every viewer: a damaged profile does not damage the picture
        return colour.convert("RGB")


def _default_profile(mode: str) -> ImageCms.ImageCmsProfile | None:
    """Lab means the same everywhere; grey, RGB and CMYK without a profile are taken as Pillow takes them."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")) if mode == "LAB" else None


def _transform(colour: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(
        colour,
        profile,
        SRGB,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,  # else the black of ink stays grey
    )
    assert converted is not None  # only an in-place conversion returns nothing
    return converted
