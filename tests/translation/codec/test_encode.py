from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from translation import codec
from translation.codec import FORMATS, MEDIA_TYPES, decode, encode

LOSSLESS = ("PNG", "WEBP", "BMP", "TIFF")
WITH_ALPHA = ("PNG", "WEBP", "TIFF", "AVIF")


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def difference(first: Image.Image, second: Image.Image) -> int:
    assert first.size == second.size
    return int(np.abs(np.asarray(first, int) - np.asarray(second, int)).max())


def test_every_format_that_is_read_can_be_written(picture: Image.Image) -> None:
    assert set(MEDIA_TYPES) == set(FORMATS)
    with pytest.raises(codec.UnsupportedOutputFormat, match="'TGA' is not one of JPEG"):
        encode(picture, "TGA")


def test_a_picture_too_long_for_a_format_is_refused_in_it() -> None:
    with pytest.raises(codec.UnsupportedOutputFormat, match="WEBP holds 16383 pixels a side"):
        encode(Image.new("RGB", (16384, 8)), "WEBP")


@pytest.mark.parametrize("format", LOSSLESS)
@given(size=st.tuples(st.integers(8, 40), st.integers(8, 40)), seed=st.integers(0, 99))
def test_lossless_formats_return_every_pixel(format: str, size: tuple[int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(decode(encode(Image.fromarray(noise), format)).image), noise)


@pytest.mark.parametrize("format", WITH_ALPHA)
def test_alpha_is_set_aside_and_given_back(format: str, picture: Image.Image, ramp: Image.Image) -> None:
    decoded = decode(encode(picture, format, alpha=ramp))
    assert decoded.alpha is not None
    assert difference(decoded.alpha, ramp) <= (4 if format == "AVIF" else 0)
    assert difference(decoded.image, picture) <= (
        24 if format == "AVIF" else 0
    )  # under full transparency too


@pytest.mark.parametrize("format", ["JPEG", "BMP"])
def test_alpha_is_composited_on_white_where_the_format_has_none(format: str, picture: Image.Image) -> None:
    decoded = decode(encode(picture, format, alpha=Image.new("L", (56, 40), 0)))
    assert decoded.alpha is None
    assert difference(decoded.image, Image.new("RGB", (56, 40), "white")) <= 1


def test_a_gif_pixel_is_there_or_not(picture: Image.Image, ramp: Image.Image) -> None:
    decoded = decode(encode(picture, "GIF", alpha=ramp))
    assert decoded.alpha is not None
    assert difference(decoded.alpha, ramp.point(lambda v: 255 * (v >= 128))) == 0


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_of_the_input_but_its_pixels_is_written(format: str, picture: Image.Image) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode(saved(picture, "JPEG", exif=exif.tobytes(), icc_profile=profile, comment=b"my house"))
    written = Image.open(BytesIO(encode(decoded.image, format)))
    assert not {ExifTags.Base.Make, ExifTags.Base.GPSInfo} & set(written.getexif())
    assert not {"icc_profile", "comment", "xmp"} & {key for key, value in written.info.items() if value}


def test_jpeg_keeps_the_full_resolution_of_colour(picture: Image.Image) -> None:
    assert [layer[1:3] for layer in Image.open(BytesIO(encode(picture, "JPEG"))).layer] == [(1, 1)] * 3
