from pathlib import Path

import pytest

from translation.codec import decode, encode
from translation.translator import Translator
from translation.weights import load_bundle


@pytest.fixture(scope="module")
def translator(tiny_bundle: Path) -> Translator:
    return Translator(load_bundle(tiny_bundle), name="tiny")


@pytest.fixture
def photos(tmp_path: Path, photograph: bytes) -> Path:
    """Pictures in a tree, among them a corrupt one, and files that are none."""
    image = decode(photograph).image
    files = {
        "a.jpg": photograph,
        "a.png": encode(image, "PNG"),
        "corrupt.jpg": photograph[: len(photograph) // 2],
        "deep/er/b.webp": encode(image, "WEBP"),
        "deep/UPPER.JPG": photograph,
        "named wrongly.jpg": encode(image, "PNG"),
        "notes.txt": b"not a picture",
        "phone.heic": b"\0\0\0\x18ftypheic" + bytes(100),
        ".hidden.jpg": photograph,
        ".thumbnails/a.jpg": photograph,
    }
    for name, data in files.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "photos"
