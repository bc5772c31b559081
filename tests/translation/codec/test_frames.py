"""Files of several frames: what one of them costs is known, and limited, before it is decoded."""

import struct
from io import BytesIO

import pytest
from PIL import Image

from translation import codec
from translation.codec import Limits, decode, read_size

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")


def saved(images: list[Image.Image], format: str, **options: object) -> bytes:
    buffer = BytesIO()
    images[0].save(buffer, format, save_all=True, append_images=images[1:], **options)
    return buffer.getvalue()


def animation(format: str, frames: int, side: int = 16) -> bytes:
    return saved([Image.new("RGB", (side, side), (9 * i, 0, 0)) for i in range(frames)], format)


def tiff(pages: int, order: str = "<", more_tags: int = 0) -> bytes:
    """Black pages of 8 x 8 pixels, a few bytes each but for tags that say nothing."""
    entries = [struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in ((256, 8), (257, 8), (273, 0))]
    entries += [struct.pack(order + "HHII", 65000, 4, 1, 0)] * more_tags
    step = 2 + 12 * len(entries) + 4
    follows = [8 + step * page for page in range(1, pages)] + [0]
    head = struct.pack(order + "HHI", {"<": 0x4949, ">": 0x4D4D}[order], 42, 8)
    directories = [
        struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", place)
        for place in follows
    ]
    return head + b"".join(directories) + bytes(8)


def gif(*frames: bytes) -> bytes:
    """Of 8 x 8 pixels, all of it the first frame; `frames` are behind that."""
    return saved([Image.new("P", (8, 8))], "GIF")[:-1] + b"".join(frames) + b";"


PIXEL = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"


def gif_frame(size: tuple[int, int]) -> bytes:
    data = saved([Image.new("P", size)], "GIF")[:-1]
    return data[data.rindex(b"," + struct.pack("<HHHH", 0, 0, *size)) :]


COUNTLESS = {"TIFF": tiff(1500), "big-endian TIFF": tiff(1500, ">"), "GIF": gif(*[PIXEL] * 1500)}


@pytest.mark.parametrize("data", COUNTLESS.values(), ids=COUNTLESS)
def test_of_countless_frames_the_first_thousand_can_be_named(data: bytes) -> None:
    with pytest.raises(codec.AnimatedImage, match=r"more than 1000 frames: .* frame=0 to frame=999,"):
        decode(data)
    with pytest.raises(codec.AnimatedImage, match="no frame 1000: .* more than 1000, the first 1000 can be"):
        decode(data, frame=1000)
    assert decode(data, frame=999).image.size == (8, 8)


def test_pages_of_a_tiff_that_nobody_can_name_are_not_looked_at() -> None:
    data = tiff(1500)
    damaged = data[:-8000] + b"\xff" * 8000
    assert decode(damaged, frame=0).image.size == (8, 8)


def test_a_tiff_whose_pages_follow_in_a_ring_has_each_once() -> None:
    data = bytearray(tiff(3))
    data[-12:-8] = struct.pack("<I", 8)
    with pytest.raises(codec.AnimatedImage, match="^3 frames"):
        decode(bytes(data))


def test_pages_of_a_tiff_before_one_that_is_cut_off_can_be_named() -> None:
    data = tiff(3)
    cut = data[: 8 + 2 * 42]
    with pytest.raises(codec.AnimatedImage, match="^3 frames"):
        decode(cut)
    assert decode(cut, frame=1).image.size == (8, 8)


def test_a_tiff_of_countless_tags_is_refused() -> None:
    with pytest.raises(codec.CorruptImage, match="tags in 3 pages, maximum 100000"):
        decode(tiff(5, more_tags=40_000), frame=0)


@pytest.mark.parametrize("format", ANIMATED)
def test_a_frame_costs_those_that_it_is_drawn_over(format: str) -> None:
    data, limits = animation(format, 6), Limits(max_pixels=16 * 16)
    assert decode(data, limits, frame=3).image.size == (16, 16)
    with pytest.raises(codec.AnimatedImage, match="frame=4 .* 0.00128 MP and exceeds 0.001024 MP: name an"):
        decode(data, limits, frame=4)


def test_a_page_of_a_tiff_costs_itself_alone() -> None:
    assert decode(animation("TIFF", 6), Limits(max_pixels=16 * 16), frame=5).image.size == (16, 16)


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}], ids=["TIFF", "BigTIFF"])
def test_the_size_that_is_read_is_that_of_the_page(options: dict[str, bool]) -> None:
    sizes = [(16, 16), (4, 4), (40, 30)]
    data = saved([Image.new("L", size) for size in sizes], "TIFF", **options)
    for page in (0, 2):
        assert read_size(data, frame=page) == decode(data, frame=page).image.size == sizes[page]
    with pytest.raises(codec.ImageTooSmall, match="4x4"):
        read_size(data, frame=1)
    with pytest.raises(codec.ImageTooLarge, match="40x30"):
        read_size(data, Limits(max_side=39), frame=2)
    with pytest.raises(codec.AnimatedImage, match="3 frames"):
        read_size(data)


@pytest.mark.parametrize("format", ANIMATED)
def test_the_size_that_is_read_is_that_of_the_animation(format: str) -> None:
    assert read_size(animation(format, 3), frame=2) == (16, 16)


def test_the_size_of_a_gif_that_grows_is_known_before_it_has_grown() -> None:
    data = gif(gif_frame((9, 10)), gif_frame((40, 30)))
    for frame, size in enumerate([(8, 8), (9, 10), (40, 30)]):
        assert read_size(data, frame=frame) == decode(data, frame=frame).image.size == size
    with pytest.raises(codec.ImageTooLarge, match="40x30"):
        decode(data, Limits(max_pixels=1000), frame=2)


def test_a_gif_that_can_be_counted_in_two_ways_is_refused() -> None:
    """Behind an extension that is empty Pillow looks for one more block, and others for a frame."""
    hidden = b"!\xf9\0" + b"\x0f" + PIXEL + b"\0"
    with pytest.raises(codec.CorruptImage, match="frame 1 is 40x30, not 8x8"):
        decode(gif(hidden, gif_frame((40, 30))), frame=1)
