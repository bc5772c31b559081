from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image

from translation import codec
from translation.codec import FORMATS, decode, encode

LOSSLESS = ("PNG", "WEBP", "BMP", "TIFF")


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def difference(first: Image.Image, second: Image.Image) -> int:
    assert first.size == second.size
    return int(np.abs(np.asarray(first, int) - np.asarray(second, int)).max())


def animation(format: str, frames: int = 3) -> bytes:
    images = [Image.new("RGB", (16, 16), (60 * i, 0, 0)) for i in range(frames)]
    return saved(images[0], format, save_all=True, append_images=images[1:])


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_is_known_by_its_bytes_and_its_size_is_kept(format: str, picture: Image.Image) -> None:
    decoded = decode(encode(picture, format))
    assert decoded.format == format
    assert decoded.image.mode == "RGB"
    assert decoded.alpha is None
    assert decoded.image.size == (56, 40)
    assert difference(decoded.image, picture) <= (0 if format in LOSSLESS else 24)


# orientation, metadata

# {orientation: (the stored corner that belongs at the top left, whether the sides are swapped)}
CORNERS = {
    1: ((0, 0), False),
    2: ((-1, 0), False),
    3: ((-1, -1), False),
    4: ((0, -1), False),
    5: ((0, 0), True),
    6: ((0, -1), True),
    7: ((-1, -1), True),
    8: ((-1, 0), True),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", CORNERS)
def test_orientation_is_applied(format: str, orientation: int, picture: Image.Image) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    upright = decode(saved(picture, format, exif=exif.tobytes())).image
    (x, y), swapped = CORNERS[orientation]
    assert upright.size == ((40, 56) if swapped else (56, 40))
    expected = np.asarray(picture, int)[y, x]
    assert np.abs(np.asarray(upright, int)[0, 0] - expected).max() <= 12


def test_orientation_turns_the_alpha_as_well(picture: Image.Image, ramp: Image.Image) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image = picture.convert("RGBA")
    image.putalpha(ramp)
    decoded = decode(saved(image, "PNG", exif=exif.tobytes()))
    assert decoded.alpha is not None
    assert difference(decoded.alpha, ramp.transpose(Image.Transpose.ROTATE_270)) == 0


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_an_animation_is_refused_unless_a_frame_is_named(format: str) -> None:
    data = animation(format)
    with pytest.raises(codec.AnimatedImage, match="3 frames"):
        decode(data)
    assert [decode(data, frame=i).image.getpixel((4, 4))[0] for i in range(3)] == pytest.approx(
        [0, 60, 120], abs=3
    )
    for frame in (3, -1):
        with pytest.raises(codec.AnimatedImage, match=f"no frame {frame}"):
            decode(data, frame=frame)


def test_a_jpeg_with_a_second_picture_behind_it_is_that_jpeg(picture: Image.Image, ramp: Image.Image) -> None:
    decoded = decode(saved(picture, "MPO", save_all=True, append_images=[ramp.convert("RGB")]))
    assert decoded.format == "JPEG"
    assert difference(decoded.image, picture) <= 24
