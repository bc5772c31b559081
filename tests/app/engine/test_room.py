"""What a translation takes up counts before it does: the page that is meant, and what is drawn of it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
from httpx import Client
from PIL import Image

from app.engine import Device, Engine, EngineLimits
from app.engine.engine import MAX_DECODED_PIXELS
from app.engine.outlines import Outlines
from app.metrics import Metrics
from translation.codec import Limits
from translation.registry import Registry
from translation.translator import TranslationRequest

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
TIFF = {"Content-Type": "image/tiff"}


@pytest.fixture(scope="module")
def pages() -> bytes:
    """A TIFF, its second page the larger."""
    buffer = BytesIO()
    Image.new("L", (8, 8)).save(buffer, "TIFF", save_all=True, append_images=[Image.new("L", (90, 60))])
    return buffer.getvalue()


def test_the_pixels_of_the_page_that_is_meant_are_limited(serve: Serve, pages: bytes) -> None:
    with serve(max_output_pixels=90 * 60 * 2) as client:
        for headers in (TIFF, TIFF | {"Prefer": "respond-async"}):
            assert client.post(f"{URL}&frame=1&samples=2", content=pages, headers=headers).is_success
            refused = client.post(f"{URL}&frame=1&samples=3", content=pages, headers=headers)
            assert (refused.status_code, refused.json()["type"]) == (413, "too-many-pixels")


def test_pixels_that_are_drawn_are_limited_where_they_are_more_than_the_pictures(
    serve: Serve, photograph: bytes
) -> None:
    headers = {"Content-Type": "image/jpeg"}
    with serve(max_output_pixels=91 * 64 * 2) as client:
        assert client.post(f"{URL}&size=64&samples=2", content=photograph, headers=headers).is_success
        refused = client.post(f"{URL}&size=64&samples=3", content=photograph, headers=headers)
    assert refused.status_code == 413
    assert refused.json()["got"] == 91 * 64 * 3


@pytest.mark.parametrize(
    ("frame", "size", "samples", "pixels"),
    [(1, None, 1, 90 * 60 + 48 * 32), (0, None, 4, 8 * 8 + 4 * 32 * 32), (0, 64, 2, 8 * 8 + 2 * 64 * 64)],
)
def test_room_is_taken_for_the_page_and_for_all_that_is_drawn_of_it(
    tiny_bundle: Path, tmp_path: Path, pages: bytes, frame: int, size: int | None, samples: int, pixels: int
) -> None:
    async def translate(free: int) -> bool:
        """Whether it has to wait for room."""
        registry = Registry(tiny_bundle.parent, tmp_path)
        engine = Engine(registry, Device("cpu", 0, 1), EngineLimits(1, 1 << 20, Limits()), Metrics())
        request = TranslationRequest("zebra", process_size=size, frame=frame, samples=samples)
        outline = Outlines(registry, Limits()).get("tiny")
        async with engine._room.taken(MAX_DECODED_PIXELS - free), asyncio.timeout(60):
            translation = asyncio.create_task(engine._translate(outline, pages, request, Event()))
            while not (engine._room._turn.locked() or engine.waiting):
                await asyncio.sleep(0.01)
            translation.cancel()
            return not engine.waiting

    assert [asyncio.run(translate(free)) for free in (pixels - 1, pixels)] == [True, False]
