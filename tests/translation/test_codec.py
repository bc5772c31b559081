import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageFile

from translation import codec
from translation.codec import FORMATS, MEDIA_TYPES, Limits, decode, encode

settings.register_profile("any machine", deadline=None, max_examples=25)
settings.load_profile("any machine")

LOSSLESS = ("PNG", "WEBP", "BMP", "TIFF")
WITH_ALPHA = ("PNG", "WEBP", "TIFF", "AVIF")
LEVELS_16 = np.array([0, 1, 127, 128, 257, 385, 386, 12345, 32768, 65279, 65535])


def picture(width: int = 56, height: int = 40) -> Image.Image:
    """Smooth, all different at the four corners."""
    y, x = np.mgrid[:height, :width] / (max(width, height) - 1)
    return Image.fromarray((255 * np.stack([x, y, (2 - x - y) / 2], -1)).astype(np.uint8))


def ramp(width: int = 56, height: int = 40) -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1)))


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def animation(format: str, frames: int = 3) -> bytes:
    images = [Image.new("RGB", (16, 16), (60 * i, 0, 0)) for i in range(frames)]
    return saved(images[0], format, save_all=True, append_images=images[1:])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: np.ndarray, colour_type: int, depth: int = 16, size: tuple[int, int] | None = None) -> bytes:
    """By hand: Pillow writes no 16-bit colours, nor a header that lies about the size."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))
    header = struct.pack(">IIBBBBB", *(size or (width, height)), depth, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def difference(first: Image.Image, second: Image.Image) -> int:
    assert first.size == second.size
    return int(np.abs(np.asarray(first, int) - np.asarray(second, int)).max())


# formats


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_is_known_by_its_bytes_and_its_size_is_kept(format: str) -> None:
    decoded = decode(encode(picture(), format))
    assert decoded.format == format
    assert decoded.image.mode == "RGB"
    assert decoded.alpha is None
    assert decoded.image.size == (56, 40)
    assert difference(decoded.image, picture()) <= (0 if format in LOSSLESS else 24)


@pytest.mark.parametrize("format", LOSSLESS)
@given(size=st.tuples(st.integers(8, 40), st.integers(8, 40)), seed=st.integers(0, 99))
def test_lossless_formats_return_every_pixel(format: str, size: tuple[int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(decode(encode(Image.fromarray(noise), format)).image), noise)


def test_every_format_that_is_read_can_be_written() -> None:
    assert set(MEDIA_TYPES) == set(FORMATS)
    with pytest.raises(codec.UnsupportedOutputFormat, match="'TGA' is not one of JPEG"):
        encode(picture(), "TGA")


def test_a_picture_too_long_for_a_format_is_refused_in_it() -> None:
    with pytest.raises(codec.UnsupportedOutputFormat, match="WEBP holds 16383 pixels a side"):
        encode(Image.new("RGB", (16384, 8)), "WEBP")


# colours, depths, transparency

GREY_MODES = {"L": 0, "LA": 0, "P": 0, "RGB": 0, "RGBA": 0, "CMYK": 0, "YCbCr": 0, "PA": 0, "RGBX": 0}


@pytest.mark.parametrize("mode", GREY_MODES)
def test_every_mode_becomes_rgb_of_the_same_brightness(mode: str) -> None:
    decoded = decode(saved(ramp().convert(mode), "TIFF"))
    assert decoded.image.mode == "RGB"
    assert difference(decoded.image.convert("L"), ramp()) == 0
    assert (decoded.alpha is not None) == mode.endswith("A")


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_one_bit_is_black_and_white(format: str) -> None:
    decoded = decode(saved(ramp().point(lambda v: 255 * (v > 99), "1"), format))
    assert decoded.image.getpixel((0, 0)) == (0, 0, 0)
    assert decoded.image.getpixel((55, 0)) == (255, 255, 255)


def test_cmyk_jpeg_is_not_inverted() -> None:
    decoded = decode(saved(picture().convert("CMYK"), "JPEG", quality=100, subsampling=0))
    assert difference(decoded.image, picture()) <= 4


def test_lab_is_converted() -> None:
    grey = ramp().convert("RGB")
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
    data = png(levels, colour_type=0)
    data = data.replace(chunk(b"IEND", b""), b"")
    header_end = 8 + 25
    data = (
        data[:header_end] + chunk(b"tRNS", struct.pack(">H", 257)) + data[header_end:] + chunk(b"IEND", b"")
    )
    alpha = decode(data).alpha
    assert alpha is not None
    assert np.asarray(alpha)[0, :3].tolist() == [255, 0, 255]


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


def test_thirty_two_bit_integers_are_refused() -> None:
    with pytest.raises(codec.UnsupportedBitDepth):
        decode(saved(Image.fromarray(np.zeros((9, 9), np.int32)), "TIFF"))


@pytest.mark.parametrize("format", WITH_ALPHA)
def test_alpha_is_set_aside_and_given_back(format: str) -> None:
    decoded = decode(encode(picture(), format, alpha=ramp()))
    assert decoded.alpha is not None
    assert difference(decoded.alpha, ramp()) <= (4 if format == "AVIF" else 0)
    assert difference(decoded.image, picture()) <= (
        24 if format == "AVIF" else 0
    )  # under full transparency too


@pytest.mark.parametrize("format", ["JPEG", "BMP"])
def test_alpha_is_composited_on_white_where_the_format_has_none(format: str) -> None:
    decoded = decode(encode(picture(), format, alpha=Image.new("L", (56, 40), 0)))
    assert decoded.alpha is None
    assert difference(decoded.image, Image.new("RGB", (56, 40), "white")) <= 1


def test_a_gif_pixel_is_there_or_not() -> None:
    decoded = decode(encode(picture(), "GIF", alpha=ramp()))
    assert decoded.alpha is not None
    assert difference(decoded.alpha, ramp().point(lambda v: 255 * (v >= 128))) == 0


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


def test_srgb_profile_changes_nothing_and_a_damaged_one_is_left_out() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, profile[:150], b"no profile"):
        assert difference(decode(saved(picture(), "PNG", icc_profile=icc)).image, picture()) == 0


def test_a_profile_of_another_colour_space_is_left_out() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(decode(saved(ramp(), "PNG", icc_profile=profile)).image.convert("L"), ramp()) == 0


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
def test_orientation_is_applied(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    upright = decode(saved(picture(), format, exif=exif.tobytes())).image
    (x, y), swapped = CORNERS[orientation]
    assert upright.size == ((40, 56) if swapped else (56, 40))
    expected = np.asarray(picture(), int)[y, x]
    assert np.abs(np.asarray(upright, int)[0, 0] - expected).max() <= 12


def test_orientation_turns_the_alpha_as_well() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image = picture().convert("RGBA")
    image.putalpha(ramp())
    decoded = decode(saved(image, "PNG", exif=exif.tobytes()))
    assert decoded.alpha is not None
    assert difference(decoded.alpha, ramp().transpose(Image.Transpose.ROTATE_270)) == 0


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_of_the_input_but_its_pixels_is_written(format: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode(saved(picture(), "JPEG", exif=exif.tobytes(), icc_profile=profile, comment=b"my house"))
    written = Image.open(BytesIO(encode(decoded.image, format)))
    assert not {ExifTags.Base.Make, ExifTags.Base.GPSInfo} & set(written.getexif())
    assert not {"icc_profile", "comment", "xmp"} & {key for key, value in written.info.items() if value}


def test_text_is_written_into_a_png_only() -> None:
    text = {"SJMVI-Seed": "7", "SJMVI-Direction": "horse -> \N{ZEBRA FACE}"}
    assert Image.open(BytesIO(encode(picture(), "PNG", text=text))).text == text
    assert encode(picture(), "JPEG", text=text) == encode(picture(), "JPEG")


def test_jpeg_keeps_the_full_resolution_of_colour() -> None:
    assert [layer[1:3] for layer in Image.open(BytesIO(encode(picture(), "JPEG"))).layer] == [(1, 1)] * 3


# frames


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


def test_a_jpeg_with_a_second_picture_behind_it_is_that_jpeg() -> None:
    decoded = decode(saved(picture(), "MPO", save_all=True, append_images=[ramp().convert("RGB")]))
    assert decoded.format == "JPEG"
    assert difference(decoded.image, picture()) <= 24


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
    with pytest.raises(
        codec.UnsupportedImageFormat, match="not one of JPEG, PNG, WEBP, AVIF, BMP, TIFF, GIF"
    ):
        decode(data)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(codec.EmptyImage, match="the file is empty"):
        decode(b"")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("format", FORMATS)
@given(share=st.floats(0.01, 0.99))
def test_a_file_cut_anywhere_is_refused(format: str, share: float) -> None:
    data = encode(picture(), format, alpha=ramp())
    end = len(data) - 12 if format == "PNG" else len(data)  # a PNG has all its pixels before the last chunk
    with pytest.raises((codec.CorruptImage, codec.UnsupportedImageFormat)):
        decode(data[: int(share * end)])


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_a_file_cut_in_half_is_corrupt(format: str) -> None:
    data = encode(picture(), format)
    with pytest.raises(codec.CorruptImage):
        decode(data[: len(data) // 2])


@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_flipped_byte_of_a_png_is_found(position: float, flip: int) -> None:
    data = bytearray(encode(picture(), "PNG"))
    data[8 + int(position * (len(data) - 8 - 12))] ^= flip
    with pytest.raises(codec.InvalidImage):
        decode(bytes(data))


def header_of(format: str, width: int, height: int) -> bytes:
    """A few bytes that claim a size."""
    jpeg = (
        b"\xff\xd8\xff\xc0"
        + struct.pack(">HBHHB", 11, 8, height, width, 1)
        + b"\1\x11\0"
        + b"\xff\xda\0\6"
        + bytes(4)
    )
    bmp = b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    gif = b"GIF89a" + struct.pack("<HH", width, height) + bytes(3) + b"," + bytes(10)
    return {
        "JPEG": jpeg,
        "BMP": bmp,
        "GIF": gif,
        "PNG": png(np.zeros((1, 1), np.uint8), colour_type=0, depth=8, size=(width, height)),
    }[format]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF"])
@pytest.mark.parametrize("side", [9000, 10000, 60000])
def test_a_bomb_is_refused_by_its_header(format: str, side: int) -> None:
    megapixels = side * side // 1_000_000
    with pytest.raises(codec.ImageTooLarge, match=f"{megapixels} MP exceeds 64 MP"):
        decode(header_of(format, side, side))


def test_a_bomb_is_never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    bomb = png(np.zeros((2000, 2000), np.uint8), colour_type=0, depth=8)  # 4 MB in 4 kB
    assert len(bomb) < 5000
    with pytest.raises(codec.ImageTooLarge):
        decode(bomb, Limits(max_pixels=1_000_000))


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


def test_the_limits_are_the_callers() -> None:
    with pytest.raises(codec.ImageTooLarge, match="0.00224 MP exceeds 0.002 MP"):
        decode(encode(picture(), "PNG"), Limits(max_pixels=2000))


# tensors


@given(size=st.tuples(st.integers(8, 64), st.integers(8, 64)), seed=st.integers(0, 99))
def test_image_to_tensor_and_back_is_exact(size: tuple[int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    tensor = codec.to_tensor(Image.fromarray(noise))
    assert tensor.shape == (1, 3, size[1], size[0])
    assert tensor.dtype == torch.float32
    assert np.array_equal(np.asarray(codec.to_image(tensor)), noise)
    assert np.array_equal(np.asarray(codec.to_image(tensor[0])), noise)


def test_black_is_minus_one_and_white_one() -> None:
    image = Image.new("RGB", (8, 8), (0, 255, 0))
    assert codec.to_tensor(image)[0, :, 3, 3].tolist() == [-1, 1, -1]


def test_values_are_rounded_and_clamped() -> None:
    values = torch.tensor([-9.0, -1.0, 0.003, 0.005, 1.0, 9.0]).expand(3, 8, 6)
    assert np.asarray(codec.to_image(values))[0, :, 0].tolist() == [0, 0, 128, 128, 255, 255]


@given(
    size=st.tuples(st.integers(8, 300), st.integers(8, 300)).filter(lambda s: max(s) <= 32 * min(s)),
    short_side=st.integers(8, 64),
)
def test_short_side_is_exact_and_the_aspect_kept_to_the_pixel(size: tuple[int, int], short_side: int) -> None:
    fitted = codec.fit_short_side(Image.new("L", size), short_side)
    assert min(fitted.size) == short_side
    assert abs(max(fitted.size) - max(size) * short_side / min(size)) <= 0.5


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    small = np.asarray(codec.resize(Image.fromarray(stripes), (10, 10)), int)
    assert np.abs(small[:, 2:-2] - 127.5).max() < 10


def test_preprocessing_has_one_stable_digest() -> None:
    assert codec.preprocessing_digest() == codec.preprocessing_digest()
    assert len(codec.preprocessing_digest()) == 64
