import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from translation import codec
from translation.codec import decode

LEVELS_16 = np.array([0, 1, 127, 128, 257, 385, 386, 12345, 32768, 65279, 65535])


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def difference(first: Image.Image, second: Image.Image) -> int:
    assert first.size == second.size
    return int(np.abs(np.asarray(first, int) - np.asarray(second, int)).max())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: np.ndarray, colour_type: int, transparent: bytes = b"", depth: int = 16) -> bytes:
    """By hand: Pillow writes no 16-bit colours. Of less than 8 bits a row of `pixels` is one of bytes."""
    height, width = len(pixels), pixels.shape[1] * 8 * pixels.itemsize // depth
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tRNS", transparent), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks if c[1] or c[0] == b"IEND")


GREY_MODES = ("L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")


@pytest.mark.parametrize("mode", GREY_MODES)
def test_every_mode_becomes_rgb_of_the_same_brightness(mode: str, ramp: Image.Image) -> None:
    decoded = decode(saved(ramp.convert(mode), "TIFF"))
    assert decoded.image.mode == "RGB"
    assert difference(decoded.image.convert("L"), ramp) == 0
    assert (decoded.alpha is not None) == mode.endswith("A")


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_one_bit_is_black_and_white(format: str, ramp: Image.Image) -> None:
    decoded = decode(saved(ramp.point(lambda v: 255 * (v > 99), "1"), format))
    assert decoded.image.getpixel((0, 0)) == (0, 0, 0)
    assert decoded.image.getpixel((55, 0)) == (255, 255, 255)


def test_cmyk_jpeg_is_not_inverted(picture: Image.Image) -> None:
    decoded = decode(saved(picture.convert("CMYK"), "JPEG", quality=100, subsampling=0))
    assert difference(decoded.image, picture) <= 4


