import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from translation import codec
from translation.codec import FORMATS, Limits, decode, encode


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


# what is refused

NOT_PICTURES = {
    "a byte": b"x",
    "html": b"<html><body>404</body></html>",
    "json": b'{"error": "not found"}',
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "pdf": b"%PDF-1.7\n" + bytes(200),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "zip": b"PK\x03\x04" + bytes(200),
    "exe": b"MZ" + bytes(200),
    "png signature": b"\x89PNG\r\n\x1a\n",
    **{
        name.lower(): saved(Image.new("RGB", (16, 16)), name)
        for name in ("PPM", "TGA", "ICO", "JPEG2000", "QOI")
    },
}


@pytest.mark.parametrize("data", NOT_PICTURES.values(), ids=NOT_PICTURES)
def test_what_is_no_picture_of_a_known_format_is_refused(data: bytes) -> None:
    known = "not one of JPEG, PNG, WEBP, AVIF, BMP, TIFF, GIF, or damaged at its start"
    with pytest.raises(codec.UnsupportedImageFormat, match=f"{known}; convert other formats to JPEG or PNG"):
        decode(data)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(codec.EmptyImage, match="the file is empty"):
        decode(b"")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("format", FORMATS)
@given(share=st.floats(0.01, 0.99))
def test_a_file_cut_anywhere_is_refused(
    format: str, share: float, picture: Image.Image, ramp: Image.Image
) -> None:
    data = encode(picture, format, alpha=ramp)
    end = len(data) - 12 if format == "PNG" else len(data)  # a PNG has all its pixels before the last chunk
    with pytest.raises((codec.CorruptImage, codec.UnsupportedImageFormat)):
        decode(data[: int(share * end)])


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_a_file_cut_in_half_is_corrupt(format: str, picture: Image.Image) -> None:
    data = encode(picture, format)
    with pytest.raises(codec.CorruptImage):
        decode(data[: len(data) // 2])


@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_flipped_byte_of_a_png_is_found(position: float, flip: int, picture: Image.Image) -> None:
    data = bytearray(encode(picture, "PNG"))
    data[8 + int(position * (len(data) - 8 - 12))] ^= flip
    with pytest.raises(codec.InvalidImage):
        decode(bytes(data))


def header_of(format: str, width: int, height: int) -> bytes:
    """A few bytes that claim a size."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return {
        "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\r" + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + b"\0\0\0\1IDAT",
        "JPEG": b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", height, width) + b"\1\1\x11\0\xff\xda\0\2",
        "BMP": b"BM" + struct.pack("<IIIIiiHH", 54, 0, 54, 40, width, height, 1, 24) + bytes(24),
        "GIF": b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0," + bytes(10),
    }[format]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF"])
@pytest.mark.parametrize("side", [9000, 10000, 60000])
def test_a_bomb_is_refused_by_its_header(format: str, side: int) -> None:
    megapixels = side * side // 1_000_000
    with pytest.raises(codec.ImageTooLarge, match=f"{megapixels} MP exceeds 64 MP, the limit max_pixels"):
        decode(header_of(format, side, side))


def test_a_bomb_is_never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    bomb = saved(Image.new("1", (8000, 8000)), "PNG")
    assert len(bomb) < 10_000
    with pytest.raises(codec.ImageTooLarge):
        decode(bomb, Limits(max_pixels=1_000_000))


def test_a_jpeg_of_countless_scans_is_not_decoded(picture: Image.Image) -> None:
    """Each costs a pass over all pixels and a few bytes."""
    data = saved(picture, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    with pytest.raises(codec.CorruptImage, match="scans, maximum 100"):
        decode(data[:start] + data[start:-2] * 200 + data[-2:])


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ((7, 40), codec.ImageTooSmall),
        ((1, 1), codec.ImageTooSmall),
        ((1, 5000), codec.ImageTooSmall),
        ((8, 257), codec.BadAspectRatio),
        ((16385, 600), codec.ImageTooLarge),
    ],
)
def test_sizes_beyond_the_limits_are_refused(size: tuple[int, int], error: type[Exception]) -> None:
    with pytest.raises(error, match=f"{size[0]}x{size[1]}"):
        decode(saved(Image.new("L", size), "PNG"))


@pytest.mark.parametrize("size", [(8, 8), (8, 256), (256, 8)])
def test_sizes_at_the_limits_are_read(size: tuple[int, int]) -> None:
    assert decode(saved(Image.new("L", size), "PNG")).image.size == size


def test_the_limits_are_the_callers(picture: Image.Image) -> None:
    with pytest.raises(codec.ImageTooLarge, match="0.00224 MP exceeds 0.002 MP"):
        decode(encode(picture, "PNG"), Limits(max_pixels=2000))
    with pytest.raises(codec.ImageTooLarge, match="maximum side 50, the limit max_side"):
        decode(encode(picture, "PNG"), Limits(max_side=50))


def test_a_limit_that_cannot_be_set_is_not_named() -> None:
    with pytest.raises(codec.ImageTooLarge, match="400 MP exceeds 89.48 MP, which is fixed"):
        decode(header_of("PNG", 20000, 20000), Limits(max_pixels=10**9))
