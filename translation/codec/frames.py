"""Frames of a file: which is meant, how large it is and what it costs, known before a pixel is decoded.

A page of a TIFF stands alone. Every other frame is drawn over those before it, which are decoded with it. A
frame may take a few bytes of a file, so the frames that are counted or decoded are limited.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice, repeat

from PIL.ImageFile import ImageFile

from translation.codec.errors import AnimatedImage, CorruptImage
from translation.codec.limits import Limits

MAX_FRAMES = 1000  # that can be named; what is behind them is not looked at
MAX_TAGS = 100 * MAX_FRAMES  # of a TIFF's pages together, which may share them; writers make some 20 a page
DRAWN_SHARE = 4  # times max_pixels, for a frame and all that it is drawn over

Size = tuple[int, int]

GIF_HEADER_BYTES, GIF_DESCRIPTOR_BYTES = 13, 10
GIF_MARK = re.compile(rb"[!,;]")  # an extension, a frame, the end; other bytes are passed over
GIF_FRAME, GIF_END = b",", b";"


def locate(source: ImageFile, data: bytes, frame: int | None, limits: Limits) -> tuple[Size, ...]:
    """(width, height) of every frame that has to be decoded, the last is the one that is meant.

    A TIFF is at its page then, any other source where it was. Raises AnimatedImage, CorruptImage, and what
    Limits.check does.
    """
    stated = SIZES.get(str(source.format), _equal_sizes)(source, data)
    sizes = tuple(islice(stated, MAX_FRAMES + 1)) or (source.size,)
    _check_named(frame, len(sizes))
    needed = sizes[: (frame or 0) + 1]
    if source.format == "TIFF":
        source.seek(frame or 0)
        needed = (source.size,)
    limits.check(needed[-1])
    drawn, most = sum(width * height for width, height in needed), DRAWN_SHARE * limits.max_pixels
    if drawn > most:
        raise AnimatedImage(
            f"frame={frame} is drawn over those before it, which makes {drawn / 1e6:.4g} MP and exceeds "
            f"{most / 1e6:.4g} MP: name an earlier one, or give it alone"
        )
    return needed


def advance(source: ImageFile, sizes: tuple[Size, ...]) -> None:
    """To the frame that `locate` found them for. Raises CorruptImage."""
    for frame, size in enumerate(sizes[1:], 1):
        source.seek(frame)
        if source.size != size:  # then it would cost what nobody has counted
            raise CorruptImage(f"frame {frame} is {source.size[0]}x{source.size[1]}, not {size[0]}x{size[1]}")


def _check_named(frame: int | None, frames: int) -> None:
    has = f"more than {MAX_FRAMES}" if frames > MAX_FRAMES else str(frames)
    named = min(frames, MAX_FRAMES)
    if frame is None and frames > 1:
        raise AnimatedImage(f"{has} frames: name one, frame=0 to frame={named - 1}, or give it alone")
    if frame is not None and not 0 <= frame < named:
        which = f", the first {named} can be named" if frames > named else ""
        raise AnimatedImage(f"no frame {frame}: the file has {has}{which}, counted from 0")


def _equal_sizes(source: ImageFile, _: bytes) -> Iterator[Size]:
    # What an MPO has behind its first picture is no other frame of it: see decode.
    return repeat(source.size, 1 if source.format == "MPO" else getattr(source, "n_frames", 1))


def _tiff_sizes(source: ImageFile, data: bytes) -> Iterator[Size]:
    """By the chain of directories, all as if of the first page's size: Pillow sets pages up to count them."""
    order, is_big = "<" if data.startswith(b"II") else ">", data[2] == 43
    count, offset = (struct.Struct(order + code) for code in ("QQ" if is_big else "HI"))
    entry_bytes = 20 if is_big else 12
    seen: set[int] = set()
    tags = 0
    with suppress(struct.error, OverflowError):  # where the chain leads nowhere, what is before that is whole
        (place,) = offset.unpack_from(data, 8 if is_big else 4)
        while place and place not in seen:
            seen.add(place)
            yield source.size
            (entries,) = count.unpack_from(data, place)
            tags += entries
            if tags > MAX_TAGS:
                raise CorruptImage(f"{tags} tags in {len(seen)} pages, maximum {MAX_TAGS}")
            (place,) = offset.unpack_from(data, place + count.size + entries * entry_bytes)


def _gif_sizes(source: ImageFile, data: bytes) -> Iterator[Size]:
    """By the frames' places alone: the canvas grows with a frame that reaches beyond it."""
    width, height = source.size
    place = GIF_HEADER_BYTES + _palette_bytes(data[10])
    while (mark := GIF_MARK.search(data, place)) and mark.group() != GIF_END:
        place = mark.start()
        if mark.group() == GIF_FRAME:
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, place + 1)
            width, height = max(width, left + wide), max(height, top + high)
            yield width, height
            place = _behind_blocks(data, place + GIF_DESCRIPTOR_BYTES + _palette_bytes(flags) + 1)
        else:
            place = _behind_blocks(data, place + 2)


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 128 else 0


def _behind_blocks(data: bytes, place: int) -> int:
    while place < len(data) and data[place]:
        place += data[place] + 1
    return place + 1


SIZES: Mapping[str, Callable[[ImageFile, bytes], Iterator[Size]]] = {"GIF": _gif_sizes, "TIFF": _tiff_sizes}