def test_lab_is_converted(ramp: Image.Image) -> None:
    grey = ramp.convert("RGB")
    lab = ImageCms.profileToProfile(
        grey, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert difference(decode(saved(lab, "TIFF")).image, grey) <= 3


@pytest.mark.parametrize(
    ("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)], ids=["L", "RGB", "LA", "RGBA"]
)
def test_sixteen_bits_are_scaled_to_eight(colour_type: int, channels: int) -> None:
    levels = np.broadcast_to(LEVELS_16[None, :, None], (8, len(LEVELS_16), channels)).astype(">u2")
    decoded = decode(png(levels, colour_type))
    assert np.abs(np.asarray(decoded.image)[0, :, 0] - LEVELS_16 / 257).max() <= (0.5 if channels == 1 else 1)
    assert np.asarray(decoded.image)[0, -1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
def test_sixteen_bit_grey_tiff_is_rounded_not_clipped(byte_order: str) -> None:
    levels = np.tile(LEVELS_16, (8, 1)).astype(byte_order)
    decoded = decode(saved(Image.fromarray(levels), "TIFF"))
    assert np.asarray(decoded.image)[0, :, 0].tolist() == np.rint(LEVELS_16 / 257).tolist()


def test_transparency_of_sixteen_bit_grey_is_one_exact_level() -> None:
    levels = np.tile(np.array([256, 257, 258] * 3), (8, 1)).astype(">u2")
    alpha = decode(png(levels, colour_type=0, transparent=struct.pack(">H", 257))).alpha
    assert alpha is not None
    assert np.asarray(alpha)[0, :3].tolist() == [255, 0, 255]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_transparency_of_grey_is_one_level_of_its_own_depth(depth: int) -> None:
    levels = np.arange(min(1 << depth, 16)).repeat(8)
    bits = (levels[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    rows = np.packbits(bits.astype(np.uint8).ravel())[None].repeat(8, axis=0)
    for level in set(levels):
        alpha = decode(png(rows, 0, struct.pack(">H", level), depth)).alpha
        assert alpha is not None
        assert np.asarray(alpha)[0].tolist() == [0 if each == level else 255 for each in levels]


def test_transparency_of_sixteen_bit_colours_is_that_of_their_high_bytes() -> None:
    colours = [
        [0x1234, 0x5678, 0x9ABC],
        [0x3400, 0x7800, 0xBC00],
        [0x1234, 0x5678, 0x0000],
        [0x12, 0x34, 0x56],
    ]
    pixels = np.array([colours * 2] * 8, ">u2")
    for transparent, colour in enumerate(colours):
        alpha = decode(png(pixels, 2, struct.pack(">HHH", *colour))).alpha
        assert alpha is not None
        assert np.asarray(alpha)[0, :4].tolist() == [0 if i == transparent else 255 for i in range(4)]


def test_twelve_bit_grey_tiff_is_scaled_by_its_own_white() -> None:
    """By hand: 2 pixels in 3 bytes, all white but for the first row."""
    rows = bytes(12) + b"\xff" * 12 * 7
    tags = [(256, 8), (257, 8), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8), (279, len(rows))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    image = decode(b"II*\0" + struct.pack("<I", 8 + len(rows)) + rows + directory).image
    assert image.getpixel((3, 0)) == (0, 0, 0)
    assert image.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize("depth", ["8 bits", "16 bits", "float"])
def test_a_tiff_that_counts_from_white_is_not_read_as_its_negative(depth: str, ramp: Image.Image) -> None:
    levels = np.asarray(ramp)
    deeper = {
        "8 bits": levels,
        "16 bits": levels.astype(np.uint16) * 257,
        "float": levels / np.float32(255),
    }
    data = saved(Image.fromarray(deeper[depth]), "TIFF")
    photometric = struct.pack("<HHI", 262, 3, 1)
    assert photometric + b"\1\0" in data
    image = decode(data.replace(photometric + b"\1\0", photometric + b"\0\0")).image
    assert np.asarray(image)[..., 0].tolist() == (255 - levels).tolist()


def test_float_samples_in_0_to_1_are_scaled() -> None:
    levels = np.tile(np.linspace(0, 1, 56, dtype=np.float32), (40, 1))
    image = decode(saved(Image.fromarray(levels), "TIFF")).image
    assert np.abs(np.asarray(image)[..., 0] - 255 * levels).max() <= 0.5001


@pytest.mark.parametrize("stray", [-0.1, 1.1, np.nan, np.inf])
def test_float_samples_elsewhere_are_refused(stray: float) -> None:
    levels = np.full((40, 56), 0.5, np.float32)
    levels[3, 4] = stray
    with pytest.raises(codec.UnsupportedBitDepth, match=r"\[0, 1\]"):
        decode(saved(Image.fromarray(levels), "TIFF"))


def test_signed_and_thirty_two_bit_integers_are_refused() -> None:
    thirty_two = saved(Image.fromarray(np.zeros((9, 9), np.int32)), "TIFF")
    signed = saved(Image.fromarray(np.zeros((9, 9), np.uint16)), "TIFF", tiffinfo={339: 2})
    for data in (thirty_two, signed):
        with pytest.raises(codec.UnsupportedBitDepth, match="signed or 32-bit"):
            decode(data)


def test_a_palette_with_transparency_keeps_the_colours_under_it() -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    decoded = decode(saved(image, "PNG", transparency=1))
    assert decoded.image.getpixel((0, 0)) == (200, 100, 50)
    assert decoded.alpha is not None
    assert decoded.alpha.getextrema() == (0, 0)
    assert codec.on_white(decoded).getpixel((0, 0)) == (255, 255, 255)


def swapped_rgb_profile() -> bytes:
    """sRGB, but red is named green and green red: its effect is plain to see."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_the_colour_profile_is_applied(format: str) -> None:
    red = Image.new("RGB", (16, 16), (255, 0, 0))
    r, g, b = decode(saved(red, format, icc_profile=swapped_rgb_profile())).image.getpixel((5, 5))
    assert g > 250
    assert max(r, b) < 8


def test_srgb_profile_changes_nothing_and_a_damaged_one_is_left_out(picture: Image.Image) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, profile[:150], b"no profile"):
        assert difference(decode(saved(picture, "PNG", icc_profile=icc)).image, picture) == 0


def test_a_profile_of_another_colour_space_is_left_out(ramp: Image.Image) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(decode(saved(ramp, "PNG", icc_profile=profile)).image.convert("L"), ramp) == 0
